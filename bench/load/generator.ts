import { credentials, type ChannelOptions, type ServiceError } from '@grpc/grpc-js';
import { build } from 'hdr-histogram-js';
import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { FoodOrdering } from '../contract.js';
import { orderRequest } from '../order.js';
import type { LoadOrder, LoadResult } from './protocol.js';
import { startTill } from './stream-customers.js';

/**
 * The load generator, a process of its own: the same plain unary grpc-js customers for whatever is measured. Takes LoadOrders
 * over IPC, one at a time, and answers each with a LoadResult.
 */

/** Customers share connections as processes with many users do. */
const CUSTOMERS_PER_CONNECTION = 64;
/** One answer in this many is read whole; the others count by their status, as the rows on disk are counted at the end anyway. */
const READ_EVERY = 32;
const channel: ChannelOptions = {
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  'grpc.use_local_subchannel_pool': 1,
};

type Customer = InstanceType<typeof FoodOrdering>;

interface Tally {
  isMeasuring: boolean;
  isOver: boolean;
  orders: number;
  acknowledged: number;
  readonly failures: Record<string, number>;
}

async function run({ address, workload = 'unary', customers, warmUpMs, measureMs }: LoadOrder): Promise<LoadResult> {
  const connections = Array.from(
    { length: workload === 'stream' ? 1 : Math.ceil(customers / CUSTOMERS_PER_CONNECTION) },
    () => new FoodOrdering(address, credentials.createInsecure(), channel),
  );
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  const tally: Tally = { isMeasuring: false, isOver: false, orders: 0, acknowledged: 0, failures: {} };
  const record = (micros: number): void => histogram.recordValue(micros);
  let stopTill = (): void => undefined;
  const ends =
    workload === 'stream'
      ? [
          new Promise<void>((resolve) => {
            stopTill = keepStreaming(connections[0] as Customer, customers, tally, record, resolve);
          }),
        ]
      : Array.from({ length: customers }, (_, index) => {
          const connection = connections[index % connections.length] as Customer;
          return new Promise<void>((resolve) => keepOrdering(connection, index, tally, record, resolve));
        });
  await sleep(warmUpMs);
  tally.isMeasuring = true;
  const began = performance.now();
  await sleep(measureMs);
  tally.isMeasuring = false;
  const elapsedMs = performance.now() - began;
  const { orders } = tally;
  tally.isOver = true;
  stopTill();
  await Promise.all(ends);
  for (const connection of connections) connection.close();
  return {
    orders,
    failures: tally.failures,
    acknowledged: tally.acknowledged,
    elapsedMs,
    p50: histogram.getValueAtPercentile(50) / 1000,
    p99: histogram.getValueAtPercentile(99) / 1000,
    max: histogram.maxValue / 1000,
  };
}

const { path, requestSerialize, responseDeserialize } = FoodOrdering.service.MakeOrder;
const asIs = (bytes: Buffer): Buffer => bytes;
const UUID_LENGTH = 36;

/** The bytes of a customer's order, with the place where each order's id goes: the generator must not be what is measured. */
function orderTemplate(index: number): { bytes: Buffer; idAt: number } {
  const request = orderRequest(index);
  const bytes = requestSerialize(request);
  return { bytes, idAt: bytes.indexOf(request.order_id ?? '', 0, 'latin1') };
}

/** One customer: orders, waits for the answer, orders again. What began before the measurement counts when it ends in it. */
function keepOrdering(
  connection: Customer,
  index: number,
  tally: Tally,
  record: (micros: number) => void,
  done: () => void,
): void {
  const { bytes, idAt } = orderTemplate(index);
  let count = 0;
  const order = (): void => {
    const began = performance.now();
    const request = Buffer.from(bytes);
    request.write(randomUUID(), idAt, UUID_LENGTH, 'latin1');
    connection.makeUnaryRequest(path, asIs, asIs, request, (error: ServiceError | null, response?: Buffer) => {
      const isRead = count++ % READ_EVERY === 0;
      const problem = error?.message ?? (isRead ? problemOf(response) : undefined);
      if (problem === undefined) tally.acknowledged++;
      if (tally.isMeasuring) {
        if (problem === undefined) tally.orders++;
        else tally.failures[problem] = (tally.failures[problem] ?? 0) + 1;
        record(Math.round((performance.now() - began) * 1000));
      }
      if (tally.isOver) done();
      else order();
    });
  };
  order();
}

/** One till: a stream of orders, so many without an answer at any time. Returns what makes it stop. */
function keepStreaming(
  connection: Customer,
  window: number,
  tally: Tally,
  record: (micros: number) => void,
  done: () => void,
): () => void {
  const fail = (problem: string): void => {
    tally.failures[problem] = (tally.failures[problem] ?? 0) + 1;
  };
  return startTill(connection, FoodOrdering.service, {
    window,
    template: orderTemplate(0),
    onAnswer(problem, micros) {
      if (problem === undefined) tally.acknowledged++;
      if (!tally.isMeasuring) return;
      if (problem === undefined) tally.orders++;
      else fail(problem);
      record(micros);
    },
    onEnd(problem) {
      if (problem !== undefined) fail(problem);
      done();
    },
  });
}

function problemOf(response: Buffer | undefined): string | undefined {
  if (response === undefined) return 'no answer';
  return responseDeserialize(response).receipt?.committed === true ? undefined : 'not committed';
}

process.on('disconnect', () => process.exit(0));
process.on('message', (order: LoadOrder) => {
  void run(order).then((result) => process.send?.(result));
});
