import { credentials } from '@grpc/grpc-js';
import { FoodOrdering } from '../contract.js';
import type { GetMotdResponse__Output } from '../../src/net/generated/justhungry/v1/GetMotdResponse.js';

/**
 * Many customers who only look, in a process of their own: watchers of their own orders, 50 to a connection, and idle
 * connections. Takes one CrowdOrder over IPC, answers `{ ready: true }` once all are connected, and any later message with
 * a CrowdCount.
 */

/** Whom to connect. */
export interface CrowdOrder {
  readonly address: string;
  readonly watchers: number;
  readonly idle: number;
}

/** Events that the watchers have got so far, and streams that ended. */
export interface CrowdCount {
  readonly events: number;
  readonly ended: number;
}

const WATCHERS_PER_CONNECTION = 50;
/** Connected at the same time: a crowd comes over minutes, not in one turn. */
const CONNECTING_MAX = 50;

let events = 0;
let ended = 0;

const connect = (address: string) =>
  new FoodOrdering(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_channelz': 0,
  });

async function gather({ address, watchers, idle }: CrowdOrder): Promise<void> {
  let shared = connect(address);
  const motd = await new Promise<GetMotdResponse__Output>((resolve, reject) =>
    shared.GetMotd({}, (error, response) =>
      response === undefined ? reject(error ?? new Error()) : resolve(response),
    ),
  );
  // They want to know what comes, not what was.
  const fromOp = (motd.as_of?.op ?? 0) + 1;
  await inTurns(watchers, async (number) => {
    if (number % WATCHERS_PER_CONNECTION === 0) shared = connect(address);
    const stream = shared.WatchOrders({ from_op: fromOp, user_code: `customer-${number}` });
    stream.on('data', () => events++);
    stream.on('error', () => ended++);
    await new Promise((resolve) => stream.once('metadata', resolve));
  });
  await inTurns(idle, async () => {
    const customer = connect(address);
    await new Promise<void>((resolve, reject) =>
      customer.GetMotd({ consistency: 'CONSISTENCY_ANY' }, (error) => (error === null ? resolve() : reject(error))),
    );
  });
}

async function inTurns(count: number, each: (number: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < count; from += CONNECTING_MAX) {
    const turn = Array.from({ length: Math.min(CONNECTING_MAX, count - from) }, (_, index) => each(from + index));
    await Promise.all(turn);
  }
}

let isGathered = false;
process.on('disconnect', () => process.exit(0));
process.on('message', (message: CrowdOrder) => {
  if (isGathered) {
    process.send?.({ events, ended } satisfies CrowdCount);
    return;
  }
  isGathered = true;
  void gather(message).then(() => process.send?.({ ready: true }));
});
