import { expect } from 'chai';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { op, view } from '../../../src/base/numbers.js';
import { Ordering } from '../../../src/services/ordering/ordering.js';
import { ORDERS_HEADER, rowsOfOrder } from '../../../src/services/ordering/orders-table.js';
import { REFUSED_HEADER } from '../../../src/services/ordering/refused-table.js';
import { rowOfStatus, STATUS_HEADER } from '../../../src/services/ordering/status-table.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { ask, Driver, orderIdOf, soupOrder, START_MS } from './ordering-driver.js';

const ORDERS = 1_000_000;
const BYTES_PER_ORDER_MAX = 150;
/** Several times what it takes here, so that a slow machine passes and an accident does not. */
const RESTORE_MS_MAX = 10_000;
const ORDER_MICROSECONDS_MAX = 250;

const placedAt = new Date(START_MS).toISOString();

function userOf(number: number): string {
  return `user-${number % 10_000}`;
}

/** Tables of a million orders, written without a service. */
function manyOrders(): MemoryFiles {
  const files = new MemoryFiles();
  const orders = files.table('orders.csv', ORDERS_HEADER);
  const statuses = files.table('order-status.csv', STATUS_HEADER);
  files.table('refused.csv', REFUSED_HEADER);
  const lines = [{ item: 'Tomato Soup', quantity: 2, pricePence: 450 }];
  const same = { lines, totalPence: 900, postCode: 'DH1 1JN', postcodeCheck: 'valid', notes: '', placedAt } as const;
  for (let number = 0; number < ORDERS; number++) {
    const orderId = orderIdOf(number);
    const at = { op: number + 2, orderId };
    orders.append(rowsOfOrder({ ...same, ...at, userCode: userOf(number) }));
    const status = { status: 'placed', postcodeCheck: 'valid', at: placedAt, reason: '', requestId: orderId } as const;
    statuses.append(rowOfStatus({ ...at, ...status }));
  }
  return files;
}

function usedBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function microseconds(work: () => void, times: number): number {
  const start = performance.now();
  for (let time = 0; time < times; time++) work();
  return ((performance.now() - start) * 1000) / times;
}

describe('scale', () => {
  it('a million orders: little memory, back soon, and found at once', function () {
    this.timeout(120_000);
    const files = manyOrders();
    const snapshot = JSON.stringify({
      ...(JSON.parse(new Driver().found().ordering.snapshot()) as object),
      op: ORDERS + 1,
      orders: ORDERS,
    });
    const megabytes = [...files.tables.values()].reduce((sum, table) => sum + table.length, 0) / 1e6;
    const ordering = new Ordering(files);
    const before = usedBytes();
    const start = performance.now();
    ordering.restore(snapshot);
    const restoreMs = performance.now() - start;
    const bytesPerOrder = (usedBytes() - before) / ORDERS;

    const query = { kind: 'getOrders', userCode: userOf(ORDERS - 1), pageSize: 50, pageToken: '' } as const;
    expect(ask(ordering, query).orders[0]?.orderId).to.equal(orderIdOf(ORDERS - 1));
    const pageMicroseconds = microseconds(() => ask(ordering, query), 100);
    const events = { kind: 'events', fromOp: ORDERS / 2, limit: 10 } as const;
    expect(ask(ordering, events).events.map((event) => event.op)[0]).to.equal(ORDERS / 2);
    const eventsMicroseconds = microseconds(() => ask(ordering, events), 100);
    console.log(
      `      ${bytesPerOrder.toFixed(0)} bytes an order; ${megabytes.toFixed(0)} MB restored in ${restoreMs.toFixed(0)} ms; ` +
        `50 orders in ${pageMicroseconds.toFixed(0)} µs, 10 events in ${eventsMicroseconds.toFixed(0)} µs`,
    );
    expect(bytesPerOrder).to.be.lessThan(BYTES_PER_ORDER_MAX);
    expect(restoreMs).to.be.lessThan(RESTORE_MS_MAX);
  });

  it('an order: executed, speculated and committed in microseconds', function () {
    this.timeout(60_000);
    const { ordering } = new Driver().found();
    let number = 1;
    const each = microseconds(() => {
      const body = soupOrder(++number, { userCode: userOf(number) });
      const head = { op: op(number), view: view(1), timeMs: START_MS + number };
      const request = { requestId: body.orderId, body, copiesNeeded: 2 };
      const execution = ordering.execute(request, { ...head, replicaCount: 3 });
      if (execution.kind !== 'entry') throw new Error('it was not executed');
      const { update } = execution;
      // The journal's encoding is not the service's work.
      const entry = { ...head, requestId: body.orderId, service: 'ordering', update, chain: '', row: new Uint8Array() };
      ordering.speculate(entry);
      ordering.commit(entry);
    }, 50_000);
    console.log(`      ${each.toFixed(1)} µs an order`);
    expect(each).to.be.lessThan(ORDER_MICROSECONDS_MAX);
  });
});
