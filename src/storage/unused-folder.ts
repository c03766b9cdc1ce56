import type { FileSystem } from '../ports/file-system.js';
import { InspectionError, type FolderRow, type StoppedFolder } from '../ports/inspection.js';
import { holderOf } from './folder-lock.js';
import { searchFolder } from './folder-search.js';
import { openStoppedFolder } from './stopped-folder.js';

/** Reads the files of a folder of this machine that no process uses. Throws InspectionError for people. */
export function openUnusedFolder(fileSystem: FileSystem, folder: string): StoppedFolder {
  mustBeUnused(fileSystem, folder);
  return openStoppedFolder(fileSystem, folder);
}

/** The rows of such a folder in which a text stands. Throws InspectionError for people. */
export function searchUnusedFolder(fileSystem: FileSystem, folder: string, text: string): FolderRow[] {
  mustBeUnused(fileSystem, folder);
  return searchFolder(fileSystem, folder, text);
}

function mustBeUnused(fileSystem: FileSystem, folder: string): void {
  if (fileSystem.stat(folder) === undefined) throw new InspectionError(`there is no folder ${folder} on this machine`);
  const holder = holderOf(folder);
  if (holder !== undefined) throw new InspectionError(`the folder ${folder} is in use by ${holder}`);
}
