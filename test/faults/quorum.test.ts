import { expect } from 'chai';
import { clusterForSuite } from '../support/cluster-suite.js';
import type { Replica } from '../support/cluster.js';
import { menuOf, newOrder } from '../support/customers.js';
import type { Named, OrderCall } from '../support/history.js';
import { until } from '../support/until.js';

/** Customers wait this long for an order. */
const DEADLINE_MS = 3_000;

/** Measured, not judged: a busy machine is no defect. */
const say = (text: string): void => console.log(`      measured: ${text}`);
const elapsed = (fromMs: number, toMs: number): string => `${Math.round(toMs - fromMs)} ms`;

describe('faults: too few replicas', () => {
  const suite = clusterForSuite();
  const client = (): Named => ({ name: 'customer', calls: suite.cluster.client([0]) });
  const order = async (writeConcern?: string) => {
    const made = newOrder(`user ${writeConcern ?? 'of the default'}`, await menuOf(suite.cluster));
    return writeConcern === undefined ? made : { ...made, write_concern: writeConcern };
  };
  const reasonOf = ({ outcome }: OrderCall): string =>
    outcome.kind === 'refused' ? outcome.refusal.reason : outcome.kind;

  for (const [what, choose] of [
    ['both backups', (primary: Replica, others: Replica[]) => [others, primary]],
    ['the primary and a backup', (primary: Replica, others: Replica[]) => [[primary, others[0]], others[1]]],
  ] as const)
    it(`kill -9 of ${what}: orders are refused promptly, old ones can be read, and all goes on when one is back`, async () => {
      const { cluster, history } = suite;
      await cluster.level();
      const one = client();
      const before = await history.place(one, await order());
      const next = await order();
      const primary = await cluster.primary();
      const [dead, alive] = choose(primary, cluster.others(primary)) as [Replica[], Replica];
      await Promise.all(dead.map(({ process }) => process.kill()));
      const deadMs = performance.now();

      // While nobody has noticed yet the outcome may be unknown; soon after it is certain at once.
      const refused = await until(async () => {
        const call = await history.placeOnce(one, { ...next, order_id: crypto.randomUUID() }, DEADLINE_MS);
        return reasonOf(call) === 'NO_QUORUM' && call;
      }, 'orders are refused with NO_QUORUM');
      say(`orders were refused with the reason ${elapsed(deadMs, refused.endMs)} after the kill`);
      expect(refused.outcome)
        .to.have.nested.property('refusal.details.since')
        .that.matches(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      const prompt = await history.placeOnce(one, next, DEADLINE_MS);
      expect(reasonOf(prompt)).to.equal('NO_QUORUM');
      expect(prompt.endMs - prompt.beginMs).to.be.below(DEADLINE_MS / 3);
      expect(refused.outcome)
        .to.have.nested.property('refusal.message')
        .that.matches(/open again by themselves/);

      const fresh = await history.readOrder(one, before.order.order_id);
      expect(fresh.outcome).to.have.nested.property('refusal.reason', 'NO_QUORUM');
      const old = await history.readOrder(one, before.order.order_id, { consistency: 'any' });
      expect(old.outcome).to.have.nested.property('answer.asOf.replica', alive.id);
      expect(old.outcome).to.have.nested.property('answer.orders').with.length(1);
      await until(async () => {
        const { as_of } = await one.calls.getMenu({ consistency: 'any' });
        return !as_of.complete && as_of;
      }, 'a read of a lonely replica says that it may not be complete');

      await dead[0]?.process.start();
      const backMs = performance.now();
      const placed = await history.place(one, next);
      expect(placed.outcome.kind).to.equal('ok');
      say(`an order was acknowledged ${elapsed(backMs, placed.endMs)} after a second replica was back`);
      // Promised is about a second; a busy machine gets more.
      expect(placed.endMs - backMs).to.be.below(5_000);
      await dead[1]?.process.start();
      await suite.check();
    });

  it('write concerns 1, majority and all with one replica down: only what needs all of them is told to be missing a disk', async () => {
    const { cluster, history } = suite;
    await cluster.level();
    const one = client();
    const primary = await cluster.primary();
    const [dead] = cluster.others(primary);
    for (const concern of ['1', '2', 'majority', '3', 'all']) {
      const { outcome } = await history.placeOnce(one, await order(concern));
      expect(outcome, concern).to.have.property('kind', 'ok');
      const copies = outcome.kind === 'ok' ? outcome.answer.receipt.copies : 0;
      expect(copies, concern).to.be.at.least({ '1': 1, '2': 2, majority: 2, '3': 3, all: 3 }[concern] ?? 0);
    }
    await dead?.process.kill();
    for (const concern of ['1', '2', 'majority']) {
      const { outcome } = await history.placeOnce(one, await order(concern));
      expect(outcome, concern).to.have.property('kind', 'ok');
    }
    const missesOne = async (concern: string): Promise<void> => {
      const made = await order(concern);
      const deadlineMs = 1_500;
      const { outcome, beginMs, endMs } = await history.placeOnce(one, made, deadlineMs);
      expect(outcome).to.have.property('status', 'DEADLINE_EXCEEDED');
      expect(outcome).to.have.nested.property('refusal.reason', 'WRITE_CONCERN_NOT_MET');
      const details = outcome.kind === 'refused' ? outcome.refusal.details : undefined;
      expect(details).to.include({ copies: '2', needed: '3', committed: 'true' });
      // About 100 ms before the deadline: neither at once nor only when nobody waits any more.
      expect(endMs - beginMs).to.be.within(deadlineMs - 300, deadlineMs);
      // It is ordered all the same, and whoever asks again with what is possible is told so.
      const again = await history.placeOnce(one, { ...made, write_concern: 'majority' });
      expect(again.outcome).to.have.property('kind', 'ok');
    };
    await Promise.all(['3', 'all'].map(missesOne));
    await dead?.process.start();
    await suite.check();
  });
});
