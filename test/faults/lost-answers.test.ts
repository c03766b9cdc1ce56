import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { createOrderingClient } from '../../src/net/ordering-client.js';
import type { OrderingClient } from '../../src/ports/ordering-client.js';
import { wipe } from '../nemesis/damage.js';
import type { Replica } from '../support/cluster.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { menuOf, newOrder } from '../support/customers.js';
import { directClient } from '../support/direct-client.js';
import { freePorts } from '../support/free-ports.js';
import type { Named } from '../support/history.js';
import { readTable } from '../support/table-files.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { until } from '../support/until.js';

/** Answers that the customer loses. */
const LOST = 50;
/** Orders of a crowd, and how long each of them waits, ms. */
const CROWD = 2_000;
const CROWD_PATIENCE_MS = 20_000;
/** One call gives up after this time, ms; it asks again by itself until then. */
const PATIENCE_MS = 400;

const hasCheckpoint = ({ folder }: Replica): boolean =>
  readdirSync(folder).includes('checkpoint') &&
  readdirSync(path.join(folder, 'checkpoint')).some((name) => /^\d+$/.test(name));

describe('faults: a customer whose every answer is lost', () => {
  const suite = clusterForSuite();

  /** Many orders at once, past the front ends: a checkpoint comes within seconds. */
  const crowd = async (): Promise<void> => {
    const { cluster, history } = suite;
    const menu = (await menuOf(cluster)).filter(({ stock }) => stock === undefined);
    const calls = await directClient(await cluster.primary(), CROWD_PATIENCE_MS);
    const client: Named = { name: 'crowd', calls: calls as OrderingClient };
    await Promise.all(
      Array.from({ length: CROWD }, (_, at) => history.placeOnce(client, newOrder(`crowd ${at}`, menu, at))),
    );
    calls.close();
  };

  it(`${LOST} answers lost over failovers, a checkpoint and a full resync: one order, and one answer when it comes at last`, async () => {
    const { cluster, history } = suite;
    const customers = await suite.customers();
    const [port = 0] = await freePorts(1);
    const way = await TcpProxy.start(port, cluster.frontEnd(0).address);
    const unlucky: Named = {
      name: 'unlucky',
      calls: createOrderingClient([way.address], { deadlineMs: PATIENCE_MS }),
    };
    try {
      const order = newOrder('unlucky', await menuOf(cluster), 1);
      way.loseAnswers(true);
      const loses = async (count: number): Promise<void> => {
        while (way.answersLost < count) {
          const { outcome } = await history.placeOnce(unlucky, order);
          expect(outcome.kind).to.equal('refused');
        }
      };
      await loses(LOST / 5);
      const first = await cluster.primary();
      await first.process.kill();
      await loses((2 * LOST) / 5);
      const seen = await history.readOrder({ name: 'onlooker', calls: cluster.client([1]) }, order.order_id);
      expect(seen.outcome, 'what was lost was an answer').to.have.nested.property('answer.orders').with.length(1);
      const others = cluster.others(first);
      while (!others.every(hasCheckpoint)) await crowd();
      // Everything that it knew comes back from the others.
      wipe(first.folder);
      await first.process.start();
      await loses((3 * LOST) / 5);
      await cluster.joined(first);
      const second = await cluster.primary();
      await second.process.kill();
      await loses((4 * LOST) / 5);
      await second.process.start();
      await cluster.joined(second);
      await loses(LOST);

      way.loseAnswers(false);
      const told = await until(async () => {
        const call = await history.placeOnce(unlucky, order);
        return call.outcome.kind === 'ok' && call.outcome.answer;
      }, 'an answer comes through');
      const again = await history.place({ name: 'again', calls: cluster.client([1]) }, order);
      if (again.outcome.kind !== 'ok') throw new Error('it is known for ever');
      // Copies may have grown.
      const { op, view, chain } = told.receipt;
      expect(again.outcome.answer.order).to.deep.equal(told.order);
      expect(again.outcome.answer.receipt).to.include({ op, view, chain });
      await customers.stop();
      await suite.check();
      for (const { folder } of cluster.replicas) {
        const rows = readTable(folder, 'orders.csv').filter(({ fields }) => fields['order_id'] === order.order_id);
        expect(rows).to.have.length(order.lines.length);
      }
    } finally {
      unlucky.calls.close();
      await way.close();
    }
  });
});
