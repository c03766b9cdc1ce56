import type { CheckpointOffer } from '../base/checkpoint.js';
import type { Chain } from '../base/entry.js';
import type { OpNumber, View } from '../base/numbers.js';

/** What a backup holds: the state of one replica at an op, which never changes again, whatever is ordered meanwhile. */
export interface BackupHead {
  readonly clusterId: string;
  /** Ids of the members in their order. */
  readonly members: readonly string[];
  /** The view whose log it is; at least that of every entry. */
  readonly view: View;
  /** Everything up to here is in it, and committed. */
  readonly op: OpNumber;
  readonly chain: Chain;
  /** Time of the entry at `op`, ms since 1970. */
  readonly timeMs: number;
  /** The checkpoint that it begins with; `undefined`: it begins before op 1. */
  readonly checkpoint: CheckpointOffer | undefined;
  /** Bytes of the rows of the log after the checkpoint, up to `op`. */
  readonly journalBytes: number;
}

/** The next bytes of one of a backup's files, or of the rows of its log, `JOURNAL_PART`. */
export interface BackupPiece {
  readonly name: string;
  /** Of that file, in bytes; pieces of a file come in order and without gaps. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Name under which a backup's rows of the log come; no file of a checkpoint may be named so. */
export const JOURNAL_PART = 'journal';

/** A backup on its way out of a replica. */
export interface OutgoingBackup {
  readonly head: BackupHead;
  /**
   * Gives the next piece to `done`, when it is its turn: orders come first. `end` after the last; `gone` when the checkpoint was
   * removed before its documents were read: begin anew. Only one piece is asked for at a time. `done` is not called when the
   * process ends.
   */
  next(done: (piece: BackupPiece | 'end' | 'gone') => void): void;
}

/** A backup on its way in. Both reject with CallRefusedError, which says in words what is wrong. */
export interface IncomingBackup {
  readonly head: BackupHead;
  /** All pieces, to be read once. */
  readonly pieces: AsyncIterable<BackupPiece>;
  /** Ends it, when not all pieces are wanted. */
  cancel(): void;
}
