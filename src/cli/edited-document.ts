import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Damage } from '../ports/storage.js';
import { InvalidFileError, MENU_FILE, MOTD_FILE, parseMenu, parseMotd } from '../services/ordering/menu-file.js';

/**
 * What to do about a file that somebody had edited in a replica's folder: the command that would make it the cluster's, or why
 * it cannot be. `undefined` for damage of which nothing was kept.
 */
export function adviceOn({ file, kept }: Damage, folder: string): string | undefined {
  if (kept === undefined) return undefined;
  const place = path.join(folder, kept);
  try {
    // Strict, as the import is.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(place));
    if (file === MENU_FILE) {
      parseMenu(text);
      return `to make it the menu: just-hungry menu import ${quoted(place)}`;
    }
    if (file !== MOTD_FILE) return `it is kept as ${place}`;
    parseMotd(text);
    return `to make it the message of the day: just-hungry motd set "$(cat ${quoted(place)})"`;
  } catch (error) {
    const why = error instanceof InvalidFileError ? error.detail : String((error as Error).message);
    return `it is kept as ${place} and cannot be taken as it is: ${why}`;
  }
}

/** For a POSIX shell. */
const quoted = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
