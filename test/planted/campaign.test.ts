import { expect } from 'chai';
import type { PlantedBug } from '../../planted/bug.js';
import { campaign } from '../../planted/campaign.js';
import { failuresOf, tableOf } from '../../planted/report.js';
import { search, type Found, type Search } from '../../planted/search.js';
import type { Simulation } from '../../planted/simulation.js';
import { isPlanted } from '../../planted/switch.js';

const bug = (name: string, more: Partial<PlantedBug> = {}): PlantedBug => ({
  name,
  clause: 'rule 1',
  simulation: 'core',
  edits: [],
  ...more,
});

/** A simulation that fails from a seed on, by bug; the empty name is the healthy build. */
const failing = (from: Readonly<Record<string, number>>, faults = 1): Simulation => ({
  name: 'core',
  run: (seed) => {
    const [on] = Object.keys(from).filter((name) => name !== '' && isPlanted(name));
    const fails = seed >= (from[on ?? ''] ?? Infinity);
    const facts = { ops: 2, acknowledged: 1, faults, reached: new Set([`seed ${seed % 2}`]) };
    return { facts, violation: fails ? `seed ${seed}, at 1.0 ms: lost | gone` : undefined };
  },
});

const far = { seedsMax: 1_000, deadlineMs: Infinity };
/** One thread: one search after the other. */
function over(simulation: Simulation): (one: Search) => Promise<Found> {
  let last: Promise<unknown> = Promise.resolve();
  return (one) => {
    const found = last.then(() => search(simulation, one));
    last = found;
    return found;
  };
}

describe('planted campaign', () => {
  it('campaign: each bug is caught at its first seed, after the healthy build was clean on the same seeds', async () => {
    const asked: Search[] = [];
    const run = over(failing({ early: 3, late: 777 }));
    const bugs = [bug('early'), bug('late')];
    const result = await campaign(async (one) => (asked.push(one), run(one)), { ...far, bugs });
    expect(result.bugs.map(({ caught }) => caught?.seed)).to.deep.equal([3, 777]);
    expect(result.bugs.map(({ work }) => work.runs)).to.deep.equal([3, 777]);
    expect(result.healthy.get('core')?.work.runs).to.equal(1_000);
    expect(failuresOf(result)).to.deep.equal([]);
    for (const [at, one] of asked.entries()) {
      if (one.bug === '') continue;
      const healthy = asked.slice(0, at).filter((before) => before.bug === '');
      for (const seed of [one.from, one.to])
        expect(
          healthy.some(({ from, to }) => from <= seed && seed <= to),
          `seed ${seed} healthy first`,
        ).to.equal(true);
    }
  });

  it('campaign: the healthy build runs no further than it must', async () => {
    const result = await campaign(over(failing({ early: 3 })), { ...far, bugs: [bug('early')] });
    expect(result.healthy.get('core')?.work.runs).to.equal(50);
  });

  it('campaign: nothing is caught where the healthy build fails', async () => {
    const result = await campaign(over(failing({ early: 3, '': 40 })), { ...far, bugs: [bug('early')] });
    expect(result.bugs[0]?.caught).to.equal(undefined);
    expect(failuresOf(result).join('\n')).to.match(/healthy build fails in core: seed 40[^]*early was not caught/);
  });

  it('report: what is not caught, what is caught though covered, and an idle simulation are failures', async () => {
    const missed = await campaign(over(failing({})), { ...far, bugs: [bug('missed')] });
    expect(failuresOf(missed)).to.deep.equal(['missed was not caught in 1000 runs']);
    const covered = bug('covered', { coveredBy: 'another guard' });
    expect(failuresOf(await campaign(over(failing({})), { ...far, bugs: [covered] }))).to.deep.equal([]);
    const wrong = await campaign(over(failing({ covered: 9 })), { ...far, bugs: [covered] });
    expect(failuresOf(wrong).join()).to.match(/covered is said to be covered by another guard, but: seed 9/);
    const idle = await campaign(over(failing({ early: 3 }, 0)), { ...far, bugs: [bug('early')] });
    expect(failuresOf(idle)).to.deep.equal(['the simulation core did nothing: clean means nothing']);
  });

  it('report: time that is up is told', async () => {
    const result = await campaign(over(failing({ early: 3 })), { ...far, deadlineMs: 0, bugs: [bug('early')] });
    expect(failuresOf(result).join()).to.match(/early was not caught in 0 runs before the time was up/);
  });

  it('report: a table of one line a bug', async () => {
    const table = tableOf(await campaign(over(failing({ early: 3 })), { ...far, bugs: [bug('early')] }));
    expect(table.split('\n')[2]).to.equal('| early | rule 1 | core | 3 | lost \\| gone | 6 | 3 | 3 | 2 |');
    expect(table.split('\n')[3]).to.match(/^\| none \| the healthy build \| core \| 50 \| clean \| 100 /);
  });
});
