import { assert } from './assert.js';

/** Bytes of a row end, RFC 4180: CR LF. */
export const ROW_END = '\r\n';

const NEEDS_QUOTES = /[",\r\n]/;

/** One RFC 4180 field: quoted only where it must be, quotes doubled; the text comes back byte for byte. */
export function csvField(text: string): string {
  return text !== '' && NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One RFC 4180 row of `fields` with its CR LF. */
export function csvRow(fields: readonly (string | number)[]): string {
  let row = '';
  for (let index = 0; index < fields.length; index++) {
    if (index > 0) row += ',';
    const field = fields[index];
    row += typeof field === 'string' ? csvField(field) : String(field ?? '');
  }
  return row + ROW_END;
}

/** What `scanCsvRow` found: the fields and the byte after the row's end, or why there is no row. */
export type ScannedRow =
  | { kind: 'row'; fields: string[]; end: number }
  | { kind: 'end' }
  | { kind: 'torn' }
  | { kind: 'broken'; column: number; reason: string };

const COMMA = 0x2c;
const QUOTE = 0x22;
const CR = 0x0d;
const LF = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function isAscii(bytes: Buffer, from: number, to: number): boolean {
  let seen = 0;
  for (let at = from; at < to; at++) seen |= bytes[at] as number;
  return seen < 0x80;
}

function decode(bytes: Buffer, from: number, to: number): string | undefined {
  // The decoder costs several times as much, and ASCII is the rule.
  if (isAscii(bytes, from, to)) return bytes.toString('latin1', from, to);
  try {
    return utf8.decode(bytes.subarray(from, to));
  } catch {
    return undefined;
  }
}

/**
 * Reads the RFC 4180 row that starts at byte `start`. Strict: rows end in CR LF, a quote stands only
 * around a whole field or doubled inside one, the text is valid UTF-8. `end` at the end of the bytes; `torn` when the
 * bytes stop inside the row; `broken` with the 1-based column and the reason otherwise.
 */
export function scanCsvRow(of: Uint8Array, start: number): ScannedRow {
  const bytes = Buffer.isBuffer(of) ? of : Buffer.from(of.buffer, of.byteOffset, of.byteLength);
  assert(start >= 0 && start <= bytes.length, 'a row starts inside its file');
  if (start === bytes.length) return { kind: 'end' };
  const fields: string[] = [];
  let at = start;
  for (;;) {
    const column = fields.length + 1;
    let text: string | undefined;
    if (bytes[at] === QUOTE) {
      let hasDoubled = false;
      let close = at + 1;
      for (;;) {
        close = bytes.indexOf(QUOTE, close);
        if (close === -1 || close + 1 >= bytes.length) return { kind: 'torn' };
        if (bytes[close + 1] !== QUOTE) break;
        hasDoubled = true;
        close += 2;
      }
      text = decode(bytes, at + 1, close);
      if (text !== undefined && hasDoubled) text = text.replaceAll('""', '"');
      at = close + 1;
    } else {
      const from = at;
      for (;;) {
        if (at >= bytes.length) return { kind: 'torn' };
        const byte = bytes[at];
        if (byte === COMMA || byte === CR || byte === LF) break;
        if (byte === QUOTE) return { kind: 'broken', column, reason: 'a quote inside a field that is not quoted' };
        at++;
      }
      text = decode(bytes, from, at);
    }
    if (text === undefined) return { kind: 'broken', column, reason: 'not valid UTF-8' };
    fields.push(text);
    if (at >= bytes.length) return { kind: 'torn' };
    if (bytes[at] === COMMA) {
      at++;
      continue;
    }
    if (bytes[at] === CR) {
      if (at + 1 >= bytes.length) return { kind: 'torn' };
      if (bytes[at + 1] === LF) return { kind: 'row', fields, end: at + 2 };
    }
    return { kind: 'broken', column, reason: 'a comma or the end of the row (CR LF) is missing after the field' };
  }
}
