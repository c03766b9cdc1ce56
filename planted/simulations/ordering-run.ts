import { isDeepStrictEqual } from 'node:util';
import type { OutboxItem, ServiceReply } from '../../src/base/service.js';
import { Ordering } from '../../src/services/ordering/ordering.js';
import type { Order } from '../../src/services/ordering/replies.js';
import { Prng } from '../../test/simulation/prng.js';
import { MemoryFiles } from '../../test/support/memory-files.js';
import { Driver, type Outcome } from '../../test/services/ordering/ordering-driver.js';
import { decodeUpdate } from '../../src/services/ordering/updates.js';
import type { RunFacts } from '../simulation.js';
import { altered, MENU, RequestSource, STOCK, type Asked } from './ordering-requests.js';

/** Orders that are not as customers were told. */
export class FailedOrderingRun extends Error {
  override readonly name = 'FailedOrderingRun';
}

/** Disks that are a majority of the three. */
const MAJORITY = 2;
const STEPS_MAX = 90;

/** What a caller knows of a request that was entered in the log. */
interface Known {
  readonly asked: Asked;
  /** The answer that every repeat must get; undefined while the order waits in the outbox. */
  reply: ServiceReply | undefined;
  /** The caller was told that it is done, though perhaps on one disk. */
  isAcknowledged: boolean;
}

/** A primary of the ordering service whose callers repeat themselves, which restarts, fails over and loses its uncommitted end. */
export class OrderingRun {
  readonly #prng: Prng;
  readonly #source: RequestSource;
  readonly #isMenuChanged: boolean;
  readonly #known = new Map<string, Known>();
  readonly #counts = { ops: 0, acknowledged: 0, faults: 0 };
  readonly #reached = new Set<string>();
  #outbox: OutboxItem[] = [];
  #driver: Driver;
  /** What a restart begins with. */
  #checkpoint: { readonly op: number; readonly files: MemoryFiles; readonly snapshot: string };

  constructor(seed: number) {
    this.#prng = new Prng(seed);
    this.#isMenuChanged = this.#prng.chance(0.4);
    this.#source = new RequestSource(this.#prng, this.#isMenuChanged);
    this.#driver = new Driver(new MemoryFiles({ 'menu.csv': MENU, 'motd.txt': 'Welcome' })).found();
    this.#checkpoint = this.#takeCheckpoint();
  }

  get facts(): RunFacts {
    return { ...this.#counts, reached: this.#reached };
  }

  /** Throws FailedOrderingRun. */
  run(): void {
    const prng = this.#prng;
    for (let steps = prng.between(10, STEPS_MAX); steps > 0; steps--) {
      this.#act(prng.between(0, 19));
      if (prng.chance(0.5)) this.#commit(prng.between(this.#driver.committed, this.#driver.entries.length));
    }
    this.#settle();
    this.#checkEnd();
  }

  #act(choice: number): void {
    const past = this.#known.size === 0 ? undefined : this.#prng.pick([...this.#known.values()]);
    if (choice < 8 || past === undefined) return this.#ask(this.#source.next());
    if (choice < 12) return this.#repeat(past);
    if (choice < 13) return this.#reuse(past);
    if (choice < 15) return this.#submit();
    if (choice < 16) {
      this.#checkpoint = this.#takeCheckpoint();
      return this.#note('checkpoint');
    }
    this.#counts.faults++;
    if (choice < 17) return this.#restart();
    return choice < 18 ? this.#failOver() : this.#cutOff();
  }

