import path from 'node:path';
import type { FileSystem } from '../ports/file-system.js';

/** Where files go that were found damaged, for people. What an earlier damage left there under the same name goes. */
export const DAMAGED_FOLDER = 'damaged';

/** Moves a file or folder aside, under the last part of its name. A rename: it need not be readable, nor what its name says. */
export function moveAside(fileSystem: FileSystem, folder: string, name: string): void {
  const from = path.join(folder, name);
  if (fileSystem.stat(from) === undefined) return;
  const aside = path.join(folder, DAMAGED_FOLDER);
  fileSystem.makeFolder(aside);
  const to = path.join(aside, path.basename(name));
  fileSystem.remove(to);
  fileSystem.rename(from, to);
}
