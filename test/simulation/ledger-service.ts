import type { AloneContext, AloneExecution, AloneService, Settlement } from '../../src/base/alone.js';
import type { Entry } from '../../src/base/entry.js';
import { op as makeOp, type OpNumber } from '../../src/base/numbers.js';
import { refusal } from '../../src/base/refusal.js';
import type {
  Execution,
  ExecutionContext,
  OutboxItem,
  QueryAnswer,
  Service,
  ServiceQuery,
  ServiceRequest,
} from '../../src/base/service.js';

interface Line {
  readonly id: string;
  readonly value: number;
  readonly copiesNeeded: number;
}

/** Values from here on are what `limited stock` is to a shop: not taken without a majority. */
export const NEEDS_MAJORITY_FROM = 900;

/**
 * The smallest service that has everything the protocol can get wrong: a request table, a running total that an execution depends
 * on (so that executing on a wrong state shows), promises below a majority. For the core alone; the whole system is simulated with
 * the ordering service.
 */
export class LedgerService implements Service {
  readonly name = 'ledger';
  readonly alone: AloneService = {
    execute: (request, context) => this.#executeAlone(request, context),
    hold: (item) => void this.held.add(item.requestId),
    release: (requestId) => void this.held.delete(requestId),
    query: (query) => {
      const answer = this.query(query);
      return answer.kind === 'refused'
        ? answer
        : { kind: 'done', body: { ...(answer.body as object), isHeld: this.held.has(query.body as string) } };
    },
    // A request whose id ends in `of <id>` is about the order of that id.
    whyUnconfirmed: ({ requestId }) =>
      this.held.has(requestId.split(' of ')[1] ?? '') ? refusal('UNCONFIRMED', 'it waits here') : undefined,
    settlement: (item) => this.#settlement(item),
  };
  /** Ids that the outbox holds, as the core tells. */
  readonly held = new Set<string>();
  #committed = new Map<string, { op: OpNumber; line: Line; total: number }>();
  #total = 0;
  #speculative = new Map<string, { op: OpNumber; line: Line; total: number }>();
  #speculativeTotal = 0;

  execute(request: ServiceRequest, context: ExecutionContext): Execution {
    const value = request.body as number;
    const known = this.#speculative.get(request.requestId) ?? this.#committed.get(request.requestId);
    if (known !== undefined) {
      if (known.line.value !== value)
        return {
          kind: 'known',
          op: known.op,
          reply: { kind: 'refused', refusal: refusal('ID_REUSED', 'the id stands for another value') },
        };
      return { kind: 'known', op: known.op, reply: { kind: 'done', body: known.total } };
    }
    return this.#enter({ id: request.requestId, value, copiesNeeded: request.copiesNeeded }, context);
  }

  outboxProblem(item: OutboxItem): string | undefined {
    return item.update.startsWith('{"line":') ? undefined : 'it is no line of a ledger';
  }

  executeSalvaged(item: OutboxItem, context: ExecutionContext): Execution {
    const known = this.#speculative.get(item.requestId) ?? this.#committed.get(item.requestId);
    if (known !== undefined) return { kind: 'known', op: known.op, reply: { kind: 'done', body: known.total } };
    const problem = this.outboxProblem(item);
    if (problem !== undefined) return { kind: 'refused', refusal: refusal('INVALID_FIELD', problem) };
    const { line } = JSON.parse(item.update) as { line: Line };
    return this.#enter(line, context);
  }

  #executeAlone({ requestId, body }: ServiceRequest, { view, timeMs, held }: AloneContext): AloneExecution {
    const value = body as number;
    const reused = { kind: 'refused', refusal: refusal('ID_REUSED', 'the id stands for another value') } as const;
    const known = this.#committed.get(requestId);
    if (known !== undefined)
      return {
        kind: 'known',
        op: known.op,
        reply: known.line.value === value ? { kind: 'done', body: known.total } : reused,
      };
    if (held !== undefined)
      return { kind: 'held', reply: lineOf(held).value === value ? { kind: 'done', body: 'held' } : reused };
    if (value >= NEEDS_MAJORITY_FROM)
      return { kind: 'refused', refusal: refusal('NO_QUORUM', 'needs a majority', { alone: 'true' }) };
    const update = JSON.stringify({ line: { id: requestId, value, copiesNeeded: 1 } });
    const item = { requestId, service: this.name, update, timeMs, view, op: makeOp(0) };
    return { kind: 'taken', item, reply: { kind: 'done', body: 'held' } };
  }

  #settlement(item: OutboxItem): Settlement | undefined {
    const known = this.#committed.get(item.requestId);
    if (known === undefined) return undefined;
    return known.line.value === lineOf(item).value ? 'executed' : 'otherKept';
  }

  #enter(line: Line, _context: ExecutionContext): Execution {
    const total = this.#currentTotal() + line.value;
    return { kind: 'entry', update: JSON.stringify({ line, total }), reply: { kind: 'done', body: total } };
  }

  #currentTotal(): number {
    return this.#speculative.size > 0 ? this.#speculativeTotal : this.#total;
  }

  speculate(entry: Entry): void {
    const { line, total } = JSON.parse(entry.update) as { line: Line; total: number };
    if (total !== this.#currentTotal() + line.value) throw new Error(`op ${entry.op} was executed on another state`);
    this.#speculative.set(line.id, { op: entry.op, line, total });
    this.#speculativeTotal = total;
  }

  dropSpeculation(): void {
    this.#speculative.clear();
  }

  commit(entry: Entry): void {
    const { line, total } = JSON.parse(entry.update) as { line: Line; total: number };
    if (this.#committed.has(line.id)) throw new Error(`${line.id} was executed twice, again at op ${entry.op}`);
    if (total !== this.#total + line.value) throw new Error(`op ${entry.op} was executed on another state`);
    this.#total = total;
    this.#committed.set(line.id, { op: entry.op, line, total });
    this.#speculative.delete(line.id);
  }

  query(query: ServiceQuery): QueryAnswer {
    const id = query.body as string;
    return { kind: 'done', body: { total: this.#total, found: this.#committed.has(id) } };
  }

  hasCommitted(requestId: string): boolean {
    return this.#committed.has(requestId);
  }

  salvage(entry: Entry, majority: number): OutboxItem | undefined {
    const { line } = JSON.parse(entry.update) as { line: Line };
    if (line.copiesNeeded >= majority) return undefined;
    const { op, view, timeMs, update } = entry;
    return { requestId: line.id, service: this.name, update, timeMs, view, op };
  }

  foundingSeed(): string {
    return 'seed';
  }

  found(_seed: string): string[] {
    return [];
  }

  snapshot(): string {
    return JSON.stringify({ total: this.#total, committed: [...this.#committed] });
  }

  restore(snapshot: string): void {
    this.#speculative.clear();
    this.#committed.clear();
    this.#total = 0;
    if (snapshot === '') return;
    const { total, committed } = JSON.parse(snapshot) as {
      total: number;
      committed: [string, { op: number; line: Line; total: number }][];
    };
    this.#total = total;
    for (const [id, { op, line, total: at }] of committed) this.#committed.set(id, { op: makeOp(op), line, total: at });
  }
}

const lineOf = (item: OutboxItem): Line => (JSON.parse(item.update) as { line: Line }).line;
