import { rowsOf, type FolderFiles } from './tables.js';

/**
 * Holds what was sold of limited dishes against what there was and what the menu says is left. `initial`: portions by dish before
 * the first order. Orders that were cancelled or rejected before they were prepared give their portions back. Returns what is
 * wrong, in words; what was sold twice begins with OVERSOLD, portions that vanished with STOCK LOST.
 */
export function wrongStock(initial: ReadonlyMap<string, number>, folder: FolderFiles): string[] {
  const statuses = new Map<string, string>();
  for (const { fields } of rowsOf(folder, 'order-status.csv'))
    statuses.set(fields['order_id'] ?? '', fields['status'] ?? '');
  const sold = new Map<string, number>();
  for (const { fields } of rowsOf(folder, 'orders.csv')) {
    const status = statuses.get(fields['order_id'] ?? '');
    if (status === 'cancelled' || status === 'rejected') continue;
    const item = fields['item'] ?? '';
    sold.set(item, (sold.get(item) ?? 0) + Number(fields['quantity']));
  }
  const left = new Map(rowsOf(folder, 'menu.csv').map(({ fields }) => [fields['item'], Number(fields['stock'])]));
  return [...initial].flatMap(([item, had]) => {
    const gone = sold.get(item) ?? 0;
    const told = left.get(item) ?? 0;
    if (gone > had) return [`OVERSOLD: ${gone} of ${had} portions of ${item} were sold`];
    if (told > had - gone) return [`OVERSOLD: ${told} portions of ${item} are for sale, ${had - gone} are left`];
    return told < had - gone ? [`STOCK LOST: ${told} portions of ${item} are for sale, ${had - gone} are left`] : [];
  });
}
