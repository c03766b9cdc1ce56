import { checkHistory as check } from '../../src/operations/drill/check-history.js';
import type { History } from '../../src/operations/drill/history.js';
import { folderFiles } from './table-files.js';

/** As the drill's `checkHistory`, of folders by their paths. */
export const checkHistory = (history: History, folders: readonly string[]): string[] =>
  check(history, folders.map(folderFiles));
