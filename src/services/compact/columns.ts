/** Typed arrays that serve as columns of an in-memory table. */
export type Column = Uint8Array | Int32Array | Uint32Array;

const GROWTH = 1.5;

/**
 * The column with room for `needed` values, copied into a larger one when there is none. Grows by half, so that at most
 * a third of the memory stands empty.
 */
export function withRoom<C extends Column>(column: C, needed: number): C {
  if (needed <= column.length) return column;
  const length = Math.max(needed, Math.ceil(column.length * GROWTH));
  const Constructor = column.constructor as new (length: number) => C;
  const larger = new Constructor(length);
  larger.set(column);
  return larger;
}
