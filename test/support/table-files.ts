import { readFileSync } from 'node:fs';
import path from 'node:path';
import { rowsOf, type FolderFiles, type TableRow } from '../../src/operations/drill/tables.js';

export { EQUAL_TABLES, type TableRow } from '../../src/operations/drill/tables.js';

/** A folder on disk as the judge reads it. */
export const folderFiles = (folder: string): FolderFiles => ({ name: folder, read: (name) => readFile(folder, name) });

/** Reads a table of a replica's folder as a spreadsheet would; empty when there is no such file. */
export const readTable = (folder: string, name: string): TableRow[] => rowsOf(folderFiles(folder), name);

/** The bytes of a file of a folder; `undefined` when there is none. */
export function readFile(folder: string, name: string): Buffer | undefined {
  try {
    return readFileSync(path.join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
