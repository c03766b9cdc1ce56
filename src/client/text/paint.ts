import picocolors from 'picocolors';

/** Colours for people; every function gives its text back unchanged where colours are off. */
export interface Paint {
  strong(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  warning(text: string): string;
  bad(text: string): string;
}

/** Colours when `isColoured`: the caller decides by its terminal. */
export function createPaint(isColoured: boolean): Paint {
  const colors = picocolors.createColors(isColoured);
  return { strong: colors.bold, faint: colors.dim, good: colors.green, warning: colors.yellow, bad: colors.red };
}

/** No colours: pipes, files, tests. */
export const plainPaint: Paint = createPaint(false);
