/** What a file system says of a file; `undefined` from `stat` when there is none. */
export interface FileStat {
  readonly bytes: number;
  readonly inode: number;
  readonly links: number;
  readonly modifiedMs: number;
  readonly changedMs: number;
}

/**
 * The file system as storage uses it: node:fs, or the simulator's disk. Synchronous calls serve start-up and the tables;
 * the promises serve what must be durable while the replica goes on. Errors are Node's, with `code` (ENOSPC, EIO, …).
 */
export interface FileSystem {
  stat(path: string): FileStat | undefined;
  /** Names in a folder, sorted; empty when there is none. */
  list(folder: string): string[];
  readFile(path: string): Uint8Array;
  makeFolder(folder: string): void;
  /** Opens for reading and writing; creates the file when `create`, else throws ENOENT. */
  open(path: string, create: boolean): OpenFile;
  rename(from: string, to: string): void;
  /** Removes a file, or a folder with all that is in it; nothing happens when there is none. */
  remove(path: string): void;
  /** fsync of a folder: makes creations, renames and removals in it durable. */
  syncFolder(folder: string): Promise<void>;
  /** Takes the exclusive lock of a folder for this process; `holder` says who, when another has it. */
  lockFolder(folder: string): { release(): void } | { holder: string };
  /** Bytes that can still be written in this folder. */
  freeBytes(folder: string): number;
}

/** A file that is open. Offsets and lengths in bytes. */
export interface OpenFile {
  readonly path: string;
  stat(): FileStat;
  /** Reads up to `length` bytes; fewer only at the end of the file. */
  read(offset: number, length: number): Uint8Array;
  /** As `read`, without blocking the process. */
  readAsync(offset: number, length: number): Promise<Uint8Array>;
  /** Writes all bytes; not durable until `sync`. */
  write(offset: number, bytes: Uint8Array): void;
  truncate(length: number): void;
  /** Writes all bytes without blocking the process. */
  writeAsync(offset: number, bytes: Uint8Array): Promise<void>;
  /** fdatasync. When it fails nothing written since the last success may be trusted (rule 10). */
  sync(): Promise<void>;
  close(): void;
}
