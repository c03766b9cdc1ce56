import { OPERATOR_ASKED } from '../base/asked-for.js';
import type { CheckpointHead, CheckpointOffer } from '../base/checkpoint.js';
import type { Entry } from '../base/entry.js';
import type { CommitNumber, OpNumber, View } from '../base/numbers.js';
import type { OutboxItem, ServiceFiles, Table } from '../base/service.js';

export type { CheckpointFile, CheckpointHead, CheckpointOffer, LogBase } from '../base/checkpoint.js';

/** The promises of a replica, in replica.json: they never fall, over any crash (rule 1). */
export interface DurableState {
  readonly clusterId: string;
  readonly view: View;
  /** The view whose log the replica holds; at most `view`. */
  readonly logView: View;
  /** It has forgotten promises and may not vote until rule 7 has made it a member again. */
  readonly recovering: boolean;
}

/** What a folder held at start. */
export type Loaded =
  /** Nothing but what ships (menu.csv, motd.txt): the first start, or a wiped folder. */
  | { readonly kind: 'empty' }
  /** Everything that was promised is there. The tables stand at `checkpoint` exactly. */
  | {
      readonly kind: 'intact';
      readonly durable: DurableState;
      readonly checkpoint: CheckpointHead;
      /** Entries after the checkpoint, gap-free, chain checked. */
      readonly entries: Entry[];
      /** A commit number known to be true, at most the last entry's op. */
      readonly commit: CommitNumber;
      readonly outbox: OutboxItem[];
      /** What was found wrong and put right without help, for the operator; absent or empty when nothing was. */
      readonly repaired?: readonly Damage[];
      /** As below; there when the outbox is damaged, which may have held what they promised. */
      readonly uncertain?: readonly Entry[];
    }
  /**
   * Something is missing or damaged: the replica must not vote until it has recovered (rules 6 and 7). `durable` is
   * there when replica.json could be read.
   */
  | {
      readonly kind: 'damaged';
      readonly durable: DurableState | undefined;
      readonly damage: readonly Damage[];
      readonly outbox: OutboxItem[];
      /**
       * Entries that can be read in what is left of the journal, none known to be committed: not to be relied on, but a customer
       * may have been told that one is done. What was promised goes to the outbox (`keep`) before anything is cleared away.
       */
      readonly uncertain: readonly Entry[];
    };

/** An item of the outbox that can never be carried out, and why, for people. */
export interface UnsoundItem {
  readonly requestId: string;
  readonly why: string;
}

/** What is wrong with a file, for people: name, 1-based row where known, and what was found. */
export interface Damage {
  readonly file: string;
  readonly row?: number;
  readonly what: string;
  /** Name in the replica's folder under which what was found is kept. */
  readonly kept?: string;
}

/** What tables and documents hold at one moment. */
export interface FolderContent {
  readonly tables: readonly {
    readonly table: Table;
    readonly length: number;
    /**
     * SHA-256 in hex, once all of the table has been read since the start; rejects when it is closed before. To be called in the same
     * turn, before anything is appended.
     */
    hash(): Promise<string>;
  }[];
  /** By name. */
  readonly documents: ReadonlyMap<string, string>;
}

/** The log's switch to a view's log, in one atomic step (rule 2 b). */
export interface LogSwitch {
  readonly durable: DurableState;
  /** First op that is replaced; everything from here on is cut. */
  readonly from: OpNumber;
  /** The entries that stand there from now on; may be empty. */
  readonly entries: readonly Entry[];
  /** What the cut entries had promised: made durable in the outbox before anything is cut. */
  readonly salvaged: readonly OutboxItem[];
}

/** A checkpoint received from a peer (staged by `stageChunk`) and the log after it, in one atomic switch (rule 5). */
export interface CheckpointInstall {
  readonly durable: DurableState;
  readonly offer: CheckpointOffer;
  readonly entries: readonly Entry[];
  readonly salvaged: readonly OutboxItem[];
}

/**
 * One replica's folder. Durable calls are made one at a time in the order of the core's effects by the caller (the
 * runtime's disk queue); a call's promise resolves when all it says is on disk. Rejections: DiskFullError when there
 * was no room (nothing of the call counts and it may be called again), anything else is final (rule 10): exit.
 */
