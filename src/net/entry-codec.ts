import { decodeEntry, type Entry } from '../base/entry.js';
import { nextOp, type OpNumber } from '../base/numbers.js';
import type { LogSuffix } from '../vsr/message.js';
import type { LogSuffix as WireSuffix, LogSuffix__Output } from './generated/justhungry/v1/LogSuffix.js';
import { chainOf, MalformedError, opOf, partOf } from './wire-values.js';

/** Entries as the wire carries them: their journal rows. */
export function rowsOf(entries: readonly Entry[]): Buffer[] {
  return entries.map(({ row }) => Buffer.from(row.buffer, row.byteOffset, row.byteLength));
}

/**
 * Entries of rows: each whole, its checksum right, ops without gaps, from after `previous` on when that is given. Whether
 * the chain follows is for the core to judge, which knows the entry before.
 */
export function entriesOf(rows: readonly Buffer[], previous: OpNumber | undefined): Entry[] {
  let expected = previous === undefined ? undefined : nextOp(previous);
  return rows.map((row) => {
    const decoded = decodeEntry(row, 0, undefined);
    if (decoded.kind === 'bad') throw new MalformedError(`an entry's row: ${decoded.reason}`);
    if (decoded.kind !== 'entry' || decoded.end !== row.length)
      throw new MalformedError('an entry is not one whole row');
    const { entry } = decoded;
    if (expected !== undefined && entry.op !== expected) throw new MalformedError('entries do not follow each other');
    chainOf(entry.chain);
    expected = nextOp(entry.op);
    return entry;
  });
}

export function wireSuffix(suffix: LogSuffix): WireSuffix {
  return { after: suffix.after, after_chain: suffix.afterChain, rows: rowsOf(suffix.entries) };
}

export function suffixOf(wire: LogSuffix__Output | null): LogSuffix {
  const { after, after_chain, rows } = partOf(wire, 'suffix');
  const from = opOf(after, 'after');
  return { after: from, afterChain: chainOf(after_chain), entries: entriesOf(rows, from) };
}
