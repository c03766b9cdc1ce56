import { assert } from '../../base/assert.js';
import type { Entry } from '../../base/entry.js';
import { DamagedFileError, type ServiceFiles } from '../../base/service.js';
import { KnownRequests } from '../known-requests.js';
import { encodeAnswer } from './answers.js';
import { RecordStore } from './record-store.js';
import { RECORDS_FILE } from './records-table.js';
import { contentOf, type Update } from './updates.js';

/** Requests that were executed, by id. */
export const REQUESTS_FILE = 'records-requests.csv';

/** What a snapshot holds: the tables hold all the rest, and must agree with it. */
interface Snapshot {
  readonly op: number;
  readonly records: number;
  readonly updates: number;
  readonly requests: number;
}

const BEFORE_FOUNDING: Snapshot = { op: 0, records: 0, updates: 0, requests: 0 };

/** Committed records and the requests that made them. */
export class CommittedState {
  readonly records: RecordStore;
  readonly requests: KnownRequests;
  /** Op of the last committed entry of this service; 0 before the first. */
  op = 0;

  /** Empty until `restore`. */
  constructor(files: ServiceFiles, cacheBytesMax?: number) {
    this.records = new RecordStore(files, cacheBytesMax);
    this.requests = new KnownRequests(files, REQUESTS_FILE);
  }

  /** Applies a committed entry. */
  apply(update: Update, { op, timeMs, requestId }: Entry): void {
    assert(op > this.op, 'entries commit in op order');
    this.op = op;
    if (update.kind === 'fields')
      this.records.commit(update.name, update.fields, { version: update.version, op, timeMs });
    const content = update.kind === 'fields' ? contentOf(update) : update.content;
    this.requests.commit(requestId, { op, content, answer: encodeAnswer(update) });
  }

  /** The state beside the tables, as text. */
  snapshot(): string {
    return JSON.stringify(this.#counts());
  }

  /** Takes up the tables as they stand. Throws DamagedFileError when they do not agree with themselves or the snapshot. */
  restore(text: string): void {
    const expected = text === '' ? BEFORE_FOUNDING : (JSON.parse(text) as Snapshot);
    const lastOp = this.records.scan();
    this.requests.scan();
    if (lastOp > expected.op)
      throw new DamagedFileError(RECORDS_FILE, `it goes up to op ${lastOp} instead of ${expected.op}`);
    this.op = expected.op;
    const found = this.#counts();
    for (const [file, what] of [
      [RECORDS_FILE, 'records'],
      [RECORDS_FILE, 'updates'],
      [REQUESTS_FILE, 'requests'],
    ] as const)
      if (found[what] !== expected[what])
        throw new DamagedFileError(file, `${found[what]} ${what} instead of ${expected[what]}`);
  }

  #counts(): Snapshot {
    const { op, records, requests } = this;
    return { op, records: records.count, updates: records.updates, requests: requests.count };
  }
}
