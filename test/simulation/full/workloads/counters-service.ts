import { assert } from '../../../../src/base/assert.js';
import { csvRow, ROW_END, scanCsvRow } from '../../../../src/base/csv.js';
import { digest } from '../../../../src/base/digest.js';
import type { Entry } from '../../../../src/base/entry.js';
import { op as opNumber } from '../../../../src/base/numbers.js';
import { refusal } from '../../../../src/base/refusal.js';
import {
  DamagedFileError,
  type Execution,
  type OutboxItem,
  type QueryAnswer,
  type Service,
  type ServiceFiles,
  type ServiceQuery,
  type ServiceReply,
  type ServiceRequest,
  type Table,
} from '../../../../src/base/service.js';
import { KnownRequests, type KnownRequest } from '../../../../src/services/known-requests.js';
import { RowScanner } from '../../../../src/services/row-scanner.js';

export const COUNTERS = 'counters';
export const COUNTERS_TABLE = 'counters.csv';
export const COUNTERS_REQUESTS = 'counters-requests.csv';
const HEADER = `op,name,by,value${ROW_END}`;

/** What a counter may reach, but for what had been promised before. */
export const COUNTER_MAX = 60;

/** Adds `by`, 1 or more, to the counter of this name; refused where it would pass COUNTER_MAX. */
export interface AddRequest {
  readonly name: string;
  readonly by: number;
}

export type CountersQuery =
  | { readonly kind: 'get'; readonly name: string }
  /** Every counter, by name. */
  | { readonly kind: 'all' }
  /** Additions from an op on, at most `limit`. */
  | { readonly kind: 'additions'; readonly fromOp: number; readonly limit: number };

/** One row of the table. */
export interface Addition {
  readonly op: number;
  readonly name: string;
  readonly by: number;
  /** What the counter came to. */
  readonly value: number;
}

/** The update of an entry. */
export type CountersUpdate = AddRequest & { readonly copies: number } & (
    | { readonly kind: 'add'; readonly value: number; readonly isSalvaged?: true }
    | { readonly kind: 'refused'; readonly value: number }
  );

/**
 * The smallest service that has all that services have: known requests, a table that is read again, refusals by state, a
 * speculative layer, and promises below a majority that are salvaged. For the simulator only.
 */
export class Counters implements Service {
  readonly name = COUNTERS;
  readonly #table: Table;
  readonly #speculative = new Map<string, { readonly op: number; readonly value: number }>();
  #requests: KnownRequests;
  #values = new Map<string, number>();
  #rows: { readonly op: number; readonly offset: number }[] = [];
  #op = 0;

  constructor(private readonly files: ServiceFiles) {
    this.#table = files.table(COUNTERS_TABLE, HEADER);
    this.#requests = new KnownRequests(files, COUNTERS_REQUESTS);
  }

  execute({ requestId, body, copiesNeeded }: ServiceRequest): Execution {
    const { name, by } = body as AddRequest;
    const known = this.#requests.find(requestId);
    if (known !== undefined) return knownExecution(known, contentOf({ name, by }));
    return this.#enter({ name, by }, copiesNeeded, false);
  }

  executeSalvaged({ requestId, update }: OutboxItem): Execution {
    const { name, by, copies } = decode(update);
    const known = this.#requests.find(requestId);
    if (known !== undefined) return knownExecution(known, contentOf({ name, by }));
    return this.#enter({ name, by }, copies, true);
  }

