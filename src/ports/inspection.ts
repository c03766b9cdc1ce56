import type { OrderView } from './ordering-client.js';
import type { Order, OrderTrace, TraceStep } from '../services/ordering/replies.js';
import type { OrderStatus } from '../services/ordering/order-status.js';
import type { PostcodeVerdict } from '../services/ordering/postcode-verdict.js';

/** One file of a replica at an op. */
export interface FileNote {
  /** Such as `orders.csv`; of a snapshot `<service>.snapshot`. */
  readonly name: string;
  /** A table only grows; a document is replaced whole; a snapshot is in no file but a checkpoint's. */
  readonly kind: 'table' | 'document' | 'snapshot';
  /** Bytes. */
  readonly length: number;
  /** SHA-256, 64 hexadecimal digits. */
  readonly hash: string;
}

/** What a replica holds at an op: equal on every replica, or something is wrong. */
export interface StateNote {
  readonly op: number;
  /** The view in which the op was executed. */
  readonly view: number;
  /** 32 hexadecimal digits. */
  readonly chain: string;
  /** By name. */
  readonly files: readonly FileNote[];
  /** How much there is, by service and word: of `ordering` `orders`, `changes`, `refusals` … */
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What became of the wish for a note. `applied`: the last op that the tables hold now. */
export type NoteAnswer =
  | { readonly kind: 'noted'; readonly applied: number; readonly note: StateNote }
  /** The tables are beyond the op already. */
  | { readonly kind: 'passed'; readonly applied: number }
  /** Not in time, or what is there cannot be vouched for yet; `why` for people. */
  | { readonly kind: 'notReached'; readonly applied: number; readonly why: string };

/** Which rows of a table: those of ops `fromOp` … `toOp`, both included. */
export interface RowsOf {
  readonly table: string;
  readonly fromOp: number;
  readonly toOp: number;
}

/** Rows of consecutive ops. */
export interface RowRange {
  readonly fromOp: number;
  readonly toOp: number;
  readonly bytes: number;
  /** SHA-256 of the rows as they stand in the file. */
  readonly hash: string;
}

/** Whole rows of whole ops; `nextOp` is where to go on, 0 when these are all. */
export interface RowPage {
  /** First row of the table, one byte a character; empty of a document. */
  readonly header: string;
  readonly rows: Uint8Array;
  readonly nextOp: number;
}

/** Something that happened to an order, and where this replica keeps it. Times are RFC 3339, ms, UTC. */
export interface OrderStep {
  readonly op: number;
  readonly view: number;
  readonly chain: string;
  /** By the clock of that view's primary. */
  readonly at: string;
  readonly status: OrderStatus;
  readonly postcodeCheck: PostcodeVerdict;
  readonly reason: string;
  readonly requestId: string;
  /** Whether the own journal still holds the row; if not, a checkpoint has taken its place. */
  readonly isInJournal: boolean;
  /** When it was on the own disk at the latest, by the own clock; empty: not known. */
  readonly onDiskBy: string;
}

/** A committed request of a service, and where this replica keeps it. */
export interface RequestStep extends Pick<OrderStep, 'op' | 'view' | 'chain' | 'isInJournal' | 'onDiskBy'> {
  readonly service: string;
}

export type { OrderTrace, TraceStep };

/** What one replica knows of an order, the order as an `Of`. */
export interface OrderExplanation<Of = Order> {
  /** As it is now; absent: the tables do not hold it. */
  readonly order: Of | undefined;
  /** From its placing on. */
  readonly steps: readonly OrderStep[];
  readonly refused: { readonly op: number; readonly why: string } | undefined;
  readonly isInOutbox: boolean;
  /** Committed requests of this id, of services that know their requests; those of an order are its steps. */
  readonly requests: readonly RequestStep[];
  /** Entries of the log for it that are not known to be committed. */
  readonly pending: readonly {
    readonly service: string;
    readonly op: number;
    readonly view: number;
    readonly durable: boolean;
  }[];
  /** Views of committed ops from that of the placing, or of the first request, on, oldest first. */
  readonly views: readonly { readonly view: number; readonly firstOp: number }[];
  readonly applied: number;
  readonly checkpointOp: number;
  readonly journalFrom: number;
  readonly view: number;
}

/**
 * How a replica shows its operators what it holds. Nothing here writes, and nothing keeps the replica from its work for more than
 * some milliseconds. What cannot be answered rejects with an InspectionError.
 */
export interface Inspection {
  /** The state at `op`, as soon as the tables hold exactly that; waits `waitMs` at most. */
  noteAt(op: number, waitMs: number): Promise<NoteAnswer>;
  /** Hashes of `parts` ranges of rows. */
  hashRows(of: RowsOf, parts: number): Promise<RowRange[]>;
  /** A page of a table's rows; of a document the whole text as it is now. */
  readRows(of: RowsOf): Promise<RowPage>;
  /** SHA-256 of the first `length` bytes of a table on the disk; of a document all, and what should be there. */
  reread(name: string, length: number): Promise<{ readonly hash: string; readonly expected: string | undefined }>;
  explainOrder(orderId: string): Promise<OrderExplanation>;
}

/** A replica's inspection as operators ask for it over the network; calls that fail throw CallRefusedError. */
export interface RemoteInspection extends Omit<Inspection, 'explainOrder'> {
  explainOrder(orderId: string): Promise<OrderExplanation<OrderView>>;
}

/** The files of a replica that does not run, read as they lie there; nothing is changed. */
export interface StoppedFolder extends Pick<Inspection, 'hashRows' | 'readRows'> {
  /** The last op that the tables hold. */
  readonly lastOp: number;
  /** Tables and documents by name. */
  readonly files: readonly { readonly name: string; readonly kind: 'table' | 'document' }[];
  /** The first row of a table as it stands there, one byte a character. */
  headerOf(table: string): string;
  /** What is odd about the files, for people. */
  readonly notes: readonly string[];
  close(): void;
}

/** A row of a file in the folder of a replica that does not run, as it lies there. */
export interface FolderRow {
  /** Such as `orders.csv` or `journal/0000000001-0000000000000004.csv`. */
  readonly file: string;
  readonly row: string;
}

/** Why an inspection cannot be answered, for people. */
export class InspectionError extends Error {
  override readonly name = 'InspectionError';
}
