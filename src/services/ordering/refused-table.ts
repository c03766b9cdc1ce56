import { csvRow, ROW_END, scanCsvRow } from '../../base/csv.js';
import { REFUSAL_REASONS, type Refusal } from '../../base/refusal.js';
import { DamagedFileError, type ServiceFiles, type Table } from '../../base/service.js';
import { ABSENT, IdIndex } from '../compact/id-index.js';
import { RisingNumbers } from '../compact/rising-numbers.js';
import { RowScanner } from '../row-scanner.js';
import type { Content } from './content.js';
import type { RefusedUpdate } from './updates.js';

/** Name of the table of refusals by state: their ids are spent for ever (rule 9). */
export const REFUSED_FILE = 'refused.csv';

/** Its header row. `details` is JSON, or empty; `content` the hash of what was asked. */
export const REFUSED_HEADER = `op,request_id,reason,message,details,content${ROW_END}`;

const COLUMN = { op: 0, requestId: 1, reason: 2 } as const;
const REASON_WORDS = REFUSAL_REASONS.map((reason) => Buffer.from(reason));

/** A refusal as it was decided. */
export interface RememberedRefusal {
  readonly op: number;
  readonly refusal: Refusal;
  readonly content: Content;
}

/** The refusals of committed state: rows in refused.csv, an index in memory. */
export class RefusedTable {
  readonly #table: Table;
  readonly #ids = new IdIndex();
  readonly #offsets = new RisingNumbers();

  constructor(files: ServiceFiles) {
    this.#table = files.table(REFUSED_FILE, REFUSED_HEADER);
  }

  /** Refusals that are remembered. */
  get count(): number {
    return this.#ids.count;
  }

  /** Whether this request was refused. */
  has(requestId: string): boolean {
    return this.#ids.find(requestId) !== ABSENT;
  }

  /** Remembers the refusal of a committed entry. */
  append(op: number, requestId: string, { reason, message, details, content }: RefusedUpdate): void {
    const row = csvRow([op, requestId, reason, message, details === undefined ? '' : JSON.stringify(details), content]);
    this.#ids.add(requestId);
    this.#offsets.append(this.#table.append(row));
  }

  /** The refusal of this request; `undefined` when it was not refused. */
  find(requestId: string): RememberedRefusal | undefined {
    const record = this.#ids.find(requestId);
    if (record === ABSENT) return undefined;
    const offset = this.#offsets.at(record);
    const end = record + 1 < this.count ? this.#offsets.at(record + 1) : this.#table.length;
    const scanned = scanCsvRow(this.#table.read(offset, end - offset), 0);
    if (scanned.kind !== 'row') throw new DamagedFileError(REFUSED_FILE, `the row of ${requestId} cannot be read`);
    const [op, id, reasonText, message, details, content] = scanned.fields;
    const reason = REFUSAL_REASONS.find((known) => known === reasonText);
    if (
      id !== requestId ||
      reason === undefined ||
      message === undefined ||
      details === undefined ||
      content === undefined
    )
      throw new DamagedFileError(REFUSED_FILE, `where the row of ${requestId} was written stands another`);
    const refusal = details === '' ? { reason, message } : { reason, message, details: detailsOf(details) };
    return { op: Number(op), refusal, content };
  }

  /** Builds the index from the table. Throws DamagedFileError. */
  scan(): void {
    const scanner = new RowScanner(this.#table, REFUSED_HEADER);
    const words = new Uint32Array(4);
    let lastOp = 0;
    while (scanner.next()) {
      const op = scanner.whole(COLUMN.op);
      if (op <= lastOp) scanner.damaged(`op ${op} follows op ${lastOp}`);
      lastOp = op;
      scanner.oneOf(COLUMN.reason, REASON_WORDS);
      scanner.uuid(COLUMN.requestId, words);
      if (this.#ids.addNewWords(words) === ABSENT) scanner.damaged('its request_id stands there twice');
      this.#offsets.append(scanner.offset);
    }
  }
}

function detailsOf(json: string): Record<string, string> {
  try {
    return JSON.parse(json) as Record<string, string>;
  } catch {
    throw new DamagedFileError(REFUSED_FILE, 'details are no JSON');
  }
}
