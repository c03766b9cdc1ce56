import { expect } from 'chai';
import { op, replicaIndex, view } from '../../src/base/numbers.js';
import { emptyLog, pushEntry } from '../../src/vsr/log.js';
import { entriesAfter } from '../support/storage-folders.js';
import { Violation, type DiskFacts } from './checkers.js';
import { HANDED_OVER, Handovers, type Office } from './handovers.js';

type Mutable = { -readonly [Key in keyof Office]: Office[Key] };

const GIVE_UP_MS = 250;
const entries = entriesAfter(0, '0'.repeat(32), 4, 1);

/** The disk of a member that holds so many entries. */
const disk = (count: number, changes: Partial<DiskFacts> = {}): DiskFacts => ({
  promises: { view: 1, logView: 1, recovering: false },
  lastOp: count,
  chainAt: (at) => entries.slice(0, count)[at - 1]?.chain,
  hasInOutbox: () => false,
  ...changes,
});

/** A primary of view 1 with three entries, told to hand over to replica 1, which has them. */
function handingOver() {
  const log = emptyLog({ op: op(0), chain: '0'.repeat(32), timeMs: 0 });
  for (const entry of entries.slice(0, 3)) pushEntry(log, entry);
  const switchover = { to: replicaIndex(1), why: HANDED_OVER, round: 1, giveUpMs: GIVE_UP_MS };
  const state: Mutable = {
    switchover: undefined,
    suspects: undefined,
    log,
    commit: op(3),
    view: view(1),
  };
  const world = { disk: disk(3) as DiskFacts | undefined, nowMs: 0 };
  const handovers = new Handovers(() => world.disk);
  const step = (): void => handovers.onStep(0, state, ++world.nowMs);
  step();
  const begin = (): void => {
    state.switchover = switchover;
    step();
  };
  const leave = (): void => {
    state.switchover = undefined;
    state.suspects = { why: HANDED_OVER };
    step();
  };
  return { state, world, handovers, step, begin, leave };
}

const faults: Readonly<Record<string, readonly [why: RegExp, act: (made: ReturnType<typeof handingOver>) => void]>> = {
  'an execution while the log shall come to rest': [
    /executes op 4 while it hands over/,
    ({ state, begin, step }) => {
      begin();
      pushEntry(state.log, entries[3] as (typeof entries)[number]);
      step();
    },
  ],
  'a wait that is not given up': [
    /takes too long/,
    ({ world, begin, step }) => {
      begin();
      world.nowMs = GIVE_UP_MS;
      step();
    },
  ],
  'an office that is left before all is committed': [
    /op 3 is not committed/,
    ({ state, begin, leave }) => {
      state.commit = op(2) as typeof state.commit;
      begin();
      leave();
    },
  ],
  'a next primary that lacks an entry': [
    /has no op 3 of this log/,
    ({ world, begin, leave }) => {
      world.disk = disk(2);
      begin();
      leave();
    },
  ],
  'a next primary whose disk was lost before it was asked': [
    /forgotten its promises/,
    ({ world, begin, leave }) => {
      world.disk = disk(0, { promises: { view: 1, logView: 1, recovering: true } });
      begin();
      world.disk = undefined;
      leave();
    },
  ],
};

describe('simulation: handovers', () => {
  for (const [name, [why, act]] of Object.entries(faults))
    it(`handovers: objects to ${name}`, () => {
      expect(() => act(handingOver())).to.throw(Violation, why);
    });

  it('handovers: accepts an office that is left as it should be, and counts it', () => {
    const { handovers, begin, leave } = handingOver();
    begin();
    leave();
    expect([handovers.done, handovers.givenUp]).to.deep.equal([1, 0]);
  });

  it('handovers: accepts one that is given up, and a disk that is lost, or in a later view, after it was asked', () => {
    const made = handingOver();
    made.begin();
    made.state.switchover = undefined;
    made.step();
    expect([made.handovers.done, made.handovers.givenUp]).to.deep.equal([0, 1]);
    for (const later of [undefined, disk(1, { promises: { view: 2, logView: 2, recovering: false } })]) {
      const { world, begin, leave } = handingOver();
      begin();
      world.disk = later;
      leave();
    }
  });
});
