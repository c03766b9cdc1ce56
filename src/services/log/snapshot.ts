import { DamagedFileError } from '../../base/service.js';
import type { Expected, MessageStore } from './message-store.js';

/** Layout of a snapshot. A new layout takes the next number. */
const FORMAT = 1;

interface Snapshot extends Expected {
  readonly format: typeof FORMAT;
}

/** The snapshot of committed messages as text: the same on every replica at the same op. */
export function encodeSnapshot({ count, lastOp }: MessageStore): string {
  const snapshot: Snapshot = { format: FORMAT, messages: count, lastOp };
  return JSON.stringify(snapshot);
}

/**
 * Reads a snapshot. An empty one is from before the founding, or of an older version that had no message log. Throws
 * DamagedFileError when it is none.
 */
export function decodeSnapshot(text: string): Expected {
  if (text === '') return { messages: 0, lastOp: 0 };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isSnapshot(value)) throw new DamagedFileError('checkpoint', 'the snapshot of the message log cannot be read');
  return value;
}

function isSnapshot(value: unknown): value is Snapshot {
  if (typeof value !== 'object' || value === null) return false;
  const { format, messages, lastOp } = value as Snapshot;
  return format === FORMAT && Number.isSafeInteger(messages) && Number.isSafeInteger(lastOp);
}
