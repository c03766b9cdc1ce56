/** Typed arrays that serve as columns of an in-memory table. */
export type Column = Uint8Array | Int32Array | Uint32Array;

/** A column grows by half, and by an eighth once it is large: memory that stands empty is then worth more than copying. */
const GROWTH = 1.5;
const GROWTH_WHEN_LARGE = 1.125;
const LARGE = 1 << 18;

/** Room to be made at once for so many values: a little more, so that the next one does not move them all. */
export const roomFor = (count: number): number => Math.ceil(count * 1.03) + 64;

/** The column with room for `needed` values, copied into a larger one when there is none. */
export function withRoom<C extends Column>(column: C, needed: number): C {
  if (needed <= column.length) return column;
  const length = Math.max(needed, Math.ceil(column.length * (column.length < LARGE ? GROWTH : GROWTH_WHEN_LARGE)));
  const Constructor = column.constructor as new (length: number) => C;
  const larger = new Constructor(length);
  larger.set(column);
  return larger;
}
