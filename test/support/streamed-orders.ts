import { setTimeout as pause } from 'node:timers/promises';
import type { NewOrder, StreamedOrder } from '../../src/ports/ordering-client.js';
import type { Cluster } from './cluster.js';
import { menuOf, newOrder } from './customers.js';
import { until } from './until.js';

/** An order that was acknowledged. */
export interface Acknowledged {
  readonly order: NewOrder;
  readonly op: number;
}

/** A till that sends orders over one stream without pause until it is told to stop: thousands a second. */
export class StreamedOrders {
  readonly acknowledged: Acknowledged[] = [];
  /** Everything but receipts. */
  readonly others: StreamedOrder[] = [];
  #isStopped = false;
  #done: Promise<void> = Promise.resolve();

  constructor(readonly user: string) {}

  /** Begins; `everyMs` is the pause after each batch of ten. */
  start(cluster: Cluster, everyMs = 0): this {
    this.#done = this.#run(cluster, everyMs);
    this.#done.catch(() => undefined);
    return this;
  }

  async acknowledges(count: number): Promise<void> {
    const wanted = this.acknowledged.length + count;
    await until(
      () => this.acknowledged.length >= wanted,
      () => `${wanted} orders acknowledged; there are ${this.acknowledged.length}`,
      90_000,
    );
  }

  /** Sends no more and waits for every answer. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #run(cluster: Cluster, everyMs: number): Promise<void> {
    const sent: NewOrder[] = [];
    const menu = (await menuOf(cluster)).filter(({ stock }) => stock === undefined);
    const { user } = this;
    const isStopped = (): boolean => this.#isStopped;
    async function* orders(): AsyncGenerator<NewOrder> {
      for (let number = 0; !isStopped(); number++) {
        const order = newOrder(`${user} ${Math.floor(number / 100)}`, menu, number);
        sent.push(order);
        yield order;
        if (number % 10 === 9) await pause(everyMs);
      }
    }
    for await (const answer of cluster.client([0], 20_000).makeOrders(orders())) {
      const order = sent[answer.number - 1];
      if (answer.kind === 'refused' || order === undefined) this.others.push(answer);
      else this.acknowledged.push({ order, op: answer.receipt.op });
    }
  }
}
