import type { MenuItemView, OrderLineView } from '../ports/ordering-client.js';
import { QUANTITY_MAX } from '../services/ordering/limits.js';
import { CommandFailedError, UsageError } from './command-error.js';

const WITH_QUANTITY = /^(.+)=([^=]*)$/su;

/**
 * The lines that `ITEM[=N]` arguments name, at the menu's prices. A name that stands on the menu as it is needs no number;
 * case does not matter where it tells no items apart. An item named twice is one line. Throws UsageError for a quantity
 * that cannot be, CommandFailedError for a name that is not on the menu.
 */
export function linesFromArguments(items: readonly string[], menu: readonly MenuItemView[]): OrderLineView[] {
  const quantities = new Map<MenuItemView, number>();
  for (const argument of items) {
    const whole = itemNamed(argument, menu);
    const [, name = argument, number] = whole === undefined ? (WITH_QUANTITY.exec(argument) ?? []) : [];
    const item = whole ?? itemNamed(name, menu);
    if (item === undefined)
      throw new CommandFailedError(
        `Nothing was ordered: ${name} is not on the menu; 'just-hungry menu' shows what is.`,
      );
    quantities.set(item, (quantities.get(item) ?? 0) + quantityOf(argument, number));
  }
  return [...quantities].map(([item, quantity]) => ({ item: item.item, quantity, price_pence: item.price_pence }));
}

function itemNamed(name: string, menu: readonly MenuItemView[]): MenuItemView | undefined {
  const exact = menu.find(({ item }) => item === name);
  if (exact !== undefined) return exact;
  const alike = menu.filter(({ item }) => item.toLowerCase() === name.trim().toLowerCase());
  return alike.length === 1 ? alike[0] : undefined;
}

function quantityOf(argument: string, number: string | undefined): number {
  if (number === undefined) return 1;
  const quantity = Number(number);
  if (/^[0-9]{1,9}$/.test(number) && quantity >= 1 && quantity <= QUANTITY_MAX) return quantity;
  throw new UsageError(`${argument}: the quantity is ${JSON.stringify(number)}; allowed: 1 to ${QUANTITY_MAX}.`);
}
