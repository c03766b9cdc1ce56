import { assert, assertNever } from '../../base/assert.js';
import type { Entry } from '../../base/entry.js';
import type {
  Execution,
  ExecutionContext,
  OutboxItem,
  QueryAnswer,
  Service,
  ServiceFiles,
  ServiceQuery,
  ServiceRequest,
} from '../../base/service.js';
import { answerTextOf } from './answers.js';
import { CommittedState } from './committed-state.js';
import { decided, executeChange, executeDelete, executeSalvagedUpdate } from './execute.js';
import { outboxUpdate } from './outbox-update.js';
import { PresentTuples } from './present-tuples.js';
import { answer } from './queries.js';
import type { TuplesQuery, TuplesRequest } from './requests.js';
import { decodeUpdate, readUpdate } from './updates.js';

/** Name of the service in the journal. */
export const TUPLES = 'tuples';

/**
 * The tuple space as the replication core runs it: pairs of tuples, one value for each key, found by patterns. Requests and queries
 * have passed the gate (contract.ts). Patterns are searched at the primary alone: entries hold the pairs that were found.
 */
export class Tuples implements Service {
  readonly name = TUPLES;
  readonly #files: ServiceFiles;
  #committed: CommittedState;
  #present: PresentTuples;
  /** Ops that are speculated and not committed, with their updates as text. */
  readonly #open = new Map<number, string>();

  /** State begins empty: `found` or `restore` comes before anything else. */
  constructor(files: ServiceFiles) {
    this.#files = files;
    this.#committed = new CommittedState(files);
    this.#present = new PresentTuples(this.#committed.store);
  }

  execute(request: ServiceRequest, _context: ExecutionContext): Execution {
    // The gate made it: the core carries requests without looking inside.
    const body = request.body as TuplesRequest;
    const known = this.#committed.requests.find(request.requestId);
    if (known !== undefined) return decided(known, body);
    switch (body.kind) {
      case 'put':
      case 'post':
        return executeChange(this.#present, body, request.copiesNeeded);
      case 'delete':
        return executeDelete(this.#present, body, request.copiesNeeded);
      default:
        return assertNever(body);
    }
  }

  speculate({ op, requestId, update: text }: Entry): void {
    assert(op > this.#committed.op, 'what is speculated is not committed yet');
    const update = decodeUpdate(text);
    this.#open.set(op, text);
    this.#present.speculate(op, update);
    this.#committed.requests.speculate(requestId, { op, content: update.content, answer: answerTextOf(update) });
  }

  dropSpeculation(): void {
    this.#open.clear();
    this.#present.drop();
    this.#committed.requests.dropSpeculation();
  }

  commit(entry: Entry): void {
    const { op, update: text } = entry;
    assert(op > this.#committed.op, 'entries commit in op order');
    assert(this.#open.size === 0 || this.#open.get(op) === text, 'what commits is what was speculated');
    this.#open.delete(op);
    const update = decodeUpdate(text);
    this.#committed.apply(update, entry);
    this.#present.fold(op, update);
  }

  query(query: ServiceQuery): QueryAnswer {
    return answer(this.#committed, query.body as TuplesQuery);
  }

  hasCommitted(requestId: string): boolean {
    return this.#committed.requests.hasCommitted(requestId);
  }

  opOf(requestId: string): number | undefined {
    return this.#committed.requests.opOf(requestId);
  }

  salvage(entry: Entry, majority: number): OutboxItem | undefined {
    const update = readUpdate(entry.update);
    // One that cannot be read is kept as well: nobody knows what was promised of it.
    if (update !== undefined && update.copies >= majority) return undefined;
    const { requestId, timeMs, view, op } = entry;
    return { requestId, service: this.name, update: entry.update, timeMs, view, op };
  }

  outboxProblem(item: OutboxItem): string | undefined {
    return outboxUpdate(item).problem;
  }

  executeSalvaged(item: OutboxItem, context: ExecutionContext): Execution {
    return executeSalvagedUpdate(this.#present, this.#committed.requests.find(item.requestId), item, context);
  }

  foundingSeed(): string {
    return '';
  }

  found(_seed: string, _entry: Entry): string[] {
    return [];
  }

  counts(): Readonly<Record<string, number>> {
    const { store, changes } = this.#committed;
    return { tuples: store.count, changes };
  }

  snapshot(): string {
    return this.#committed.snapshot();
  }

  restore(snapshot: string): void {
    this.#committed = new CommittedState(this.#files);
    this.#committed.restore(snapshot);
    this.#present = new PresentTuples(this.#committed.store);
    this.#open.clear();
  }
}
