import { csvRow, ROW_END, scanCsvRow } from '../base/csv.js';
import { DamagedFileError, type ServiceFiles, type Table } from '../base/service.js';
import { ABSENT, IdIndex } from './compact/id-index.js';
import { RisingNumbers } from './compact/rising-numbers.js';
import { RowScanner } from './row-scanner.js';

/** Header row of a table of known requests. */
export const REQUESTS_HEADER = `op,request_id,content,answer${ROW_END}`;

const COLUMN = { op: 0, requestId: 1 } as const;

/** What is remembered of a request that was executed: enough to recognise a repeat and to give it the same answer. */
export interface KnownRequest {
  /** Op of its entry. */
  readonly op: number;
  /** Hash over what was asked: the same id with another content is another request. */
  readonly content: string;
  /** What it was answered, as the service encodes it; one line of text. */
  readonly answer: string;
}

/**
 * The requests that a service executed, by id and for ever: a repeat gets its first answer (rule 11). Committed ones are rows of a
 * table, with an index of about 25 bytes each in memory; those of entries that are not committed yet lie over them.
 */
export class KnownRequests {
  readonly #table: Table;
  readonly #ids = new IdIndex();
  readonly #offsets = new RisingNumbers();
  readonly #speculative = new Map<string, KnownRequest>();

  /** `fileName`: name of the table, such as `log-requests.csv`. Empty until `scan`. */
  constructor(files: ServiceFiles, fileName: string) {
    this.#table = files.table(fileName, REQUESTS_HEADER);
  }

  /** Committed requests. */
  get count(): number {
    return this.#ids.count;
  }

  /** A request that was executed, committed or not. Throws DamagedFileError. */
  find(requestId: string): KnownRequest | undefined {
    return this.#speculative.get(requestId) ?? this.#committed(requestId);
  }

  /** Op of a committed request. Throws DamagedFileError. */
  opOf(requestId: string): number | undefined {
    return this.#committed(requestId)?.op;
  }

  /** Whether the request is part of committed state. */
  hasCommitted(requestId: string): boolean {
    return this.#ids.find(requestId) !== ABSENT;
  }

  /** Remembers a request of an entry that is not committed yet. */
  speculate(requestId: string, request: KnownRequest): void {
    this.#speculative.set(requestId, request);
  }

  /** Forgets all that is not committed. */
  dropSpeculation(): void {
    this.#speculative.clear();
  }

  /** Remembers a request of a committed entry; ops rise. */
  commit(requestId: string, { op, content, answer }: KnownRequest): void {
    this.#speculative.delete(requestId);
    this.#ids.add(requestId);
    this.#offsets.append(this.#table.append(csvRow([op, requestId, content, answer])));
  }

  /** Builds the index from the table, for `restore`. Throws DamagedFileError. */
  scan(): void {
    const scanner = new RowScanner(this.#table, REQUESTS_HEADER);
    const words = new Uint32Array(4);
    let lastOp = 0;
    while (scanner.next()) {
      const op = scanner.whole(COLUMN.op);
      if (op <= lastOp) scanner.damaged(`op ${op} follows op ${lastOp}`);
      lastOp = op;
      scanner.uuid(COLUMN.requestId, words);
      if (this.#ids.addNewWords(words) === ABSENT) scanner.damaged('its request_id stands there twice');
      this.#offsets.append(scanner.offset);
    }
  }

  #committed(requestId: string): KnownRequest | undefined {
    const record = this.#ids.find(requestId);
    if (record === ABSENT) return undefined;
    const offset = this.#offsets.at(record);
    const end = record + 1 < this.count ? this.#offsets.at(record + 1) : this.#table.length;
    const scanned = scanCsvRow(this.#table.read(offset, end - offset), 0);
    const [op, id, content, answer] = scanned.kind === 'row' ? scanned.fields : [];
    if (op === undefined || id !== requestId || content === undefined || answer === undefined)
      throw new DamagedFileError(this.#table.name, `where the row of ${requestId} was written stands another`);
    return { op: Number(op), content, answer };
  }
}
