import { expect } from 'chai';
import { PlannedEnds } from '../../src/runtime/planned-ends.js';

/** So many replicas, which ask each other at once; `away` do not answer. */
function replicas(count: number, away: readonly number[] = []) {
  const time = { nowMs: 0 };
  const ids = Array.from({ length: count }, (_, index) => `replica-${index + 1}`);
  const all: PlannedEnds[] = ids.map(
    (self) =>
      new PlannedEnds({
        self,
        heartbeatMs: 100,
        majority: Math.floor(count / 2) + 1,
        nowMs: () => time.nowMs,
        ask: async (end) => {
          // The answers come later than the questions of others.
          await Promise.resolve();
          return ids.flatMap((id, index) =>
            id === end.from || away.includes(index) ? [] : [{ id, refusal: all[index]?.agree(end) }],
          );
        },
      }),
  );
  return { time, all: all as [PlannedEnds, PlannedEnds, PlannedEnds, ...PlannedEnds[]] };
}

describe('runtime: replicas that end on request', () => {
  it('two that want to forget at the same moment: not both, whatever their number', async () => {
    for (const count of [3, 5]) {
      const { all } = replicas(count);
      const refusals = await Promise.all([all[0].begin(true, ''), all[1].begin(true, '')]);
      expect(refusals.filter((one) => one === undefined).length, `of ${count}`).to.be.lessThan(2);
      for (const refusal of refusals) if (refusal !== undefined) expect(refusal).to.match(/one replica at a time/);
    }
  });

  it('one after the other: while the first is away no, when it is back yes', async () => {
    const { all } = replicas(3);
    expect(await all[0].begin(true, '')).to.equal(undefined);
    expect(await all[1].begin(true, '')).to.match(/^replica-1 is being started again or copied anew: one replica/);
    expect(await all[2].begin(false, '')).to.match(/^replica-1 is being started again/);
    all[0].giveUp();
    all[1].isBack('replica-1');
    expect(await all[1].begin(true, ''), 'replica-3 has not heard it').to.match(/^replica-1 is being started again/);
    all[2].isBack('replica-1');
    expect(await all[1].begin(true, '')).to.equal(undefined);
  });

  it('a promise to one that never ends is over after a while', async () => {
    const { all, time } = replicas(3);
    await all[0].begin(true, '');
    all[0].giveUp();
    time.nowMs = 4_999;
    expect(await all[1].begin(true, '')).to.match(/^replica-1/);
    time.nowMs = 5_000;
    expect(await all[1].begin(true, '')).to.equal(undefined);
  });

  it('who forgets needs a majority that agrees, itself not counted; who only starts again needs nobody', async () => {
    const { all } = replicas(3, [2]);
    expect(await all[0].begin(true, '')).to.match(/^only 1 of the others agreed in time, and 2 must/);
    expect(await all[0].begin(false, '')).to.equal(undefined);
    expect(await all[0].begin(false, '')).to.match(/^replica-1 is about to end already/);
  });
});
