import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { NewOrder } from '../../src/ports/ordering-client.js';
import type { MakeOrderRequest } from '../../src/net/generated/justhungry/v1/MakeOrderRequest.js';
import { messageCodec } from '../../src/net/proto-files.js';
import { callTemplate } from './http2-frames.js';
import { RawConnection } from './raw-connection.js';

/** What a connection of customers may have under way at the front end; beyond, HTTP/2 holds it back. */
const CALLS_PER_CONNECTION = 128;
const PATH = '/justhungry.v1.FoodOrdering/MakeOrder';
const codec = messageCodec<MakeOrderRequest, never>('justhungry.v1.MakeOrderRequest');

/** Settings of a flood. */
export interface FloodOptions {
  /** Front end, `host:port`. */
  readonly address: string;
  /** Customers at the same time; each orders again at once, under a new id, whatever it was told. */
  readonly customers: number;
  readonly order: NewOrder;
  /** Time that each call has, ms. */
  readonly deadlineMs: number;
}

/** A crowd that no delay impresses; every id is sent once, so its answer says all. */
export class Flood {
  readonly acknowledged = new Set<string>();
  readonly turnedAway = new Set<string>();
  /** Ids of calls that ended in any other way, by status: their orders may be placed or not. */
  readonly others = new Map<string, number>();
  readonly #connections: readonly RawConnection[];
  #isStopped = false;
  #underWay = 0;

  constructor(readonly options: FloodOptions) {
    const { address, customers, order, deadlineMs } = options;
    this.#connections = Array.from(
      { length: Math.ceil(customers / CALLS_PER_CONNECTION) },
      () => new RawConnection(address),
    );
    const lines = order.lines.map((line) => ({ ...line }));
    const { contact: _none, ...rest } = order;
    const request = codec.write({ ...rest, lines });
    const template = callTemplate(PATH, address, `${deadlineMs}m`, request);
    const idAt = request.indexOf(order.order_id, 0, 'latin1');
    const call = (connection: RawConnection): void => {
      const id = randomUUID();
      this.#underWay++;
      connection.call(template, id, idAt, performance.now() + deadlineMs, (code) => {
        this.#underWay--;
        this.#note(id, code);
        // In the next turn: a broken connection would answer for ever in this one.
        if (!this.#isStopped) setImmediate(call, connection);
      });
    };
    for (let customer = 0; customer < customers; customer++)
      call(this.#connections[customer % this.#connections.length] as RawConnection);
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** No more calls; `underWay` tells when all have ended. */
  stop(): void {
    this.#isStopped = true;
  }

  close(): void {
    this.stop();
    for (const connection of this.#connections) connection.close();
  }

  #note(id: string, code: number): void {
    if (code === status.OK) this.acknowledged.add(id);
    else if (code === status.RESOURCE_EXHAUSTED) this.turnedAway.add(id);
    else this.others.set(id, code);
  }
}
