import { assert, present } from '../base/assert.js';
import type { OfferedFile } from '../base/checkpoint.js';
import { nextOp } from '../base/numbers.js';
import { refusal, type Refusal } from '../base/refusal.js';
import type { ReplicaStorage } from '../ports/storage.js';
import { JOURNAL_PART, type BackupHead, type BackupPiece, type OutgoingBackup } from '../ports/backup.js';
import { chainAt, suffixAfter, timeAt } from '../vsr/log.js';
import type { State } from '../vsr/state.js';

/** Bytes of one piece: what a replica reads between two orders. */
const PIECE_BYTES = 256 * 1024;

/** What a backup is read from. */
export interface BackupWorld {
  readonly storage: Pick<ReplicaStorage, 'offer' | 'readChunk'>;
  /** Runs when it is this one's turn to read a piece; `who` waits for one turn at a time. */
  inTurn(who: object, run: () => void): void;
}

/**
 * Begins a backup of a replica as it stands: its newest checkpoint and the log after it up to the last op in its tables. That log
 * is held in memory until it is sent, the checkpoint's tables only grow, and its few other files are read first: so it does not
 * matter how long it takes. Refuses while there is nothing sound to take.
 */
export function beginBackup(state: State, world: BackupWorld): OutgoingBackup | Refusal {
  const { applied, log, status, config } = state;
  if (status === 'founding')
    return refusal('NOT_FOUNDED', 'The cluster is not founded yet: there is nothing to back up.');
  const isMember = status === 'normal' && state.transition === undefined;
  if (!isMember)
    return refusal('DAMAGED', 'This replica does not follow a primary now: take the backup from another one.');
  const checkpoint = world.storage.offer();
  const after = checkpoint?.head.base.op ?? log.base.op;
  // Without an offer the log must reach back to op 1: else there is a checkpoint that was not read since the start.
  if (after > applied || after < log.base.op || (checkpoint === undefined && after > 0))
    return refusal(
      'NO_PRIMARY',
      'This replica has not read all of its files since its start: try again in a minute, or at another one.',
    );
  const { entries } = suffixAfter(log, after, applied, Number.POSITIVE_INFINITY);
  const head: BackupHead = {
    clusterId: state.clusterId,
    members: config.replicaIds,
    view: state.logView,
    op: applied,
    chain: present(chainAt(log, applied), `op ${applied} is in the log`),
    timeMs: timeAt(log, applied),
    checkpoint,
    journalBytes: entries.reduce((sum, { row }) => sum + row.length, 0),
  };
  assert(entries.length === 0 || entries[0]?.op === nextOp(after), 'the log of a backup follows its checkpoint');
  const reading = new Reading(
    world.storage,
    head,
    entries.map(({ row }) => row),
  );
  return { head, next: (done) => world.inTurn(reading, () => done(reading.next())) };
}

/** One pass over everything that is in a backup. */
class Reading {
  /** Those that are removed with their checkpoint come first. */
  readonly #files: readonly OfferedFile[];
  #file = 0;
  #offset = 0;
  #row = 0;

  constructor(
    private readonly storage: BackupWorld['storage'],
    private readonly head: BackupHead,
    private readonly rows: readonly Uint8Array[],
  ) {
    this.#files = (head.checkpoint?.files ?? []).toSorted((a, b) => Number(a.grows) - Number(b.grows));
  }

  /** Throws DamagedFileError when a file has become shorter. */
  next(): BackupPiece | 'end' | 'gone' {
    for (let file = this.#files[this.#file]; file !== undefined; file = this.#files[++this.#file]) {
      if (this.#offset < file.length) return this.#piece(file);
      this.#offset = 0;
    }
    return this.#rows();
  }

  #piece({ name, length, grows }: OfferedFile): BackupPiece | 'gone' {
    const offset = this.#offset;
    const wanted = Math.min(PIECE_BYTES, length - offset);
    const at = present(this.head.checkpoint, 'its files are those of a checkpoint').head.base.op;
    let bytes = this.storage.readChunk(at, name, offset, wanted);
    // A table of a later checkpoint begins with the same bytes, on whichever replica it was made.
    const newest = bytes === undefined && grows ? this.storage.offer()?.head.base.op : undefined;
    if (newest !== undefined) bytes = this.storage.readChunk(newest, name, offset, wanted);
    if (bytes === undefined || bytes.length === 0) return 'gone';
    this.#offset += bytes.length;
    return { name, offset, bytes };
  }

  #rows(): BackupPiece | 'end' {
    const taken: Uint8Array[] = [];
    let bytes = 0;
    for (let row = this.rows[this.#row]; row !== undefined && bytes < PIECE_BYTES; row = this.rows[++this.#row]) {
      taken.push(row);
      bytes += row.length;
    }
    if (taken.length === 0) return 'end';
    const offset = this.#offset;
    this.#offset += bytes;
    return { name: JOURNAL_PART, offset, bytes: Buffer.concat(taken) };
  }
}
