import { toNormalised } from 'postcode';

/** A postcode as typed, read: `wellFormed` says whether it is written like one; `text` is as `PostcodeAnswer.normalised`. */
export interface Spelling {
  readonly wellFormed: boolean;
  readonly text: string;
}

const textCharactersMax = 16;

/** Reads what a person typed: case, spaces around it and before the last three characters do not matter. */
export function readSpelling(typed: string): Spelling {
  const trimmed = typed.trim();
  const canonical = toNormalised(trimmed);
  if (canonical !== null) return { wellFormed: true, text: canonical };
  return { wellFormed: false, text: shown(trimmed) };
}

/**
 * The beginning of a text that is no postcode, safe to show. It goes back to callers, terminals and logs, so what does
 * not print (control characters, halves of surrogate pairs, direction marks) is replaced. Upper-casing can lengthen a
 * text ('ß'), so the cut comes after it; the first cut only bounds the work.
 */
function shown(trimmed: string): string {
  const upper = trimmed.slice(0, textCharactersMax).toUpperCase().slice(0, textCharactersMax);
  return upper.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{FFFD}').trim();
}
