import { expect } from 'chai';
import type { StreamedOrder } from '../../src/ports/ordering-client.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { menuOf, newOrder } from '../support/customers.js';
import { readTable } from '../support/table-files.js';

const ORDERS = 2_000;

describe('faults: a stream of orders', () => {
  const suite = clusterForSuite();

  /** Streams orders, does something amid them, and sees that each has one answer and is kept once by every replica. */
  const streamed = async (prepared: () => (() => Promise<void>) | Promise<() => Promise<void>>): Promise<void> => {
    const { cluster } = suite;
    const amid = await prepared();
    const menu = (await menuOf(cluster)).filter(({ stock }) => stock === undefined);
    const orders = Array.from({ length: ORDERS }, (_, number) => newOrder('till', menu, number));
    const answers: StreamedOrder[] = [];
    let fault: Promise<void> | undefined;
    // Far fewer than all under way at once: the fault comes amid them.
    for await (const answer of cluster.client([0, 1]).makeOrders(orders, { windowMax: 200, deadlineMs: 20_000 })) {
      answers.push(answer);
      if (answers.length === ORDERS / 4) fault = amid();
    }
    await fault;
    const refused = answers.filter(({ kind }) => kind === 'refused');
    expect(refused.map((answer) => (answer.kind === 'refused' ? answer.error.message : ''))).to.deep.equal([]);
    expect(answers.map(({ number }) => number).toSorted((a, b) => a - b)).to.deep.equal(orders.map((_, at) => at + 1));
    await cluster.level();
    const ids = orders.map(({ order_id }) => order_id).toSorted();
    const ops = new Map(
      answers.flatMap((answer) => (answer.kind === 'placed' ? [[answer.order.order_id, answer.receipt.op]] : [])),
    );
    for (const { folder } of cluster.replicas) {
      const rows = readTable(folder, 'order-status.csv').filter(({ fields }) => ops.has(fields['order_id'] ?? ''));
      expect(rows.map(({ fields }) => fields['order_id']).toSorted(), folder).to.deep.equal(ids);
      for (const { fields } of rows) expect(Number(fields['op'])).to.equal(ops.get(fields['order_id'] ?? ''));
    }
  };

  it('kill -9 of the primary amid 2,000 orders: each is answered once and kept exactly once', () =>
    streamed(async () => {
      const { cluster } = suite;
      // Found before: it dies in this turn of the event loop, with orders under way.
      const dead = await cluster.primary();
      return async () => {
        await dead.process.kill();
        await dead.process.start();
        await cluster.joined(dead);
      };
    }));

  it('kill -9 of the front end amid 2,000 orders: the other one goes on, each is kept exactly once', () =>
    streamed(() => {
      const { process } = suite.cluster.frontEnd(0);
      return async () => {
        await process.kill();
        await process.start();
      };
    }));
});
