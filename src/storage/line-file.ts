import path from 'node:path';
import type { FileSystem } from '../ports/file-system.js';
import type { LineFile } from '../ports/events.js';

/** At this size a file makes place for a new one; the one before is kept. */
const BYTES_MAX = 1 << 20;
/** Lines that wait for room on the disk; beyond, the oldest go. */
const WAITING_MAX = 1_000;
const NEW_LINE = 10;

/** Settings of `openLineFile`. */
export interface LineFileOptions {
  /** Default 1 MiB. */
  readonly bytesMax?: number;
}

/**
 * A file of lines in `folder/logs`, with the one before it (`NAME.1.EXTENSION`): two times 1 MiB at most. Nothing trusts it: it is
 * never fsynced, it may be deleted at any time, a line torn by a kill is passed over, and what finds no room waits in memory.
 * A start does not take `logs` for a trace of an earlier life of the replica (load-folder.ts).
 */
export function openLineFile(
  fileSystem: FileSystem,
  folder: string,
  name: string,
  { bytesMax = BYTES_MAX }: LineFileOptions = {},
): LineFile {
  const place = path.join(folder, 'logs');
  const { name: stem, ext } = path.parse(name);
  const current = path.join(place, name);
  const before = path.join(place, `${stem}.1${ext}`);
  const waiting: string[] = [];
  let writing: Promise<void> | undefined;

  /** Writes what waits, until nothing does or it cannot be written now. */
  async function write(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const lines = [...waiting];
        await append(lines);
        // Some may have been dropped meanwhile, for want of place.
        const last = waiting.lastIndexOf(lines.at(-1) ?? '');
        waiting.splice(0, last + 1);
      }
    } catch {
      // A full disk, a folder that is gone: the next line tries again.
    } finally {
      writing = undefined;
    }
  }

  async function append(lines: readonly string[]): Promise<void> {
    // A replica's folder that was removed must not come back by this.
    if (fileSystem.stat(folder) === undefined) return;
    fileSystem.makeFolder(place);
    if ((fileSystem.stat(current)?.bytes ?? 0) >= bytesMax) fileSystem.rename(current, before);
    const file = fileSystem.open(current, true);
    try {
      const { bytes } = file.stat();
      const isTorn = bytes > 0 && file.read(bytes - 1, 1)[0] !== NEW_LINE;
      const text = `${isTorn ? '\n' : ''}${lines.join('\n')}\n`;
      try {
        await file.writeAsync(bytes, Buffer.from(text));
      } catch (error) {
        file.truncate(bytes);
        throw error;
      }
    } finally {
      file.close();
    }
  }

  return {
    lines: [...linesOf(fileSystem, before), ...linesOf(fileSystem, current)],
    append(line) {
      waiting.push(line);
      if (waiting.length > WAITING_MAX) waiting.shift();
      writing ??= write();
    },
    async idle() {
      await writing;
    },
  };
}

function linesOf(fileSystem: FileSystem, file: string): string[] {
  try {
    if (fileSystem.stat(file) === undefined) return [];
    return Buffer.from(fileSystem.readFile(file))
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
