import type { FileSystem } from '../ports.js';
import { InspectionError, type StoppedFolder } from '../ports/inspection.js';
import { holderOf } from './folder-lock.js';
import { openStoppedFolder } from './stopped-folder.js';

/** Reads the files of a folder of this machine that no process uses. Throws InspectionError for people. */
export function openUnusedFolder(fileSystem: FileSystem, folder: string): StoppedFolder {
  if (fileSystem.stat(folder) === undefined) throw new InspectionError(`there is no folder ${folder} on this machine`);
  const holder = holderOf(folder);
  if (holder !== undefined) throw new InspectionError(`the folder ${folder} is in use by ${holder}`);
  return openStoppedFolder(fileSystem, folder);
}
