/** Dishes of a drill of which there is only so much; some run out within seconds, one never does. */
export const DRILL_STOCK: ReadonlyMap<string, number> = new Map([
  ['Gone at once', 25],
  ['Gone soon', 300],
  ['Gone later', 3_000],
  ['Plenty', 1_000_000],
]);

const dish = (name: string, price: string, stock: number | ''): string => `${name},${price},Drill,,,${stock}`;

/** The menu of a drill, as menu.csv. */
export const DRILL_MENU = [
  'item,price,category,description,allergens,stock',
  dish('Soup', '3.50', ''),
  dish('Curry', '7.25', ''),
  dish('Bread', '1.95', ''),
  ...[...DRILL_STOCK].map(([name, stock]) => dish(name, '5.00', stock)),
  '',
].join('\r\n');
