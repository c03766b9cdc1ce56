import { assert, present } from '../base/assert.js';
import type { LogBase } from '../base/checkpoint.js';
import { chainFollows, GENESIS_CHAIN, type Chain, type Entry } from '../base/entry.js';
import { nextOp, op, type OpNumber } from '../base/numbers.js';
import type { LogSuffix } from './message.js';

/** The base of a log from its very beginning. */
export const GENESIS: LogBase = { op: op(0), chain: GENESIS_CHAIN, timeMs: 0 };

/** The log in memory: consecutive entries after `base`, which stands for everything before them. */
export interface Log {
  base: LogBase;
  readonly entries: Entry[];
}

/** An empty log after `base`. */
export const emptyLog = (base: LogBase): Log => ({ base, entries: [] });

/** The last op of the log. */
export const lastOp = (log: Log): OpNumber => (log.base.op + log.entries.length) as OpNumber;

/** The chain at the last op. */
export const lastChain = (log: Log): Chain => log.entries.at(-1)?.chain ?? log.base.chain;

/** Time of the last entry, ms since 1970. */
export const lastTimeMs = (log: Log): number => log.entries.at(-1)?.timeMs ?? log.base.timeMs;

/** The entry at `at`, or undefined when it is before the log or after its end. */
export const entryAt = (log: Log, at: OpNumber): Entry | undefined =>
  at > log.base.op ? log.entries[at - log.base.op - 1] : undefined;

/** The chain at `at`, or undefined when the log does not reach it. */
export const chainAt = (log: Log, at: OpNumber): Chain | undefined =>
  at === log.base.op ? log.base.chain : entryAt(log, at)?.chain;

/** Time of the entry at `at`; `at` is in the log or its base. */
export const timeAt = (log: Log, at: OpNumber): number =>
  at === log.base.op ? log.base.timeMs : present(entryAt(log, at), `op ${at} is in the log`).timeMs;

/** Adds the next entry. */
export function pushEntry(log: Log, entry: Entry): void {
  assert(entry.op === nextOp(lastOp(log)), `op ${entry.op} follows op ${lastOp(log)} without a gap`);
  log.entries.push(entry);
}

/** Cuts every entry from `from` on and returns them. */
export function cutFrom(log: Log, from: OpNumber): Entry[] {
  assert(from > log.base.op, `nothing at or below the base ${log.base.op} is cut, not even from op ${from}`);
  return log.entries.splice(from - log.base.op - 1);
}

/** Forgets entries up to `to`, which becomes the base: a checkpoint holds what they did. */
export function trimTo(log: Log, to: OpNumber): void {
  if (to <= log.base.op) return;
  const entry = present(entryAt(log, to), `op ${to} is in the log`);
  log.entries.splice(0, to - log.base.op);
  log.base = { op: entry.op, chain: entry.chain, timeMs: entry.timeMs };
}

/** Bytes of rows that one message may carry, so that a heartbeat never waits long behind it. */
export const SUFFIX_BYTES_MAX = 1 << 20;

/** The entries after `after` up to `to`, as many as fit a message, at least one if there is one. */
export function suffixAfter(log: Log, after: OpNumber, to: OpNumber, bytesMax = SUFFIX_BYTES_MAX): LogSuffix {
  const entries: Entry[] = [];
  let bytes = 0;
  for (let at = nextOp(after); at <= to; at = nextOp(at)) {
    const entry = present(entryAt(log, at), `op ${at} is in the log`);
    bytes += entry.row.length;
    if (entries.length > 0 && bytes > bytesMax) break;
    entries.push(entry);
  }
  return { after, afterChain: present(chainAt(log, after), `op ${after} is in the log`), entries };
}

/** Whether the entries of a suffix are consecutive and each chain follows from the one before. */
export function isSound(suffix: LogSuffix): boolean {
  let at = suffix.after;
  let chain = suffix.afterChain;
  for (const entry of suffix.entries) {
    if (entry.op !== at + 1 || !chainFollows(entry, chain)) return false;
    at = entry.op;
    chain = entry.chain;
  }
  return true;
}

/** The last op of a suffix. */
export const suffixEnd = (suffix: LogSuffix): OpNumber => (suffix.after + suffix.entries.length) as OpNumber;

/** How a log becomes another one: cut from `from`, then add `entries`. */
export interface Splice {
  readonly from: OpNumber;
  readonly entries: readonly Entry[];
}

/**
 * The smallest splice that makes `log` end exactly as `suffix` does, or undefined when the suffix does not join: the log does
 * not reach `suffix.after`, or holds something else there.
 */
export function spliceOnto(log: Log, suffix: LogSuffix): Splice | undefined {
  if (chainAt(log, suffix.after) !== suffix.afterChain) return undefined;
  let same = 0;
  for (const entry of suffix.entries) {
    if (entryAt(log, entry.op)?.chain !== entry.chain) break;
    same++;
  }
  return { from: op(suffix.after + same + 1), entries: suffix.entries.slice(same) };
}
