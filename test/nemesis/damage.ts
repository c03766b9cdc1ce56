import { closeSync, fstatSync, ftruncateSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Prng } from '../simulation/prng.js';

/** Everything in a replica's folder that holds something, by path relative to it; locks are not among them. */
export function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('lock-') && !/\.new/.test(entry.name))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter((name) => !/^(?:damaged|incoming|install-)/.test(name))
    .sort();
}

/** Removes everything, as a new disk in the place of the old one. */
export function wipe(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true, force: true });
}

/** Flips one bit somewhere in a file; says which. An empty file stays as it is. */
export function flipBit(file: string, chance: Prng): string {
  return changed(file, (handle, bytes) => {
    const offset = chance.between(0, bytes - 1);
    const byte = Buffer.alloc(1);
    readSync(handle, byte, 0, 1, offset);
    byte.writeUInt8(byte.readUInt8() ^ (1 << chance.between(0, 7)));
    writeSync(handle, byte, 0, 1, offset);
    return `a bit of byte ${offset} of ${bytes} flipped`;
  });
}

/** Cuts off the end of a file; says how much. An empty file stays as it is. */
export function truncate(file: string, chance: Prng): string {
  return changed(file, (handle, bytes) => {
    const left = chance.between(0, bytes - 1);
    ftruncateSync(handle, left);
    return `cut to ${left} of ${bytes} bytes`;
  });
}

function changed(file: string, change: (handle: number, bytes: number) => string): string {
  const handle = openSync(file, 'r+');
  try {
    const { size } = fstatSync(handle);
    return size === 0 ? 'empty, left as it is' : change(handle, size);
  } finally {
    closeSync(handle);
  }
}
