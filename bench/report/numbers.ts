import { median, spread } from '../statistics.js';

/** A number with so many decimals; a dash where there is none. */
export const digits = (value: number, decimals: number): string =>
  Number.isFinite(value) ? value.toFixed(decimals) : '–';

/** Median, with the extremes where there is more than one value. */
export function medianText(values: readonly number[], decimals: number): string {
  const [low, high] = spread(values);
  const range = values.length > 1 ? ` (${digits(low, decimals)}…${digits(high, decimals)})` : '';
  return digits(median(values), decimals) + range;
}
