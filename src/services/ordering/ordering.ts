import type { AloneService } from '../../base/alone.js';
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
import { ABSENT } from '../compact/id-index.js';
import { AloneOrders } from './alone-orders.js';
import { CommittedState } from './committed-state.js';
import { contentOf } from './content.js';
import { executeCancel, executeRecheck, executeUpdateStatus } from './execute-change.js';
import { executeSetMenu, executeSetMotd } from './execute-menu.js';
import { executeMakeOrder, executeSalvagedOrder } from './execute-order.js';
import { decided } from './executions.js';
import { foundState, seedOf } from './founding.js';
import { outboxOrder } from './outbox-order.js';
import { PresentState } from './present-state.js';
import { answer, counts, traceOf } from './queries.js';
import type { OrderTrace } from './replies.js';
import type { OrderingQuery, OrderingRequest } from './requests.js';
import { restoreState } from './restore.js';
import { encodeSnapshot } from './snapshot.js';
import { Speculation } from './speculation.js';
import { decodeUpdate, readUpdate, type Update, updateOf } from './updates.js';

/** Name of the service in the journal. */
export const ORDERING = 'ordering';

/** Settings of the ordering service. */
export interface OrderingOptions {
  /** Orders and changes that make a frame of the index file; default 4,096. */
  readonly indexFrameRecords?: number;
}

/** Food ordering as the replication core runs it. Requests and queries have passed `validation.ts`. */
export class Ordering implements Service {
  readonly name = ORDERING;
  readonly alone: AloneService;
  readonly #files: ServiceFiles;
  readonly #speculation = new Speculation();
  #committed: CommittedState;
  #present: PresentState;

  /** State begins empty: `found` or `restore` comes before anything else. */
  constructor(
    files: ServiceFiles,
    readonly options: OrderingOptions = {},
  ) {
    this.#files = files;
    this.#committed = new CommittedState(files, options.indexFrameRecords);
    this.#present = new PresentState(this.#committed, this.#speculation);
    this.alone = new AloneOrders({ service: ORDERING, committed: () => this.#committed, present: () => this.#present });
  }

  execute(request: ServiceRequest, context: ExecutionContext): Execution {
    // The gate made it: the core carries requests without looking inside.
    const body = request.body as OrderingRequest;
    const known = this.#present.decision(request.requestId);
    if (known !== undefined) return decided(known, contentOf(body));
    switch (body.kind) {
      case 'makeOrder':
        assert(body.orderId === request.requestId, 'an order is requested by its own id');
        return executeMakeOrder(this.#present, body, request.copiesNeeded, context);
      case 'updateOrderStatus':
        return executeUpdateStatus(this.#present, body);
      case 'cancelOrder':
        return executeCancel(this.#present, body);
      case 'recheckPostcode':
        return executeRecheck(this.#present, body);
      case 'setMenu':
        return executeSetMenu(this.#present, request.requestId, body, context);
      case 'setMotd':
        return executeSetMotd(this.#present, request.requestId, body, context);
      default:
        return assertNever(body);
    }
  }

  speculate(entry: Entry): void {
    const { op, timeMs, requestId, update: text } = entry;
    assert(op > this.#committed.op, 'what is speculated is not committed yet');
    const update = updateOf(text);
    this.#speculation.add({ op, timeMs, requestId, update, text });
    if (update.kind !== 'menu' && update.kind !== 'motd') return;
    const answered = update.kind === 'menu' ? { menuVersion: update.version } : { motdVersion: update.version };
    this.#committed.requests.speculate(requestId, { op, timeMs, content: update.content, answer: answered });
  }

  dropSpeculation(): void {
    this.#speculation.drop();
    this.#committed.requests.dropSpeculation();
  }

  commit(entry: Entry): void {
    assert(entry.op > this.#committed.op, 'entries commit in op order');
    const speculative = this.#speculation.fold(entry.op);
    assert(speculative === undefined || speculative.text === entry.update, 'what commits is what was speculated');
    const update: Update = speculative?.update ?? decodeUpdate(entry.update);
    this.#committed.apply(update, entry);
  }

  query(query: ServiceQuery): QueryAnswer {
    return answer(this.#committed, query.body as OrderingQuery);
  }

  hasCommitted(requestId: string): boolean {
    const { orders, refusals, requests } = this.#committed;
    return (
      orders.index.find(requestId) !== ABSENT ||
      orders.changes.find(requestId) !== ABSENT ||
      refusals.has(requestId) ||
      requests.hasCommitted(requestId)
    );
  }

  trace(id: string): OrderTrace {
    return traceOf(this.#committed, id);
  }

  salvage(entry: Entry, majority: number): OutboxItem | undefined {
    const update = readUpdate(entry.update);
    // One that cannot be read is kept as well: nobody knows what was promised of it.
    if (update !== undefined && (update.kind !== 'order' || update.copies >= majority)) return undefined;
    const { requestId, timeMs, view, op } = entry;
    return { requestId, service: this.name, update: entry.update, timeMs, view, op };
  }

  outboxProblem(item: OutboxItem): string | undefined {
    return outboxOrder(item).problem;
  }

  executeSalvaged(item: OutboxItem, context: ExecutionContext): Execution {
    return executeSalvagedOrder(this.#present, item, context);
  }

  foundingSeed(): string {
    return seedOf(this.#committed);
  }

  found(seed: string, entry: Entry): string[] {
    return foundState(this.#committed, seed, entry.op);
  }

  counts(): Readonly<Record<string, number>> {
    const { orders, users, changes, refusals, menuItems, menuVersion, motdVersion } = counts(this.#committed);
    return {
      orders,
      users,
      changes,
      refusals,
      menu_items: menuItems,
      menu_version: menuVersion,
      motd_version: motdVersion,
    };
  }

  snapshot(): string {
    return encodeSnapshot(this.#committed);
  }

  restore(snapshot: string): void {
    this.#committed = restoreState(this.#files, snapshot, this.options.indexFrameRecords);
    this.#speculation.drop();
    this.#present = new PresentState(this.#committed, this.#speculation);
  }
}
