import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes a folder and its parents; returns those that were missing, outermost first. Throws Node's error. Not `recursive: true`:
 * that never returns where the system answers ENOENT below a folder that is there (/proc).
 */
export function makeFolder(folder: string, mode = 0o777): string[] {
  if (existsSync(folder)) return [];
  const parent = path.dirname(folder);
  const made = parent === folder ? [] : makeFolder(parent, mode);
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return [...made, folder];
}
