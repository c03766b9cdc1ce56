import { expect } from 'chai';
import { SIMULATIONS } from '../../planted/simulations/index.js';
import { search } from '../../planted/search.js';

/** Seeds of each simulation in `npm test`; `npm run simulate:planted` runs more. */
const SEEDS = { core: 300, 'core-long': 20, storage: 150, ordering: 100, services: 12 } as const;
const TIMEOUT_MS = 120_000;

/** What the runs of a simulation together must have gone through. */
const MUST_REACH = {
  core: 'diskFull resign startView newState chunk recoveryResponse wantReplica submitOutbox switchLog installCheckpoint',
  'core-long': 'diskFull resign startView newState chunk recoveryResponse switchLog installCheckpoint',
  storage: 'append persist switchLog checkpoint settleOutbox kill damaged intact',
  ordering: 'checkpoint restart failover submitted',
  services: 'resign startView newState submitOutbox switchLog intact',
} as const;

describe('planted simulations (healthy)', function () {
  this.timeout(TIMEOUT_MS);
  for (const name of ['core', 'core-long', 'storage', 'ordering', 'services'] as const) {
    it(`simulation ${name}: keeps every promise, does real work, and does the same for the same seed`, async () => {
      const simulation = SIMULATIONS[name];
      const one = { simulation: name, bug: '', from: 1, to: SEEDS[name], deadlineMs: Infinity };
      const { caught, work } = await search(simulation, one);
      expect(caught).to.equal(undefined);
      expect(work.runs).to.equal(SEEDS[name]);
      expect(work.ops / work.runs).to.be.greaterThan(4);
      expect(work.acknowledged / work.runs).to.be.greaterThan(2);
      expect(work.faults / work.runs).to.be.greaterThan(1);
      expect(work.reached).to.include.members(MUST_REACH[name].split(' '));
      expect(await simulation.run(7)).to.deep.equal(await simulation.run(7));
    });
  }
});