export interface ReplicaStorage {
  /** Tables and documents of a service; the same objects stay valid over installs. */
  readonly files: ServiceFiles;
  /**
   * Reads and verifies everything. Called once, before anything else. What it reports has been fsynced: after a kill -9
   * rows can be read back that are in the page cache only, and nothing may rely on those (rule 1). With `distrust`, the
   * reason, or after `leaveDoubt`, nothing counts though it looks sound (an fsync has failed): `damaged`, durably so, unless
   * the folder is empty.
   */
  load(distrust?: string): Promise<Loaded>;
  /**
   * Makes a new folder of whatever is there: the preallocated replica.json, a journal that holds `entries` (from op 1, may be
   * none), empty tables; menu.csv and motd.txt stay. A damaged folder's files are moved aside first. One atomic step: a
   * process that dies within it finds `empty` again (a folder that was empty) or the damage again.
   */
  initialise(durable: DurableState, entries: readonly Entry[]): Promise<void>;
  /** Appends entries to the journal: one write, one fdatasync, then the synced mark with `commit`. */
  append(entries: readonly Entry[], commit: CommitNumber): Promise<void>;
  /** Makes the promises durable. */
  persist(durable: DurableState): Promise<void>;
  switchLog(change: LogSwitch): Promise<void>;
  /** Writes what tables have buffered to their files (no fsync). Called after each step. */
  flushTables(): void;
  /**
   * Makes a checkpoint of the tables as they stand now at `head`; captures lengths and documents at the call, so that
   * later appends do not disturb it. Journal segments no longer needed go. At most one at a time; may overlap appends.
   * While the tables have not been read since the start it waits for that; an install that overtakes it, and `close`, end the wait
   * (CheckpointGivenUpError).
   */
  checkpoint(head: CheckpointHead): Promise<void>;
  /** The newest durable checkpoint, for a peer that asks; `undefined` when there is none. */
  offer(): CheckpointOffer | undefined;
  /** Bytes of a file of the checkpoint at `op`; `undefined` when that checkpoint is gone. */
  readChunk(op: OpNumber, file: string, offset: number, length: number): Uint8Array | undefined;
  /** Before the chunks of a checkpoint: of what is staged, the first bytes of the files named here stay, the rest is dropped. */
  beginStaging(kept: ReadonlyMap<string, number>): void;
  /** Keeps a received chunk until `install`. */
  stageChunk(file: string, offset: number, bytes: Uint8Array): void;
  /** The head with its snapshots when everything staged has the lengths and hashes of the offer; else `undefined`. */
  verifyStaged(offer: CheckpointOffer): CheckpointHead | undefined;
  install(change: CheckpointInstall): Promise<void>;
  /** Adds items to outbox.csv, durably; an id that is there already stays as it is. The journal is not touched. */
  appendOutbox(items: readonly OutboxItem[]): Promise<void>;
  /**
   * After `load`, before anything else: adds items to the outbox, durably, and writes one that was found damaged anew. In a
   * damaged folder too, whose log is not touched. Without room (DiskFullError) they are in the outbox nevertheless: nothing that
   * holds them is cleared away before they are written, with the next change that has room or by `mend`.
   */
  keep(items: readonly OutboxItem[]): Promise<void>;
  /**
   * After `load`: takes items out of the outbox that can never be carried out, and keeps the file as it was beside it, for people.
   * Without room that is owed, as by `keep`. Returns what is told of each.
   */
  setAside(items: readonly UnsoundItem[]): Promise<Damage[]>;
  /** Removes settled items from outbox.csv, durably. May overlap any other call. */
  settleOutbox(requestIds: readonly string[]): Promise<void>;
  /**
   * What the file system shows to be wrong with files in use: missing, replaced, shorter, changed from outside. The process must
   * end: what it has in memory is not all that was there.
   */
  inspect(): Damage[];
  /**
   * Looks at the files whose whole content is in memory (documents, the outbox, the journal's mark) and puts them right; what was wrong. A text
   * that a person wrote is kept beside, and `kept` names it.
   */
  mend(): Promise<Damage[]>;
  /**
   * Reads on in all that is kept (tables, the journal below its mark, checkpoints), `part` of it (0 … 1, at least 64 KiB), and
   * holds it against hashes and chains; after the last it begins again. `damage` is for `inspect`'s end; `mended` was there only
   * to fall back to, and is gone.
   */
  scrub(part: number): Promise<{ readonly damage: Damage[]; readonly mended: Damage[] }>;
  /** What the tables and documents hold now, rows that have not reached their files yet included. Reads and writes nothing. */
  content(): FolderContent;
  /** What is on the disk under the name of a document; `undefined` when there is no such document or file. */
  readDocument(name: string): Uint8Array | undefined;
  /** Where the log stands: the journal's first op (what is before is in the checkpoint), and the newest checkpoint's; 0 for none. */
  held(): { readonly journalFrom: OpNumber; readonly checkpointOp: OpNumber };
  /**
   * Damage, or a broken rule: what makes a start fast (indexes, block sums) goes, so that the next start reads everything and judges
   * by that alone.
   */
  distrustIndexes(): void;
  /**
   * Leaves a note in the folder that nothing in it may be believed: an fsync has failed (rule 10). The next `load` distrusts it
   * without being told. As durable as the disk still allows: rejects with what the disk says, and the note may hold even then.
   */
  leaveDoubt(why: string): Promise<void>;
  /** Releases files and the folder's lock; nothing pending may be left. */
  close(): void;
}

/** A checkpoint that waited for tables to be read was overtaken, or the storage closed: nothing of it counts. */
export class CheckpointGivenUpError extends Error {
  override readonly name = 'CheckpointGivenUpError';
}

/** What `leaveDoubt` is told when an operator wants the folder copied anew. */
export const ASKED_FOR_COPY = `${OPERATOR_ASKED} for a new copy`;

/** No room on the disk for a durable call: nothing of it counts. */
export class DiskFullError extends Error {
  override readonly name = 'DiskFullError';
}
