import { expect } from 'chai';
import { ThrowAwayCluster } from '../../src/cli/drill/throw-away-cluster.js';
import { checkHistory } from '../../src/operations/drill/check-history.js';
import { newOrder } from '../../src/operations/drill/customers.js';
import { History, type Named } from '../../src/operations/drill/history.js';
import { until } from '../../src/operations/drill/until.js';
import { PROJECT_ROOT } from '../cli/support/command-run.js';

const SETUP_MS = 60_000;
const RATE = 0.2;
const CROWD = 100;
const SUCCEED_MIN = 99;

/** Measured, not judged: a busy machine is no defect. */
const say = (text: string): void => console.log(`      measured: ${text}`);

describe('faults: on purpose (chaos)', () => {
  let cluster: ThrowAwayCluster;
  let history: History;
  let client: Named;

  before(async function () {
    this.timeout(SETUP_MS);
    cluster = await ThrowAwayCluster.make(PROJECT_ROOT);
    await cluster.start();
    history = new History();
    client = { name: 'customer', calls: cluster.client([0, 1]) };
  });
  after(async function () {
    this.timeout(SETUP_MS);
    await cluster.end({ keepFiles: false });
  });

  it(`errors: with ${RATE * 100} % of all calls failing ${CROWD} orders and ${CROWD} cancellations at once succeed, once (S003-16)`, async () => {
    const { items } = await client.calls.getMenu();
    const menu = items.filter(({ stock }) => stock === undefined);
    await Promise.all(cluster.replicas.map(({ chaos }) => chaos.inject({ kind: 'errors', rate: RATE })));
    const numbers = Array.from({ length: CROWD }, (_, at) => at);
    const placed = await Promise.all(numbers.map((at) => history.placeOnce(client, newOrder(`user ${at}`, menu, at))));
    const ordered = placed.filter(({ outcome }) => outcome.kind === 'ok');
    say(`${ordered.length} of ${CROWD} orders were placed by one call each`);
    expect(ordered.length).to.be.at.least(SUCCEED_MIN);
    const cancelled = await Promise.all(ordered.map(({ order }) => history.cancel(client, order.order_id)));
    const gone = cancelled.filter(({ outcome }) => outcome.kind === 'ok');
    expect(gone.length).to.be.at.least(Math.ceil((ordered.length * SUCCEED_MIN) / 100));
    say(`${gone.length} of ${ordered.length} orders were cancelled, by ${history.cancels.length} calls`);
    await Promise.all(cluster.replicas.map(({ chaos }) => chaos.clear()));
    await cluster.level();
    expect(checkHistory(history, cluster.folders()).join('\n')).to.equal('');
  });

  it('pause: the supervisor lets the process stand still, and go on', async () => {
    const [backup] = cluster.others(await cluster.primary());
    if (backup === undefined) throw new Error('there are three');
    const status = async () => (await cluster.statuses())[backup.index];
    await backup.chaos.inject({ kind: 'pause', ms: 3_000 });
    await until(async () => (await status()) === undefined, `${backup.id} stands still`);
    const back = await until(status, `${backup.id} goes on`);
    expect(back.uptimeMs, 'it is the same process').to.be.above(3_000);
    await cluster.whole();
  });

  it('kill: the supervisor starts it again', async () => {
    const primary = await cluster.primary();
    const before = (await cluster.statuses())[primary.index]?.uptimeMs ?? 0;
    await primary.chaos.inject({ kind: 'kill' });
    await until(async () => {
      const now = (await cluster.statuses())[primary.index];
      return now !== undefined && now.uptimeMs < before;
    }, `${primary.id} is started again`);
    await cluster.whole();
  });

  it('disk full: the primary gives up its office, and orders go on', async () => {
    const { items } = await client.calls.getMenu();
    const menu = items.filter(({ stock }) => stock === undefined);
    const primary = await cluster.primary();
    await primary.chaos.inject({ kind: 'diskFull' });
    const call = await history.place(client, newOrder('while full', menu));
    expect(call.outcome.kind).to.equal('ok');
    await until(async () => (await cluster.primary()) !== primary, 'another replica is primary');
    expect(await primary.chaos.list()).to.deep.equal([{ kind: 'diskFull' }]);
    await primary.chaos.clear();
    await cluster.level();
    expect(checkHistory(history, cluster.folders()).join('\n')).to.equal('');
  });
});
