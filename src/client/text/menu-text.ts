import type { MenuItemView } from '../../ports/ordering-client.js';
import type { Paint } from './paint.js';
import { alignedTable } from './table.js';
import { pounds } from './values.js';

/** The menu for people: a block for each category, in the order of the menu. */
export function menuText(items: readonly MenuItemView[], paint: Paint): string {
  if (items.length === 0) return 'The menu is empty.';
  const categories = [...new Set(items.map(({ category }) => category))];
  // One table over all categories, so that their columns stand below each other.
  const table = alignedTable(
    [{ heading: '' }, { heading: '', align: 'right' }, { heading: '' }],
    categories.flatMap((category) => itemsOf(items, category).map((item) => row(item, paint))),
  ).split('\n');
  const lines: string[] = [];
  let at = 0;
  for (const category of categories) {
    if (lines.length > 0) lines.push('');
    lines.push(paint.strong(category === '' ? 'More' : category));
    for (const _ of itemsOf(items, category)) lines.push(`  ${table[at++] ?? ''}`);
  }
  return lines.join('\n');
}

/** What is special about the stock of an item: `sold out`, `3 left`; empty where unlimited. */
export function stockText(item: MenuItemView): string {
  if (item.stock === undefined) return '';
  return item.stock === 0 ? 'sold out' : `${item.stock} left`;
}

function itemsOf(items: readonly MenuItemView[], category: string): MenuItemView[] {
  return items.filter((item) => item.category === category);
}

function row(item: MenuItemView, paint: Paint): string[] {
  const stock = stockText(item);
  const remarks = [
    item.description,
    item.allergens.length === 0 ? '' : paint.faint(`(${item.allergens.join(', ')})`),
    stock === '' ? '' : paint.warning(`[${stock}]`),
  ];
  return [item.item, pounds(item.price_pence), remarks.filter((remark) => remark !== '').join(' ')];
}
