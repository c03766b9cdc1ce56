import { assertNever } from '../../base/assert.js';
import { DamagedFileError, type ServiceFiles, type Table } from '../../base/service.js';
import { KnownRequests } from '../known-requests.js';
import { answerTextOf } from './answers.js';
import { TupleStore } from './tuple-store.js';
import { rowsOf, scanTuples, TUPLES_FILE, TUPLES_HEADER } from './tuples-table.js';
import type { Update } from './updates.js';

/** The requests that were executed, with their answers. */
export const TUPLES_REQUESTS_FILE = 'tuples-requests.csv';

/** Layout of a snapshot. A new layout takes the next number. */
const FORMAT = 1;

/** What a checkpoint keeps beside the tables: what they must hold. */
interface Snapshot {
  readonly format: typeof FORMAT;
  /** Op of the last entry in it; 0: none yet. */
  readonly op: number;
  readonly tuples: number;
  readonly changes: number;
  readonly requests: number;
  readonly hash: string;
}

/** Committed state: the tables and what is in memory of them. */
export class CommittedState {
  readonly store = new TupleStore();
  readonly requests: KnownRequests;
  readonly #table: Table;
  /** Op of the last entry; 0: none yet. */
  op = 0;
  /** Rows of the table. */
  changes = 0;

  /** Begins empty; tables that hold something are for `restore`. */
  constructor(files: ServiceFiles) {
    this.#table = files.table(TUPLES_FILE, TUPLES_HEADER);
    this.requests = new KnownRequests(files, TUPLES_REQUESTS_FILE);
  }

  /** Applies the update of a committed entry. */
  apply(update: Update, { op, requestId }: { readonly op: number; readonly requestId: string }): void {
    const { store } = this;
    const rows = rowsOf(op, update);
    if (rows !== '') this.#table.append(rows);
    switch (update.kind) {
      case 'put':
        for (const [, key, value] of update.pairs) store.add(key, value);
        this.changes += update.pairs.length;
        break;
      case 'post':
        for (const [, key, value] of update.pairs) store.update(key, value);
        this.changes += update.pairs.length;
        break;
      case 'delete':
        for (const [key] of update.removed) store.remove(key);
        this.changes += update.removed.length;
        break;
      default:
        assertNever(update);
    }
    this.requests.commit(requestId, { op, content: update.content, answer: answerTextOf(update) });
    this.op = op;
  }

  /** Op, counts and hash as text: the same on every replica at the same op. */
  snapshot(): string {
    const snapshot: Snapshot = { format: FORMAT, op: this.op, ...this.#held() };
    return JSON.stringify(snapshot);
  }

  /** Builds the state from the tables as they stand and a snapshot taken with them; '': before the first. Throws DamagedFileError. */
  restore(text: string): void {
    const snapshot: Omit<Snapshot, 'hash'> & { hash?: string } =
      text === '' ? { format: FORMAT, op: 0, tuples: 0, changes: 0, requests: 0 } : decodeSnapshot(text);
    this.changes = scanTuples(this.#table, this.store);
    this.requests.scan();
    const held = this.#held();
    for (const what of ['changes', 'tuples'] as const)
      mustHold(TUPLES_FILE, `${held[what]} ${what}`, `${snapshot[what]} ${what}`);
    mustHold(TUPLES_REQUESTS_FILE, `${held.requests} requests`, `${snapshot.requests} requests`);
    mustHold(TUPLES_FILE, `pairs with the hash ${held.hash}`, `pairs with the hash ${snapshot.hash ?? held.hash}`);
    this.op = snapshot.op;
  }

  #held(): Pick<Snapshot, 'tuples' | 'changes' | 'requests' | 'hash'> {
    const { store, changes, requests } = this;
    return { tuples: store.count, changes, requests: requests.count, hash: store.hash };
  }
}

function mustHold(file: string, found: string, expected: string): void {
  if (found !== expected) throw new DamagedFileError(file, `${found} instead of ${expected}`);
}

function decodeSnapshot(text: string): Snapshot {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isSnapshot(value)) throw new DamagedFileError('checkpoint', 'the snapshot of the tuple space cannot be read');
  return value;
}

function isSnapshot(value: unknown): value is Snapshot {
  if (typeof value !== 'object' || value === null) return false;
  const { format, op, tuples, changes, requests, hash } = value as Snapshot;
  return format === FORMAT && [op, tuples, changes, requests].every(Number.isSafeInteger) && typeof hash === 'string';
}
