import { present } from '../../base/assert.js';
import { MENU_HEADER, rowOfMenuItem } from './menu-file.js';
import type { MenuItem } from './requests.js';

/** A menu in memory: items by name, their stock, and the text of menu.csv, of which a sale renders one row anew. */
export class Menu {
  readonly #items: MenuItem[];
  readonly #rows: (string | undefined)[];
  readonly #places = new Map<string, number>();

  constructor(items: readonly MenuItem[]) {
    this.#items = [...items];
    this.#rows = items.map(() => undefined);
    for (const [place, { item }] of items.entries()) this.#places.set(item, place);
  }

  /** Items on the menu. */
  get count(): number {
    return this.#items.length;
  }

  /** Items in the order of menu.csv. */
  items(): MenuItem[] {
    return [...this.#items];
  }

  /** An item by name; `undefined` when it is not on the menu. */
  find(item: string): MenuItem | undefined {
    const place = this.#places.get(item);
    return place === undefined ? undefined : this.#items[place];
  }

  /** Sets the portions left of an item that has limited stock. */
  setStock(item: string, left: number): void {
    const place = present(this.#places.get(item), 'stock changes for items on the menu');
    this.#items[place] = { ...present(this.#items[place], 'a place on the menu is taken'), stock: left };
    this.#rows[place] = undefined;
  }

  /** The text of menu.csv. */
  render(): string {
    for (const [place, item] of this.#items.entries()) this.#rows[place] ??= rowOfMenuItem(item);
    return MENU_HEADER + this.#rows.join('');
  }
}
