import type { OpNumber, View } from '../base/numbers.js';
import { entryAt, type Log } from './log.js';

/**
 * Bytes of the rows of a stretch of the log. Its ends only move on until the log is changed for another view's, so they are counted
 * as they move: asking after every step costs no more than the ops that came since.
 */
export class StretchBytes {
  #logView = -1;
  #after = 0;
  #to = 0;
  #bytes = 0;

  /** Bytes of the rows behind `after` up to `to`, in the log of `logView`; both ends are in the log or its base. */
  of(log: Log, logView: View, after: OpNumber, to: OpNumber): number {
    const isForgotten = log.base.op > this.#after || logView !== this.#logView;
    if (isForgotten || after < this.#after || after > this.#to || to < this.#to) {
      this.#logView = logView;
      this.#after = after;
      this.#to = after;
      this.#bytes = 0;
    }
    for (; this.#to < to; this.#to++) this.#bytes += rowBytes(log, this.#to + 1);
    for (; this.#after < after; this.#after++) this.#bytes -= rowBytes(log, this.#after + 1);
    return this.#bytes;
  }
}

/** The first op behind which there are at most `bytesMax` of rows up to the end of the log. */
export function opBeforeBytes(log: Log, bytesMax: number): OpNumber {
  let at = log.base.op + log.entries.length;
  for (let bytes = 0; at > log.base.op; at--) {
    bytes += rowBytes(log, at);
    if (bytes > bytesMax) break;
  }
  return at as OpNumber;
}

const rowBytes = (log: Log, at: number): number => entryAt(log, at as OpNumber)?.row.length ?? 0;
