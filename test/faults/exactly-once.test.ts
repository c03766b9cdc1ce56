import { expect } from 'chai';
import type { OrderEventView } from '../../src/ports/ordering-client.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { menuOf, newOrder } from '../support/customers.js';
import type { Named } from '../support/history.js';
import { readTable } from '../support/table-files.js';
import { until } from '../support/until.js';

const REPEATS = 20;

describe('faults: one order, asked for again and again', () => {
  const suite = clusterForSuite();

  it('the same id 20 times over a failover, through both front ends: one order, one answer', async () => {
    const { cluster, history } = suite;
    const customers = await suite.customers();
    const order = newOrder('patient user', await menuOf(cluster), 1);
    const clients: Named[] = [0, 1].map((index) => ({ name: `client ${index + 1}`, calls: cluster.client([index]) }));
    const primary = await cluster.primary();
    const answers = [];
    for (let number = 0; number < REPEATS; number++) {
      const client = clients[number % 2] as Named;
      answers.push(history.place(client, order));
      if (number === 4) await primary.process.kill();
      if (number % 5 === 3) await answers.at(-1);
    }
    const outcomes = (await Promise.all(answers)).map(({ outcome }) => outcome);
    for (const outcome of outcomes) expect(outcome).to.have.property('kind', 'ok');
    // `check` compares the answers whole; this one tells at a glance.
    const ops = outcomes.map((outcome) => (outcome.kind === 'ok' ? outcome.answer.receipt.op : undefined));
    expect(new Set(ops)).to.have.property('size', 1);

    await primary.process.start();
    await cluster.joined(primary);
    // After everything has been started anew it is still known.
    const again = await history.place(clients[1] as Named, order);
    expect(again.outcome).to.have.nested.property('answer.receipt.op', ops[0]);
    const other = await history.placeOnce(clients[0] as Named, { ...order, user_code: 'another user' });
    expect(other.outcome).to.have.nested.property('refusal.reason', 'ID_REUSED');
    await customers.stop();
    // That attempt was of no order: the history keeps the first one's content.
    history.orders.splice(history.orders.indexOf(other), 1);
    await suite.check();
  });

  it('a watcher over failovers of replica and front end: every event once, in order, of all orders', async () => {
    const { cluster } = suite;
    const customers = await suite.customers();
    const end = new AbortController();
    const seen: OrderEventView[] = [];
    const watching = (async () => {
      for await (const event of cluster.client([0, 1]).watchOrders(0, undefined, end.signal)) seen.push(event);
    })();
    await until(() => seen.length > 20, 'events are seen');
    const primary = await cluster.primary();
    await primary.process.kill();
    await customers.acknowledges(50);
    await cluster.frontEnd(0).process.kill();
    await customers.acknowledges(50);
    await primary.process.start();
    await cluster.frontEnd(0).process.start();
    await customers.stop();
    await suite.check();
    const rows = readTable(primary.folder, 'order-status.csv').map(
      ({ fields }) => `${fields['op']} ${fields['order_id']}`,
    );
    await until(
      () => seen.length >= rows.length,
      () => `${rows.length} events; there are ${seen.length}`,
    );
    end.abort();
    await watching;
    expect(seen.map(({ op, order }) => `${op} ${order.order_id}`)).to.deep.equal(rows);
  });
});
