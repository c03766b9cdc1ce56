import type { MenuItemView, OrderLineView } from '../ports/ordering-client.js';
import { QUANTITY_MAX } from '../services/ordering/limits.js';

/** What a customer has chosen so far, each item once, in the order of choosing, at the prices they were shown. */
export type Basket = readonly OrderLineView[];

/** Sum of a basket in pence. */
export function basketTotal(basket: Basket): number {
  return basket.reduce((total, line) => total + line.quantity * line.price_pence, 0);
}

/** Adds portions of an item at the price that the menu shows now; at most 999 portions of one item. */
export function addToBasket(basket: Basket, item: MenuItemView, quantity: number): Basket {
  const present = basket.find((line) => line.item === item.item);
  const line = {
    item: item.item,
    quantity: Math.min(QUANTITY_MAX, (present?.quantity ?? 0) + quantity),
    price_pence: item.price_pence,
  };
  return present === undefined ? [...basket, line] : basket.map((other) => (other === present ? line : other));
}

/** Sets the portions of an item; 0 takes it out. */
export function changeQuantity(basket: Basket, item: string, quantity: number): Basket {
  if (quantity === 0) return basket.filter((line) => line.item !== item);
  return basket.map((line) => (line.item === item ? { ...line, quantity } : line));
}

/** How a line differs from the menu: another price, too few left, or no longer there. */
export type BasketDifference =
  | { readonly kind: 'price'; readonly item: string; readonly was: number; readonly now: number }
  | { readonly kind: 'stock'; readonly item: string; readonly wanted: number; readonly left: number }
  | { readonly kind: 'gone'; readonly item: string };

/** Everything in the basket that the menu no longer offers so; empty when it can be ordered as it is. */
export function differences(basket: Basket, menu: readonly MenuItemView[]): BasketDifference[] {
  const found: BasketDifference[] = [];
  for (const line of basket) {
    const { item } = line;
    const offered = menu.find((other) => other.item === item);
    if (offered === undefined) {
      found.push({ kind: 'gone', item });
      continue;
    }
    if (offered.price_pence !== line.price_pence)
      found.push({ kind: 'price', item, was: line.price_pence, now: offered.price_pence });
    if (offered.stock !== undefined && offered.stock < line.quantity)
      found.push({ kind: 'stock', item, wanted: line.quantity, left: offered.stock });
  }
  return found;
}

/** The basket brought in line with the menu: its prices, what is left of each item, what is gone left out. */
export function updatedBasket(basket: Basket, menu: readonly MenuItemView[]): Basket {
  return basket.flatMap((line) => {
    const offered = menu.find((other) => other.item === line.item);
    if (offered === undefined) return [];
    const quantity = Math.min(line.quantity, offered.stock ?? line.quantity);
    return quantity === 0 ? [] : [{ item: line.item, quantity, price_pence: offered.price_pence }];
  });
}
