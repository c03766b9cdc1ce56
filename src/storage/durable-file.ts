import path from 'node:path';
import type { FileSystem, OpenFile } from '../ports/file-system.js';

/** Ends the name of a file that is being written beside the one it will replace. */
export const BESIDE_SUFFIX = '.new';

/** Writes a whole file and its content to the disk; its name is durable only after an fsync of the folder. */
export async function writeWhole(fileSystem: FileSystem, file: string, bytes: Uint8Array): Promise<void> {
  const open = fileSystem.open(file, true);
  try {
    open.truncate(0);
    await open.writeAsync(0, bytes);
    await open.sync();
  } finally {
    open.close();
  }
}

/** Replaces a file whole and durably: after a crash it holds either the old or the new content, never a mixture. */
export async function replaceDurably(
  fileSystem: FileSystem,
  folder: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const beside = path.join(folder, name + BESIDE_SUFFIX);
  await writeWhole(fileSystem, beside, bytes);
  fileSystem.rename(beside, path.join(folder, name));
  await fileSystem.syncFolder(folder);
}

/** Fsyncs the content of a file that exists. */
export async function syncFile(fileSystem: FileSystem, file: string): Promise<void> {
  const open = fileSystem.open(file, false);
  try {
    await open.sync();
  } finally {
    open.close();
  }
}

const CHUNK_BYTES = 1024 * 1024;

/** Gives bytes [0, length) of an open file to `use`, a megabyte at a time; returns how many there were. */
export function forEachChunk(open: OpenFile, length: number, use: (bytes: Uint8Array) => void): number {
  let offset = 0;
  while (offset < length) {
    const bytes = open.read(offset, Math.min(CHUNK_BYTES, length - offset));
    if (bytes.length === 0) break;
    use(bytes);
    offset += bytes.length;
  }
  return offset;
}
