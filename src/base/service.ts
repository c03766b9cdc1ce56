import type { AloneService, Settlement } from './alone.js';
import type { Entry } from './entry.js';
import type { OpNumber, View } from './numbers.js';
import type { Refusal } from './refusal.js';
import type { OutboxItem, QueryAnswer, ServiceQuery, ServiceReply, ServiceRequest } from './service-calls.js';

export type { OutboxItem, QueryAnswer, ServiceQuery, ServiceReply, ServiceRequest } from './service-calls.js';

/**
 * The contract between the replication core and what it replicates (design 8). A service is deterministic and
 * synchronous: time comes in the context, its tables through `Table`. The core calls `execute` at the primary only and
 * ships the update; every replica applies the same updates in op order.
 *
 * A service keeps two layers. *Committed* state follows `commit` and is what queries see and what its tables hold.
 * *Speculative* state lies over it at the primary: what `speculate` added for entries that are not committed yet. It is
 * read by `execute`, folded away as entries commit, and forgotten by `dropSpeculation` when the view is left.
 */
export interface Service {
  /** Name in the journal's service column: lower case, digits and `-`. */
  readonly name: string;

  /**
   * Primary only: decides a request on committed plus speculative state, changing nothing. The request's id is looked
   * up before anything else is judged (rule 11).
   */
  execute(request: ServiceRequest, context: ExecutionContext): Execution;

  /** Adds an entry's update to the speculative layer. Called in op order, after every earlier entry. */
  speculate(entry: Entry): void;

  /** Forgets all speculative state above the committed one. */
  dropSpeculation(): void;

  /** Applies a committed entry: in-memory state and rows appended to the tables. Called once per op, in order. */
  commit(entry: Entry): void;

  /** Answers a read on committed state. */
  query(query: ServiceQuery): QueryAnswer;

  /** Whether a request of this id is part of committed state: what settles an outbox item. */
  hasCommitted(requestId: string): boolean;

  /** Op of a committed request, for operators who ask what became of it. Throws DamagedFileError. Absent: nothing is told. */
  opOf?(requestId: string): number | undefined;

  /** All that ever happened under an id, in the service's own words, for operators. Throws DamagedFileError. Absent: `opOf` is all. */
  trace?(id: string): unknown;

  /**
   * Of an entry that a view change cuts off: what to keep in the outbox because a customer may have been told that it
   * is done (write concern below a majority), or undefined when no such promise was made.
   */
  salvage(entry: Entry, majority: number): OutboxItem | undefined;

  /**
   * What is wrong with an outbox item that keeps it from ever being executed, for people and without its texts; `undefined` when
   * it can be. No chain vouches for an item as it does for an entry: it is judged before it is taken up.
   */
  outboxProblem(item: OutboxItem): string | undefined;

  /**
   * Primary only: executes an outbox item with its first id, time and prices, without price or postcode checks. An id
   * that is known is kept as it is. One with a problem is refused, and nothing written.
   */
  executeSalvaged(item: OutboxItem, context: ExecutionContext): Execution;

  /**
   * What became of an outbox item of which the id is committed, for operators: it may stand for something else by now, or have been
   * refused by the state that it met. Throws DamagedFileError. Absent: what is committed was carried out.
   */
  settlement?(item: OutboxItem): Settlement;

  /** How it takes requests without a majority; absent: it never does. */
  readonly alone?: AloneService;

  /** The seed of a new cluster, made of this replica's own files (replica 1 at the first start, rule 8). */
  foundingSeed(): string;

  /**
   * Applies the founding entry's seed on every replica. Returns the names of files here that held something else and
   * were replaced, so that the operator can be told.
   */
  found(seed: string, entry: Entry): string[];

  /** How much committed state holds, by word, for people: `orders`, `changes` … Absent: nothing is told. */
  counts?(): Readonly<Record<string, number>>;

  /** The small state that no append-only table holds, as text, for a checkpoint at the committed op. */
  snapshot(): string;

  /** Replaces all state by the tables as they stand and a snapshot taken with them; the speculative layer is emptied. */
  restore(snapshot: string): void;
}

/** What an execution may know of the world. */
export interface ExecutionContext {
  readonly op: OpNumber;
  readonly view: View;
  /** Time of the entry: max(the primary's clock, the previous entry's time), ms since 1970. */
  readonly timeMs: number;
  /** Replicas in the cluster. */
  readonly replicaCount: number;
}

/** What `execute` decides. */
export type Execution =
  /** A new entry; also a refusal that depends on state, which pins the request's id (rule 9). */
  | { readonly kind: 'entry'; readonly update: string; readonly reply: ServiceReply; readonly copiesNeeded?: number }
  /** Decided before, at `op`: the reply is released when that op is as durable as this caller asks. */
  | { readonly kind: 'known'; readonly op: OpNumber; readonly reply: ServiceReply }
  /** Refused on grounds that no state can change, or that must not be remembered: nothing is written. */
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * An append-only file of committed rows as a service sees it. Appends are buffered and reach the file when the runtime
 * flushes; reads see them at once. Never fsynced per row: the journal is what is trusted.
 */
export interface Table {
  /** File name, such as `orders.csv`. */
  readonly name: string;
  /** Bytes so far, header included. */
  readonly length: number;
  /** Appends whole rows (with their CR LF); returns the byte offset of the first. */
  append(rows: string): number;
  /** Bytes [offset, offset + length). Throws DamagedFileError when the file does not hold them. */
  read(offset: number, length: number): Uint8Array;
}

/** A small file that is replaced whole, such as menu.csv. The new content is seen at once, on disk at the next flush. */
export interface Document {
  readonly name: string;
  read(): string;
  write(text: string): void;
}

/**
 * A file of this replica alone, from which a service takes up its state faster than from its tables. It is neither fsynced nor
 * part of a checkpoint: after a crash it may be short, torn or gone, so what is read must prove itself (checksums), and what is
 * missing is made again from the tables.
 */
export interface IndexFile {
  /** Bytes that can be read; 0 when there is no file, or nothing may be on the disk yet. */
  readonly length: number;
  /** Bytes [offset, offset + length); fewer when they cannot be read. */
  read(offset: number, length: number): Uint8Array;
  /** Keeps the first `length` bytes. */
  cut(length: number): void;
  /** Appends; false when that was not possible, and nothing is appended any more. */
  append(bytes: Uint8Array): boolean;
}

/** The files of one service in a replica's folder. */
export interface ServiceFiles {
  /** The table of this name; a new one begins with `header` (a CSV header row with its CR LF). */
  table(name: string, header: string): Table;
  /** The document of this name; empty text when there is none yet. */
  document(name: string): Document;
  /** The index file of this name; absent where everything is in memory. */
  index?(name: string): IndexFile;
}

/** A file that does not hold what was written to it: found at start or when read. Never answer from it. */
export class DamagedFileError extends Error {
  override readonly name = 'DamagedFileError';
  constructor(
    readonly file: string,
    readonly detail: string,
    /** 1-based, where it is known and not in the detail. */
    readonly row?: number,
  ) {
    super(`${file}: ${detail}`);
  }
}
