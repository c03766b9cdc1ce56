import type { Chain } from './entry.js';
import type { OpNumber } from './numbers.js';

/** Where a log begins that has no entries before it in memory: the state after `op`. */
export interface LogBase {
  readonly op: OpNumber;
  readonly chain: Chain;
  /** Time of that entry, ms since 1970; 0 for op 0. */
  readonly timeMs: number;
}

/** A state of all tables at one op, as the core orders it and storage keeps it. */
export interface CheckpointHead {
  readonly base: LogBase;
  /** Service name to its snapshot text. */
  readonly snapshots: Readonly<Record<string, string>>;
}

/** One file of a checkpoint: bytes [0, length) of it, with their SHA-256 in hex. */
export interface CheckpointFile {
  readonly name: string;
  readonly length: number;
  readonly hash: string;
}

/** A file of a checkpoint that is offered. `grows`: it only ever grew, so what an older copy holds is how this one begins. */
export interface OfferedFile extends CheckpointFile {
  readonly grows: boolean;
}

/**
 * A checkpoint as it is offered to a peer. The snapshots are among its files, for they may be of any size: the offer's head has
 * none, the receiver reads them from what it was sent.
 */
export interface CheckpointOffer {
  readonly head: CheckpointHead;
  readonly files: readonly OfferedFile[];
}
