import { assert } from '../../base/assert.js';
import type { CommittedState } from './committed-state.js';
import { Menu } from './menu.js';
import { InvalidFileError, MENU_FILE, MOTD_FILE, parseMenu, parseMotd } from './menu-file.js';
import type { MenuItem } from './requests.js';
import { isMenuItem } from './updates.js';

/** Menu and message of the day have this version after the founding entry. */
const FOUNDING_VERSION = 1;

interface Seed {
  readonly menu: readonly MenuItem[];
  readonly motd: string;
}

/** The seed of a new cluster: the menu and message of the day in this folder. Throws InvalidFileError. */
export function seedOf({ menuDocument, motdDocument }: CommittedState): string {
  const seed: Seed = { menu: parseMenu(menuDocument.read()), motd: parseMotd(motdDocument.read()) };
  return JSON.stringify(seed);
}

/**
 * Applies the seed. Returns the names of documents here that said something else; one that was not there, or that was
 * only written in another way (line ends, blanks), is not named.
 */
export function foundState(state: CommittedState, text: string, op: number): string[] {
  assert(state.menuVersion === 0, 'a cluster is founded once');
  const value: unknown = JSON.parse(text);
  assert(isSeed(value), 'a founding entry holds a menu and a message of the day');
  const menuBefore = state.menuDocument.read();
  const motdBefore = state.motdDocument.read();
  state.op = op;
  state.setMenu(value.menu, FOUNDING_VERSION);
  state.setMotd(value.motd, FOUNDING_VERSION);
  const replaced: string[] = [];
  if (menuBefore !== '' && canonical(menuBefore) !== state.menu.render()) replaced.push(MENU_FILE);
  if (motdBefore !== '' && motdBefore !== value.motd && motdBefore !== `\ufeff${value.motd}`) replaced.push(MOTD_FILE);
  return replaced;
}

function canonical(menuText: string): string | undefined {
  try {
    return new Menu(parseMenu(menuText)).render();
  } catch (error) {
    if (error instanceof InvalidFileError) return undefined;
    throw error;
  }
}

function isSeed(value: unknown): value is Seed {
  if (typeof value !== 'object' || value === null) return false;
  const { menu, motd } = value as Partial<Seed>;
  return Array.isArray(menu) && menu.every(isMenuItem) && typeof motd === 'string';
}
