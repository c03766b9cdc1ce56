import fs from 'node:fs';
import { promisify } from 'node:util';
import type { FileStat, FileSystem, OpenFile } from '../ports/file-system.js';
import { errorCode } from './errors.js';
import { lockFolder } from './folder-lock.js';

const readChunk = promisify(fs.read);
const writeChunk = promisify(fs.write);
const fdatasync = promisify(fs.fdatasync);
const fsync = promisify(fs.fsync);

/** The disk of this machine, through node:fs, without anybody who counts. */
export const nodeFileSystem: FileSystem = createNodeFileSystem();

/** The disk of this machine, through node:fs. `onSync` is told how long each fdatasync took that succeeded, ms. */
export function createNodeFileSystem(onSync?: (ms: number) => void): FileSystem {
  return {
    stat(path) {
      const stat = fs.statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? undefined : statOf(stat);
    },
    list(folder) {
      try {
        return fs.readdirSync(folder).sort();
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return [];
        throw error;
      }
    },
    readFile: (path) => fs.readFileSync(path),
    makeFolder(folder) {
      fs.mkdirSync(folder, { recursive: true });
    },
    open(path, create) {
      const flags = fs.constants.O_RDWR | (create ? fs.constants.O_CREAT : 0);
      return new NodeFile(path, fs.openSync(path, flags, 0o644), onSync);
    },
    rename: (from, to) => fs.renameSync(from, to),
    remove: (path) => fs.rmSync(path, { recursive: true, force: true }),
    async syncFolder(folder) {
      const descriptor = fs.openSync(folder, fs.constants.O_RDONLY);
      try {
        await fsync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
    },
    lockFolder,
    freeBytes(folder) {
      const stat = fs.statfsSync(folder);
      return stat.bavail * stat.bsize;
    },
  };
}

class NodeFile implements OpenFile {
  constructor(
    readonly path: string,
    readonly descriptor: number,
    readonly onSync: ((ms: number) => void) | undefined,
  ) {}

  stat(): FileStat {
    return statOf(fs.fstatSync(this.descriptor));
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const read = fs.readSync(this.descriptor, bytes, done, length - done, offset + done);
      if (read === 0) break;
      done += read;
    }
    return bytes.subarray(0, done);
  }

  async readAsync(offset: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await readChunk(this.descriptor, bytes, done, length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  }

  write(offset: number, bytes: Uint8Array): void {
    let done = 0;
    while (done < bytes.length) {
      done += fs.writeSync(this.descriptor, bytes, done, bytes.length - done, offset + done);
    }
  }

  truncate(length: number): void {
    fs.ftruncateSync(this.descriptor, length);
  }

  async writeAsync(offset: number, bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const { bytesWritten } = await writeChunk(this.descriptor, bytes, done, bytes.length - done, offset + done);
      done += bytesWritten;
    }
  }

  async sync(): Promise<void> {
    const begunMs = performance.now();
    await fdatasync(this.descriptor);
    this.onSync?.(performance.now() - begunMs);
  }

  close(): void {
    fs.closeSync(this.descriptor);
  }
}

function statOf(stat: fs.Stats): FileStat {
  return {
    bytes: stat.size,
    inode: stat.ino,
    links: stat.nlink,
    modifiedMs: stat.mtimeMs,
    changedMs: stat.ctimeMs,
  };
}
