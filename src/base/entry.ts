import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { csvField, ROW_END } from './csv.js';
import { plainColumns, scannedColumns, type BadEntry } from './entry-columns.js';
import { isoTime, msOf } from './iso-time.js';
import { op as makeOp, view as makeView, type OpNumber, type View } from './numbers.js';

/** Header row of every journal segment. */
export const JOURNAL_HEADER = `op,view,time,request_id,service,update,checksum,chain${ROW_END}`;

/** Hash over every entry up to and including one: 32 lower-case hex digits (128 bits of SHA-256). */
export type Chain = string;

/** The chain before op 1. */
export const GENESIS_CHAIN: Chain = '0'.repeat(32);

/** What the primary decides of an entry before it is encoded. */
export interface EntryHead {
  readonly op: OpNumber;
  /** The view in which the entry was executed; it keeps it for ever. */
  readonly view: View;
  /** The primary's clock when it executed, milliseconds since 1970, never below the previous entry's. */
  readonly timeMs: number;
  /** The caller's id of the request: order_id or request_id; empty for entries of the core itself. */
  readonly requestId: string;
  /** Name of the service that executed it, or `core`. */
  readonly service: string;
  /** The result of the execution as the service encodes it; valid UTF-8, opaque to the core. */
  readonly update: string;
}

/** One entry of the log. `row` is its encoding, the same bytes in every journal and on every wire. */
export interface Entry extends EntryHead {
  readonly chain: Chain;
  readonly row: Uint8Array;
}

const CHECKSUM_DIGITS = 8;
const CHAIN_DIGITS = GENESIS_CHAIN.length;
/** What stands in a row behind the checksum: a comma, the chain and the row's end. */
const BEHIND_CHECKSUM = 1 + CHAIN_DIGITS + ROW_END.length;

const checksumOf = (head: Uint8Array): string => crc32(head).toString(16).padStart(CHECKSUM_DIGITS, '0');

/** Used again for every chain: one copy into it costs less than joining new buffers. */
let scratch = Buffer.alloc(4096);

/** The chain of a row: a hash over the chain before it and the row's bytes up to `end`, behind its checksum. */
function chainOf(previous: Chain, row: Uint8Array, end: number): Chain {
  const length = previous.length + end;
  if (length > scratch.length) scratch = Buffer.alloc(2 * length);
  scratch.write(previous, 0, 'latin1');
  scratch.set(row.subarray(0, end), previous.length);
  return hash('sha256', scratch.subarray(0, length), 'hex').slice(0, CHAIN_DIGITS);
}

/** Encodes the entry that follows the chain `previous`. */
export function encodeEntry(head: EntryHead, previous: Chain): Entry {
  const { op, view, timeMs, requestId, service, update } = head;
  const text = `${op},${view},${isoTime(timeMs)},${csvField(requestId)},${csvField(service)},${csvField(update)},`;
  const textBytes = Buffer.byteLength(text);
  const end = textBytes + CHECKSUM_DIGITS;
  // Small rows share slabs of memory, which entries that follow each other leave together.
  const row = Buffer.allocUnsafe(end + BEHIND_CHECKSUM);
  row.write(text);
  row.write(checksumOf(row.subarray(0, textBytes)), textBytes, 'latin1');
  const chain = chainOf(previous, row, end);
  row.write(`,${chain}${ROW_END}`, end, 'latin1');
  return { op, view, timeMs, requestId, service, update, chain, row };
}

/**
 * Decodes the entry whose row starts at byte `start`. With `previous` its chain must follow from that; without, the
 * chain is taken as written (a caller without the entry before it). Returns the entry and the byte after its row.
 */
export function decodeEntry(
  bytes: Uint8Array,
  start: number,
  previous: Chain | undefined,
): { kind: 'entry'; entry: Entry; end: number } | BadEntry {
  const of = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const columns = plainColumns(of, start) ?? scannedColumns(of, start);
  if ('kind' in columns) return columns;
  const { op, view, time, requestId, service, update, checksum, chain, end } = columns;
  const timeMs = msOf(time);
  if (Number.isNaN(timeMs)) return { kind: 'bad', reason: 'time is not RFC 3339' };
  const row = Buffer.from(of.subarray(start, end));
  // The checksum covers the row up to the comma before it: 8 digits, a comma, the chain and CR LF follow.
  const checked = row.length - ROW_END.length - chain.length - 1;
  if (checksumOf(row.subarray(0, checked - checksum.length)) !== checksum)
    return { kind: 'bad', reason: 'the checksum does not match the row' };
  if (previous !== undefined && chainOf(previous, row, checked) !== chain)
    return { kind: 'bad', reason: 'the chain does not follow from the row before it' };
  const entry: Entry = {
    op: makeOp(op),
    view: makeView(view),
    timeMs,
    requestId,
    service,
    update,
    chain,
    row,
  };
  return { kind: 'entry', entry, end };
}

/** Whether the chain of an entry (decoded without it) follows from `previous`. */
export function chainFollows(entry: Entry, previous: Chain): boolean {
  return chainOf(previous, entry.row, entry.row.length - BEHIND_CHECKSUM) === entry.chain;
}
