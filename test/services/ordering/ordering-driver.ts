import { encodeEntry, GENESIS_CHAIN, type Entry } from '../../../src/base/entry.js';
import { op, view } from '../../../src/base/numbers.js';
import type { Execution, OutboxItem, ServiceReply } from '../../../src/base/service.js';
import { Ordering, ORDERING } from '../../../src/services/ordering/ordering.js';
import type { AnswerOf, Order } from '../../../src/services/ordering/replies.js';
import type { MakeOrder, OrderingQuery, OrderingRequest } from '../../../src/services/ordering/requests.js';
import { MemoryFiles } from '../../support/memory-files.js';

/** A menu as a person would write it. */
export const MENU_CSV = [
  'item,price,category,description,allergens,stock',
  'Tomato Soup,4.50,Starters,"Warm, with bread",Celery;Gluten,',
  'Fish Pie,11.95,Mains,,Fish;Milk,5',
  'Crumble,5.25,Desserts,"The ""usual""",,2',
  '',
].join('\n');

/** The clock of the first entry. */
export const START_MS = Date.UTC(2026, 10, 21, 18, 30, 0, 125);

/** What a request became: its entry, the op of an earlier one, or nothing. */
export interface Outcome {
  readonly execution: Execution;
  readonly entry: Entry | undefined;
  readonly reply: ServiceReply;
}

/** A primary of one service: executes, stamps, speculates, and commits when told to. */
export class Driver {
  ordering: Ordering;
  /** Every entry, by op − 1. */
  readonly entries: Entry[] = [];
  committed = 0;
  nowMs = START_MS;

  constructor(readonly files = new MemoryFiles({ 'menu.csv': MENU_CSV, 'motd.txt': 'Welcome' })) {
    this.ordering = new Ordering(files);
  }

  /** Founds the cluster with these files: op 1. */
  found(): this {
    const seed = this.ordering.foundingSeed();
    const entry = encodeEntry(
      { op: op(1), view: view(0), timeMs: this.nowMs, requestId: '', service: ORDERING, update: seed },
      GENESIS_CHAIN,
    );
    this.entries.push(entry);
    this.ordering.found(seed, entry);
    this.committed = 1;
    return this;
  }

  /** Executes a request at the next op and speculates its entry. */
  request(requestId: string, body: OrderingRequest, copiesNeeded = 2): Outcome {
    const context = this.#context();
    return this.#take(requestId, this.ordering.execute({ requestId, body, copiesNeeded }, context));
  }

  /** Executes an item of an outbox at the next op and speculates its entry. */
  salvaged(item: OutboxItem): Outcome {
    return this.#take(item.requestId, this.ordering.executeSalvaged(item, this.#context()));
  }

  #context() {
    this.nowMs += 1000;
    return { op: op(this.entries.length + 1), view: view(3), timeMs: this.nowMs, replicaCount: 3 };
  }

  #take(requestId: string, execution: Execution): Outcome {
    if (execution.kind === 'refused')
      return { execution, entry: undefined, reply: { kind: 'refused', refusal: execution.refusal } };
    if (execution.kind === 'known') return { execution, entry: undefined, reply: execution.reply };
    const head = { ...this.#stamp(), requestId, service: ORDERING, update: execution.update };
    const entry = encodeEntry(head, this.entries.at(-1)?.chain ?? GENESIS_CHAIN);
    this.entries.push(entry);
    this.ordering.speculate(entry);
    return { execution, entry, reply: execution.reply };
  }

  #stamp() {
    return { op: op(this.entries.length + 1), view: view(3), timeMs: this.nowMs };
  }

  /** Commits up to an op; all by default. */
  commit(upTo = this.entries.length): this {
    while (this.committed < upTo) {
      const entry = this.entries[this.committed++];
      if (entry !== undefined) this.ordering.commit(entry);
    }
    return this;
  }

  /** Leaves the view: what is not committed is cut off. Returns it. */
  cutOff(): Entry[] {
    this.ordering.dropSpeculation();
    return this.entries.splice(this.committed);
  }

  /** A query's answer, which must not be refused. */
  ask<Q extends OrderingQuery>(query: Q): AnswerOf[Q['kind']] {
    return ask(this.ordering, query);
  }
}

/** A query's answer, which must not be refused. */
export function ask<Q extends OrderingQuery>(ordering: Ordering, query: Q): AnswerOf[Q['kind']] {
  const answer = ordering.query({ body: query });
  if (answer.kind === 'refused') throw new Error(`refused: ${answer.refusal.message}`);
  return answer.body as AnswerOf[Q['kind']];
}

/** A UUIDv4 made of a number. */
export function orderIdOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** A UUIDv7 of a time and a number. */
export function requestIdOf(number: number, timeMs = START_MS): string {
  const time = timeMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** An order of one soup; `changes` over it. */
export function soupOrder(number: number, changes: Partial<MakeOrder> = {}): MakeOrder {
  return {
    kind: 'makeOrder',
    orderId: orderIdOf(number),
    userCode: 'ann',
    lines: [{ item: 'Tomato Soup', quantity: 1, pricePence: 450 }],
    postCode: 'DH1 1JN',
    postcodeVerdict: 'valid',
    postcodeReason: '',
    notes: '',
    ...changes,
  };
}

/** The order in a reply that must be one. */
export function orderIn(reply: ServiceReply): Order {
  if (reply.kind === 'refused') throw new Error(`refused: ${reply.refusal.reason} ${reply.refusal.message}`);
  return (reply.body as { order: Order }).order;
}

/** The reason of a reply that must be a refusal. */
export function reasonIn(reply: ServiceReply): string {
  if (reply.kind === 'done') throw new Error('it was not refused');
  return reply.refusal.reason;
}
