import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { CallRefusedError } from '../../src/ports/ordering-client.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { httpGet, metricValue } from '../support/http-get.js';
import { until } from '../support/until.js';

describe('faults: what the configuration limits, and who is cut off', () => {
  const suite = clusterForSuite({
    frontEnds: 1,
    hasProxies: true,
    more: { rateLimit: { perUserPerSecond: 0.001, burst: 3 }, logLevel: 'warn' },
  });

  it('rate limit: one user is refused after a burst, others order, and the metrics tell', async () => {
    const { cluster } = suite;
    const client = cluster.client();
    const [first] = (await client.getMenu()).items;
    if (first === undefined) throw new Error('there is a menu');
    const order = async (user: string): Promise<string> => {
      const lines = [{ item: first.item, quantity: 1, price_pence: first.price_pence }];
      try {
        await client.makeOrder({ order_id: randomUUID(), user_code: user, lines, post_code: 'DH1 1JN' });
        return 'placed';
      } catch (error) {
        if (error instanceof CallRefusedError) return error.refusal.reason;
        throw error;
      }
    };
    const told: string[] = [];
    for (const user of ['ann', 'ann', 'ann', 'ann', 'bob']) told.push(await order(user));
    expect(told).to.deep.equal(['placed', 'placed', 'placed', 'RATE_LIMITED', 'placed']);
    const { text = '' } = (await httpGet(cluster.frontEnd(0).http, '/metrics')) ?? {};
    expect(metricValue(text, 'just_hungry_shed_calls_total', 'reason="RATE_LIMITED"')).to.equal(1);
    expect(metricValue(text, 'just_hungry_orders_total', 'outcome="ok"')).to.equal(4);
  });

  it('log level: nothing below it is written', () => {
    const { cluster } = suite;
    const lines = [...cluster.replicas, ...cluster.frontEnds].flatMap(({ process }) => process.log());
    // 40: warn. Every process says that it is up at 30.
    expect(lines.filter(({ level }) => Number(level) < 40)).to.deep.equal([]);
  });

  it('cut off: a backup that hears nobody is not ready, says so, and is again when the way is open', async () => {
    const { cluster } = suite;
    const [cut] = cluster.others(await cluster.primary());
    if (cut === undefined) throw new Error('there are backups');
    for (const other of cluster.others(cut)) {
      cluster.silence(other, cut);
      cluster.silence(cut, other);
    }
    await until(async () => {
      const answer = await httpGet(cut.http, '/readyz');
      return answer?.status === 503 && /not ready: it does not hear the primary/.test(answer.text);
    }, `${cut.id} is not ready`);
    cluster.openWays();
    await until(async () => (await httpGet(cut.http, '/readyz'))?.status === 200, `${cut.id} is ready again`);
    await cluster.level();
  });
});
