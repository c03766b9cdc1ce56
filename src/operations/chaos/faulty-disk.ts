import type { FileSystem, OpenFile } from '../../ports/file-system.js';
import type { Timers } from '../../ports/machine.js';
import type { FaultBook } from './fault-book.js';

/** A file system that is full or slow, as the faults say. What lies within a file can be written on a full disk too. */
export function faultyFileSystem(inner: FileSystem, faults: FaultBook, timers: Timers): FileSystem {
  const isFull = (): boolean => faults.find('diskFull') !== undefined;
  const dawdle = async (): Promise<void> => {
    const ms = faults.find('slowDisk')?.ms ?? 0;
    if (ms > 0) await new Promise<void>((resolve) => void timers.after(ms, resolve));
  };
  return {
    stat: (path) => inner.stat(path),
    list: (folder) => inner.list(folder),
    readFile: (path) => inner.readFile(path),
    makeFolder: (folder) => inner.makeFolder(folder),
    open: (path, create) => faultyFile(inner.open(path, create), isFull, dawdle),
    rename: (from, to) => inner.rename(from, to),
    remove: (path) => inner.remove(path),
    async syncFolder(folder) {
      await dawdle();
      await inner.syncFolder(folder);
    },
    lockFolder: (folder) => inner.lockFolder(folder),
    freeBytes: (folder) => (isFull() ? 0 : inner.freeBytes(folder)),
  };
}

function faultyFile(inner: OpenFile, isFull: () => boolean, dawdle: () => Promise<void>): OpenFile {
  const assertRoom = (end: number): void => {
    if (!isFull() || end <= inner.stat().bytes) return;
    const error = new Error(`ENOSPC: no space left on device, write '${inner.path}' (on purpose)`);
    throw Object.assign(error, { code: 'ENOSPC', syscall: 'write' });
  };
  return {
    path: inner.path,
    stat: () => inner.stat(),
    read: (offset, length) => inner.read(offset, length),
    readAsync: (offset, length) => inner.readAsync(offset, length),
    write(offset, bytes) {
      assertRoom(offset + bytes.length);
      inner.write(offset, bytes);
    },
    truncate: (length) => inner.truncate(length),
    async writeAsync(offset, bytes) {
      assertRoom(offset + bytes.length);
      await inner.writeAsync(offset, bytes);
    },
    async sync() {
      await dawdle();
      await inner.sync();
    },
    close: () => inner.close(),
  };
}
