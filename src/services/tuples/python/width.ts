/** How many characters a part of a pattern takes, as Python counts them before matching: what a lookbehind must have one of. */
export interface Width {
  readonly min: number;
  /** Infinity: any number. */
  readonly max: number;
}

export const NO_WIDTH: Width = { min: 0, max: 0 };
export const ONE_WIDTH: Width = { min: 1, max: 1 };

/** Of one part after the other. */
export function sumOfWidths(widths: readonly Width[]): Width {
  return widths.reduce((sum, { min, max }) => ({ min: sum.min + min, max: sum.max + max }), NO_WIDTH);
}

/** Of one part or the other; there is at least one. */
export function unionOfWidths(widths: readonly Width[]): Width {
  return { min: Math.min(...widths.map(({ min }) => min)), max: Math.max(...widths.map(({ max }) => max)) };
}

/** Of a part that is repeated. */
export function repeatedWidth({ min, max }: Width, least: number, most: number): Width {
  return { min: min * least, max: max === 0 ? 0 : most === 0 ? 0 : max * most };
}