  #ask(asked: Asked): void {
    const { id, body, copies } = asked;
    const outcome = this.#driver.request(id, body, copies);
    this.#note(`${body.kind} ${outcome.reply.kind}`);
    if (outcome.entry !== undefined) this.#enter(asked, outcome);
  }

  #enter(asked: Asked, { execution, reply }: Outcome): void {
    this.#counts.ops++;
    const copies = (execution.kind === 'entry' ? execution.copiesNeeded : undefined) ?? asked.copies;
    const isAcknowledged = copies < MAJORITY && asked.body.kind === 'makeOrder' && reply.kind === 'done';
    this.#known.set(asked.id, { asked, reply, isAcknowledged });
  }

  /** The same request again: the same answer, and nothing happens. */
  #repeat(known: Known): void {
    const { id, body, copies } = known.asked;
    const outcome = this.#driver.request(id, body, copies);
    this.#note(`repeated ${body.kind}`);
    if (known.reply === undefined) {
      // It waits in an outbox; asked for again it is entered now.
      if (outcome.entry !== undefined) this.#enter(known.asked, outcome);
      return;
    }
    if (outcome.entry !== undefined) this.#fail(`a repeat of ${body.kind} ${id} was entered again`);
    if (!isDeepStrictEqual(outcome.reply, known.reply))
      this.#fail(`a repeat of ${body.kind} ${id} was answered otherwise: ${JSON.stringify(outcome.reply)}`);
  }

  #reuse(known: Known): void {
    if (known.reply === undefined) return;
    const { id, body, copies } = altered(known.asked);
    const { reply, entry } = this.#driver.request(id, body, copies);
    this.#note('reused id');
    if (entry !== undefined || reply.kind !== 'refused' || reply.refusal.reason !== 'ID_REUSED')
      this.#fail(`${id} was taken for another content: ${JSON.stringify(reply)}`);
  }

  /** Orders of the outbox are submitted, perhaps again. */
  #submit(): void {
    for (const item of this.#outbox) {
      const known = this.#known.get(item.requestId);
      const outcome = this.#driver.salvaged(item);
      this.#note('submitted');
      if (outcome.entry === undefined) continue;
      const isRejected = orderOf(outcome.reply)?.status === 'rejected';
      // Refused when it was sent again, it becomes a rejected order, once: its customer finds it in the list.
      const wasRefused = known?.reply?.kind === 'refused' && isRejected;
      if (!wasRefused && known?.reply !== undefined)
        this.#fail(`${item.requestId} of the outbox was entered a second time`);
      this.#counts.ops++;
      if (known !== undefined) known.reply = outcome.reply;
      if (!this.#isMenuChanged && isRejected && !wasRefused)
        this.#fail(`${item.requestId} was acknowledged, cut off, and then there was no stock for it`);
    }
    const { ordering } = this.#driver;
    this.#outbox = this.#outbox.filter(
      (item) => !ordering.hasCommitted(item.requestId) || ordering.alone.settlement(item) === undefined,
    );
  }

  #commit(upTo: number): void {
    for (const entry of this.#driver.entries.slice(this.#driver.committed, upTo)) {
      const known = this.#known.get(entry.requestId);
      if (known !== undefined) known.isAcknowledged = true;
      this.#counts.acknowledged++;
    }
    this.#driver.commit(upTo);
  }

  /** A process begins anew from its checkpoint and its journal, as primary. */
  #restart(): void {
    this.#note('restart');
    const { op, files, snapshot } = this.#checkpoint;
    const copy = files.copy();
    const ordering = new Ordering(copy);
    ordering.restore(snapshot);
    this.#takeOver(copy, ordering, op);
  }

  /** A backup, which only committed so far, becomes the primary. */
  #failOver(): void {
    this.#note('failover');
    const files = new MemoryFiles();
    this.#takeOver(files, new Ordering(files), 0);
  }

  #takeOver(files: MemoryFiles, ordering: Ordering, op: number): void {
    const before = this.#driver;
    const next = new Driver(files);
    next.ordering = ordering;
    next.entries.push(...before.entries);
    next.committed = before.committed;
    next.nowMs = before.nowMs;
    for (const entry of next.entries.slice(op, next.committed)) {
      if (entry.op === 1) ordering.found(entry.update, entry);
      else ordering.commit(entry);
    }
    for (const entry of next.entries.slice(next.committed)) ordering.speculate(entry);
    this.#driver = next;
  }

  /** The view ends and the next one has none of what is not committed. */
  #cutOff(): void {
    this.#note('cut off');
    for (const entry of this.#driver.cutOff()) {
      const item = this.#driver.ordering.salvage(entry, MAJORITY);
      const known = this.#known.get(entry.requestId);
      const isWaiting = this.#outbox.some(({ requestId }) => requestId === entry.requestId);
      if (known === undefined) continue;
      if (item === undefined && !isWaiting) {
        if (known.isAcknowledged) this.#fail(`${entry.requestId} was acknowledged, cut off, and is lost`);
        this.#known.delete(entry.requestId);
        continue;
      }
      if (item !== undefined && !isWaiting) this.#outbox.push(item);
      known.reply = undefined;
    }
  }

  #settle(): void {
    // A repeat that was refused settles only when it is committed, and the order that follows it when that is.
    for (let rounds = 0; rounds < 3; rounds++) {
      this.#submit();
      this.#commit(this.#driver.entries.length);
    }
    this.#submit();
    if (this.#outbox.length > 0) this.#fail('the outbox is not empty at the end');
  }

  #checkEnd(): void {
    for (const known of this.#known.values()) this.#repeat(known);
    // A refusal may stand before the rejected order of the same id.
    const done = this.#driver.entries.filter(({ op, update }) => op > 1 && decodeUpdate(update).kind !== 'refused');
    const ids = done.map(({ requestId }) => requestId);
    if (new Set(ids).size !== ids.length) this.#fail('an id stands in the log twice');
    this.#checkStock();
    const { files, ordering } = this.#driver;
    const primary = { texts: files.contents(), snapshot: ordering.snapshot() };
    this.#failOver();
    const backup = { texts: this.#driver.files.contents(), snapshot: this.#driver.ordering.snapshot() };
    if (!isDeepStrictEqual(primary, backup)) this.#fail('the primary and a backup differ at the same op');
  }

  /** Sold, kept back and left add up, where no menu was set meanwhile. */
  #checkStock(): void {
    if (this.#isMenuChanged) return;
    const sold = new Map<string, number>();
    for (const orderId of this.#ordersPlaced()) {
      const { order, history } = this.#driver.ask({ kind: 'getOrder', orderId });
      const statuses = history.map(({ status }) => status);
      const hasBegun = statuses.some((status) => ['preparing', 'ready', 'delivered'].includes(status));
      if (!hasBegun && (order.status === 'cancelled' || order.status === 'rejected')) continue;
      for (const { item, quantity } of order.lines) sold.set(item, (sold.get(item) ?? 0) + quantity);
    }
    const { items } = this.#driver.ask({ kind: 'getMenu' });
    for (const [item, stock] of Object.entries(STOCK)) {
      const left = items.find((one) => one.item === item)?.stock ?? NaN;
      const taken = sold.get(item) ?? 0;
      if (left < 0 || left + taken !== stock) this.#fail(`${taken} of ${stock} ${item} are sold and ${left} left`);
    }
  }

  #ordersPlaced(): string[] {
    const placed = [...this.#known.values()].filter(
      ({ asked, reply }) => asked.body.kind === 'makeOrder' && reply?.kind === 'done',
    );
    return placed.map(({ asked }) => asked.id);
  }

  #takeCheckpoint() {
    const { committed, files, ordering } = this.#driver;
    return { op: committed, files: files.copy(), snapshot: ordering.snapshot() };
  }

  #note(kind: string): void {
    this.#reached.add(kind);
  }

  #fail(what: string): never {
    throw new FailedOrderingRun(what);
  }
}

const orderOf = (reply: ServiceReply): Order | undefined =>
  reply.kind === 'done' ? (reply.body as { order?: Order }).order : undefined;
