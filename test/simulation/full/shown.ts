/** A value in a violation's text, cut to what a line bears. */
export const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 300);
