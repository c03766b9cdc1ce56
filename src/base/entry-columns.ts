import { isAscii } from 'node:buffer';
import { ROW_END, scanCsvRow } from './csv.js';

/** Why the bytes at a place are no valid next entry. */
export type BadEntry = { kind: 'end' } | { kind: 'torn' } | { kind: 'bad'; reason: string };

/** The columns of an entry's row, and the byte after it. */
export interface EntryColumns {
  readonly op: number;
  readonly view: number;
  readonly time: string;
  readonly requestId: string;
  readonly service: string;
  readonly update: string;
  readonly checksum: string;
  readonly chain: string;
  readonly end: number;
}

const COMMA = 0x2c;
const QUOTE = 0x22;
const CR = 0x0d;
const LF = 0x0a;
const DIGIT_0 = 0x30;
const DECIMAL = /^(0|[1-9][0-9]{0,15})$/;
const TIME_LENGTH = 24;
const CHECKSUM_DIGITS = 8;
const CHAIN_DIGITS = 32;
/** What may not stand in a field without quotes. */
const HAS_SPECIAL = /["\r\n]/;
const TAIL = /^[0-9a-f]{8},[0-9a-f]{32}$/;
const NAME_LENGTH_MAX = 64;
/** Digits of a number below 2^53 whatever they are. */
const DIGITS_MAX = 15;

/**
 * The columns of a row that is as `encodeEntry` writes nearly all of them: ASCII, only the update quoted. `undefined` for every
 * other row, good or bad: `scannedColumns` judges those. Every order passes here once on each backup.
 */
export function plainColumns(bytes: Buffer, start: number): EntryColumns | undefined {
  const opEnd = digitsEnd(bytes, start);
  if (opEnd === undefined) return undefined;
  const viewEnd = digitsEnd(bytes, opEnd + 1);
  if (viewEnd === undefined) return undefined;
  const timeEnd = viewEnd + 1 + TIME_LENGTH;
  const idEnd = nameEnd(bytes, timeEnd + 1);
  if (bytes[timeEnd] !== COMMA || idEnd === undefined) return undefined;
  const serviceEnd = nameEnd(bytes, idEnd + 1);
  if (serviceEnd === undefined) return undefined;
  const updateEnd =
    bytes[serviceEnd + 1] === QUOTE ? quotedEnd(bytes, serviceEnd + 2) : bytes.indexOf(COMMA, serviceEnd + 1);
  if (updateEnd === undefined || updateEnd < 0) return undefined;
  const isQuoted = bytes[serviceEnd + 1] === QUOTE;
  const checksumAt = updateEnd + (isQuoted ? 2 : 1);
  const chainAt = checksumAt + CHECKSUM_DIGITS + 1;
  const rowEnd = chainAt + CHAIN_DIGITS;
  const end = rowEnd + ROW_END.length;
  if (end > bytes.length || bytes[checksumAt - 1] !== COMMA || bytes[chainAt - 1] !== COMMA) return undefined;
  if (bytes[rowEnd] !== CR || bytes[rowEnd + 1] !== LF || !isAscii(bytes.subarray(start, end))) return undefined;
  const time = bytes.toString('latin1', viewEnd + 1, timeEnd);
  // Its length is all that was looked at: a comma in it, or quotes around it, make other columns of the row.
  if (time.includes(',') || HAS_SPECIAL.test(time)) return undefined;
  const update = bytes.toString('latin1', serviceEnd + (isQuoted ? 2 : 1), updateEnd);
  const tail = bytes.toString('latin1', checksumAt, rowEnd);
  if (!isQuoted && HAS_SPECIAL.test(update)) return undefined;
  if (!TAIL.test(tail)) return undefined;
  return {
    op: numberIn(bytes, start, opEnd),
    view: numberIn(bytes, opEnd + 1, viewEnd),
    time,
    requestId: bytes.toString('latin1', timeEnd + 1, idEnd),
    service: bytes.toString('latin1', idEnd + 1, serviceEnd),
    update: isQuoted ? update.replaceAll('""', '"') : update,
    checksum: tail.slice(0, CHECKSUM_DIGITS),
    chain: tail.slice(CHECKSUM_DIGITS + 1),
    end,
  };
}

/** The columns of any row, or what is wrong with it. */
export function scannedColumns(bytes: Buffer, start: number): EntryColumns | BadEntry {
  const scanned = scanCsvRow(bytes, start);
  if (scanned.kind === 'end' || scanned.kind === 'torn') return scanned;
  if (scanned.kind === 'broken') return { kind: 'bad', reason: `column ${scanned.column}: ${scanned.reason}` };
  const [op, view, time, requestId, service, update, checksum, chain, ...rest] = scanned.fields;
  if (op === undefined || view === undefined || time === undefined || requestId === undefined)
    return { kind: 'bad', reason: 'fewer than 8 columns' };
  if (service === undefined || update === undefined || checksum === undefined || chain === undefined || rest.length > 0)
    return { kind: 'bad', reason: `${scanned.fields.length} columns instead of 8` };
  if (!DECIMAL.test(op) || !DECIMAL.test(view)) return { kind: 'bad', reason: 'op or view is not a number' };
  const { end } = scanned;
  return { op: Number(op), view: Number(view), time, requestId, service, update, checksum, chain, end };
}

/** Where the digits from `at` on end, at a comma; `undefined` when it is no number without needless zeros. */
function digitsEnd(bytes: Buffer, at: number): number | undefined {
  let end = at;
  while (end < bytes.length && isDigit(bytes[end] as number)) end++;
  if (end === at || end - at > DIGITS_MAX || bytes[end] !== COMMA) return undefined;
  return bytes[at] === DIGIT_0 && end - at > 1 ? undefined : end;
}

const isDigit = (byte: number): boolean => byte >= DIGIT_0 && byte <= DIGIT_0 + 9;

function numberIn(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + (bytes[at] as number) - DIGIT_0;
  return value;
}

/** Where a short field without quotes ends, at a comma. */
function nameEnd(bytes: Buffer, at: number): number | undefined {
  const last = Math.min(at + NAME_LENGTH_MAX, bytes.length - 1);
  for (let end = at; end <= last; end++) {
    const byte = bytes[end] as number;
    if (byte === COMMA) return end;
    if (byte === QUOTE || byte === CR || byte === LF) return undefined;
  }
  return undefined;
}

/** The closing quote of a field whose text begins at `at`. */
function quotedEnd(bytes: Buffer, at: number): number | undefined {
  let close = at;
  for (;;) {
    close = bytes.indexOf(QUOTE, close);
    if (close === -1 || close + 1 >= bytes.length) return undefined;
    if (bytes[close + 1] !== QUOTE) return close;
    close += 2;
  }
}