  speculate(entry: Entry): void {
    assert(entry.op > this.#op, 'what is speculated is not committed yet');
    const update = decode(entry.update);
    this.#requests.speculate(entry.requestId, requestOf(entry.op, update));
    if (update.kind === 'add') this.#speculative.set(update.name, { op: entry.op, value: update.value });
  }

  dropSpeculation(): void {
    this.#speculative.clear();
    this.#requests.dropSpeculation();
  }

  commit(entry: Entry): void {
    assert(entry.op > this.#op, 'entries commit in op order');
    const update = decode(entry.update);
    this.#op = entry.op;
    this.#requests.commit(entry.requestId, requestOf(entry.op, update));
    if (update.kind !== 'add') return;
    const { name, by, value } = update;
    if (this.#speculative.get(name)?.op === entry.op) this.#speculative.delete(name);
    this.#values.set(name, value);
    this.#rows.push({ op: entry.op, offset: this.#table.append(csvRow([entry.op, name, by, value])) });
  }

  query({ body }: ServiceQuery): QueryAnswer {
    const query = body as CountersQuery;
    switch (query.kind) {
      case 'get':
        return { kind: 'done', body: this.#values.get(query.name) ?? 0 };
      case 'all':
        return { kind: 'done', body: [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1)) };
      case 'additions': {
        const from = this.#rows.findIndex(({ op }) => op >= query.fromOp);
        const rows = from < 0 ? [] : this.#rows.slice(from, from + query.limit);
        return { kind: 'done', body: rows.map((_, index) => this.#read(from + index)) };
      }
    }
  }

  hasCommitted(requestId: string): boolean {
    return this.#requests.hasCommitted(requestId);
  }

  opOf(requestId: string): number | undefined {
    return this.#requests.opOf(requestId);
  }

  salvage({ requestId, update, timeMs, view, op }: Entry, majority: number): OutboxItem | undefined {
    const { kind, copies } = decode(update);
    if (kind !== 'add' || copies >= majority) return undefined;
    return { requestId, service: this.name, update, timeMs, view, op };
  }

  outboxProblem({ update }: OutboxItem): string | undefined {
    try {
      return decode(update).kind === 'add' ? undefined : 'it adds nothing';
    } catch {
      return 'its update is no JSON';
    }
  }

  foundingSeed(): string {
    return '';
  }

  found(): string[] {
    return [];
  }

  snapshot(): string {
    return JSON.stringify({ op: this.#op, additions: this.#rows.length, requests: this.#requests.count });
  }

  restore(snapshot: string): void {
    this.#speculative.clear();
    this.#values = new Map();
    this.#rows = [];
    this.#requests = new KnownRequests(this.files, COUNTERS_REQUESTS);
    this.#requests.scan();
    const scanner = new RowScanner(this.#table, HEADER);
    while (scanner.next()) {
      const value = (this.#values.get(scanner.text(1)) ?? 0) + scanner.whole(2);
      if (value !== scanner.whole(3)) scanner.damaged(`the counter comes to ${value}`);
      this.#values.set(scanner.text(1), value);
      this.#rows.push({ op: scanner.whole(0), offset: scanner.offset });
    }
    const told = (snapshot === '' ? { op: 0, additions: 0, requests: 0 } : JSON.parse(snapshot)) as Snapshot;
    this.#op = told.op;
    if (told.additions !== this.#rows.length)
      throw new DamagedFileError(COUNTERS_TABLE, `${this.#rows.length} additions instead of ${told.additions}`);
    if (told.requests !== this.#requests.count)
      throw new DamagedFileError(COUNTERS_REQUESTS, `${this.#requests.count} requests instead of ${told.requests}`);
  }

  #enter({ name, by }: AddRequest, copies: number, isSalvaged: boolean): Execution {
    const before = this.#speculative.get(name)?.value ?? this.#values.get(name) ?? 0;
    const update: CountersUpdate =
      before + by > COUNTER_MAX && !isSalvaged
        ? { kind: 'refused', name, by, copies, value: before }
        : { kind: 'add', name, by, copies, value: before + by, ...(isSalvaged ? { isSalvaged } : {}) };
    return { kind: 'entry', update: JSON.stringify(update), reply: replyOf(update), copiesNeeded: copies };
  }

  #read(row: number): Addition {
    const { op, offset } = this.#rows[row] ?? { op: 0, offset: 0 };
    const end = this.#rows[row + 1]?.offset ?? this.#table.length;
    const scanned = scanCsvRow(this.#table.read(offset, end - offset), 0);
    const [at, name, by, value] = scanned.kind === 'row' ? scanned.fields : [];
    if (Number(at) !== op || name === undefined)
      throw new DamagedFileError(COUNTERS_TABLE, `where the row of op ${op} was written stands another`);
    return { op, name, by: Number(by), value: Number(value) };
  }
}

interface Snapshot {
  readonly op: number;
  readonly additions: number;
  readonly requests: number;
}

const decode = (update: string): CountersUpdate => JSON.parse(update) as CountersUpdate;
const contentOf = ({ name, by }: AddRequest): string => digest(JSON.stringify([name, by]));
const requestOf = (op: number, update: CountersUpdate): KnownRequest => ({
  op,
  content: contentOf(update),
  answer: JSON.stringify(replyOf(update)),
});

const replyOf = ({ kind, name, value }: CountersUpdate): ServiceReply =>
  kind === 'add'
    ? { kind: 'done', body: value }
    : { kind: 'refused', refusal: refusal('INVALID_TRANSITION', `${name} stands at ${value}.`) };

function knownExecution({ op, content, answer }: KnownRequest, asked: string): Execution {
  const reused: ServiceReply = { kind: 'refused', refusal: refusal('ID_REUSED', 'This id stands for something else.') };
  return { kind: 'known', op: opNumber(op), reply: content === asked ? (JSON.parse(answer) as ServiceReply) : reused };
}
