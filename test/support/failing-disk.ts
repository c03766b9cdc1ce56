import { cpSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';

const SOURCE = path.resolve(import.meta.dirname, 'failing-fsync.c');

/** A library that makes fsync fail in the processes that load it, when asked to. */
export interface FailingFsync {
  /** What a process is started with; `name` tells its disk from others. */
  environment(name: string): Readonly<Record<string, string>>;
  /** From now on every fsync of that disk fails. */
  fail(name: string, code: 'EIO' | 'ENOSPC'): void;
  /** From now on they succeed again. */
  heal(name: string): void;
  dispose(): void;
}

/** `undefined` where there is no C compiler or no way to load a library first. */
export function buildFailingFsync(): FailingFsync | undefined {
  if (process.platform !== 'linux') return undefined;
  const folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-fsync-'));
  const library = path.join(folder, 'failing-fsync.so');
  const built = execaSync('gcc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl'], { reject: false });
  if (built.failed) {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  const switchOf = (name: string): string => path.join(folder, name);
  return {
    environment: (name) => ({ LD_PRELOAD: library, FAILING_FSYNC: switchOf(name) }),
    fail(name, code) {
      // Beside and renamed: it is read at every fsync.
      writeFileSync(`${switchOf(name)}.new`, String(constants.errno[code]));
      renameSync(`${switchOf(name)}.new`, switchOf(name));
    },
    heal: (name) => rmSync(switchOf(name), { force: true }),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A folder whose content lies on a small file system of its own. */
export interface SmallDisk {
  /** Takes all the room that is left. */
  fill(): void;
  /** Gives it back. */
  makeRoom(): void;
  /** Puts the content back on the disk it came from; no process may use it. */
  remove(): void;
}

const FILLER = 'filler.log';

/** Puts a folder's content on a file system of so many bytes; `undefined` where this user may not mount one. */
export function putOnSmallDisk(folder: string, bytes: number): SmallDisk | undefined {
  const aside = `${folder}-aside`;
  cpSync(folder, aside, { recursive: true, preserveTimestamps: true });
  const mounted = execaSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], { reject: false });
  const move = (from: string, to: string): void => {
    for (const name of readdirSync(from))
      if (name !== FILLER)
        cpSync(path.join(from, name), path.join(to, name), { recursive: true, preserveTimestamps: true });
  };
  if (mounted.failed) {
    rmSync(aside, { recursive: true });
    return undefined;
  }
  move(aside, folder);
  const filler = path.join(folder, FILLER);
  return {
    fill() {
      for (let size = 1 << 20; size >= 1;) {
        try {
          writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
          if (statfsSync(folder).bavail === 0) return;
        } catch {
          size = Math.floor(size / 2);
        }
      }
    },
    makeRoom: () => rmSync(filler, { force: true }),
    remove() {
      if (existsSync(aside)) rmSync(aside, { recursive: true });
      cpSync(folder, aside, { recursive: true, preserveTimestamps: true });
      execaSync('umount', [folder]);
      rmSync(folder, { recursive: true });
      renameSync(aside, folder);
    },
  };
}
