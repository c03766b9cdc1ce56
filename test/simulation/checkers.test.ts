import { expect } from 'chai';
import { encodeEntry, GENESIS_CHAIN, type Entry } from '../../src/base/entry.js';
import { op, view } from '../../src/base/numbers.js';
import type { Message } from '../../src/vsr/message.js';
import { Checkers, Violation, type DiskFacts } from './checkers.js';
import { LedgerService } from './ledger-service.js';
import { Prng } from './prng.js';

const entryOf = (at: number, requestId: string, inView = 0): Entry => {
  const head = { op: op(at), view: view(inView), timeMs: 1, requestId, service: 'ledger', update: requestId };
  return encodeEntry(head, GENESIS_CHAIN);
};

/** A disk that holds these entries, which begin at op 1. */
const disk = (inView: number, logView: number, entries: readonly Entry[] = [], recovering = false): DiskFacts => ({
  promises: { view: inView, logView, recovering },
  lastOp: entries.length,
  chainAt: (at) => entries[at - 1]?.chain,
  hasInOutbox: (id) => id === 'in the outbox',
});

const [first, second] = [entryOf(1, 'a'), entryOf(2, 'b')];

/** Three disks that hold both entries. */
function checkers(): Checkers {
  const made = new Checkers(3);
  for (const replica of [0, 1, 2]) made.onDisk(replica, disk(1, 1, [first, second]));
  made.onApplied(0, first);
  made.onApplied(0, second);
  return made;
}

const badHistories: Readonly<Record<string, readonly [object: RegExp, tell: (made: Checkers) => void]>> = {
  'another entry at a committed op': [/never change/, (made) => made.onApplied(1, entryOf(2, 'c'))],
  'one request at two ops': [
    /again at op 3/,
    (made) => {
      const again = entryOf(3, 'a');
      for (const replica of [0, 1]) made.onDisk(replica, disk(1, 1, [first, second, again]));
      made.onApplied(0, again);
    },
  ],
  'committed on one disk of three': [
    /with 1 of 3 disks/,
    (made) => {
      const third = entryOf(3, 'c');
      made.onDisk(0, disk(1, 1, [first, second, third]));
      made.onApplied(0, third);
    },
  ],
  'committed on one disk, after another was destroyed that did not hold it': [
    /with 1 of 3 disks/,
    (made) => {
      const third = entryOf(3, 'c');
      made.onWiped(2);
      made.onDisk(0, disk(1, 1, [first, second, third]));
      made.onApplied(0, third);
    },
  ],
  'a view that falls': [/fell from view 1/, (made) => made.onDisk(0, disk(0, 0, [first, second]))],
  'a logView that falls': [/fell from view 1/, (made) => made.onDisk(0, disk(1, 0, [first, second]))],
  'a log made shorter in its view': [/shorter/, (made) => made.onDisk(0, disk(1, 1, [first]))],
  'a log of a view that ends before the view began': [
    /it began at op 2/,
    (made) => {
      made.onSend(0, startView(2, 2), disk(2, 2, [first, second]));
      made.onDisk(1, disk(2, 2, [first]));
    },
  ],
  'two primaries of a view': [
    /both act as primary/,
    (made) => {
      made.onActsAsPrimary(0, 3);
      made.onActsAsPrimary(1, 3);
    },
  ],
  'one request acknowledged at two ops': [
    /at op 1 and at op 2/,
    (made) => {
      made.onAcknowledged('a', 1, first.chain, true);
      made.onAcknowledged('a', 2, second.chain, true);
    },
  ],
  'an acknowledged chain that is not the committed one': [
    /does not have/,
    (made) => made.onAcknowledged('b', 2, first.chain, true),
  ],
  'a stale linearizable read': [/linearizable read saw op 1/, (made) => made.onRead(2, 1, 'linearizable')],
  'a session that goes back': [/session read saw op 1/, (made) => made.onRead(2, 1, 'session')],
  'an acknowledged write that is lost': [
    /is lost/,
    (made) => {
      made.onAcknowledged('c', 3, 'chain', true);
      made.atEnd((id) => id !== 'c');
    },
  ],
  'an acknowledged write that stands elsewhere': [
    /stands at op 2/,
    (made) => {
      made.onAcknowledged('b', 1, first.chain, true);
      made.atEnd(() => true);
    },
  ],
  'a message of a view that is not on disk': [
    /view 1 is on its disk/,
    (made) =>
      made.onSend(0, { kind: 'heartbeatOk', view: view(2), round: 1, op: op(0), chain: GENESIS_CHAIN }, disk(1, 1)),
  ],
  'a prepareOk before its fsync': [
    /journal ends at 2/,
    (made) =>
      made.onSend(0, { kind: 'prepareOk', view: view(1), op: op(3), chain: second.chain }, disk(1, 1, [first, second])),
  ],
  'a prepareOk for a log of another view': [
    /logView 0 is on its disk/,
    (made) => made.onSend(0, { kind: 'prepareOk', view: view(1), op: op(1), chain: first.chain }, disk(1, 0, [first])),
  ],
  'a wish for the view after the next': [
    /view 1 is on its disk/,
    (made) => made.onSend(0, { kind: 'startViewChange', view: view(3) }, disk(1, 1)),
  ],
  'a recovering replica that answers': [
    /it is recovering/,
    (made) => made.onSend(0, { kind: 'recoveryResponse', nonce: 1, view: view(1) }, disk(1, 1, [], true)),
  ],
  'an empty replica that takes part': [
    /folder is empty/,
    (made) => made.onSend(0, { kind: 'alive', view: view(0) }, { ...disk(0, 0), promises: undefined }),
  ],
  'an order taken alone that is not on that disk': [
    /not in the outbox on its disk/,
    (made) => {
      made.onDisk(0, disk(1, 1, [first, second]));
      made.onTakenAlone(0, 'somewhere else');
    },
  ],
  'an order taken alone that is gone at the end': [
    /taken alone by replica 0, is lost/,
    (made) => {
      made.onDisk(0, disk(1, 1, [first, second]));
      made.onTakenAlone(0, 'in the outbox');
      made.atEnd(() => true);
    },
  ],
};

function startView(inView: number, start: number): Message {
  const suffix = { after: op(start), afterChain: '', entries: [] };
  return { kind: 'startView', view: view(inView), start: op(start), commit: op(0), suffix };
}

describe('simulation checkers', () => {
  for (const [name, [why, tell]] of Object.entries(badHistories))
    it(`checkers: object to ${name}`, () => {
      expect(() => tell(checkers())).to.throw(Violation, why);
    });

  it('checkers: accept a good history', () => {
    const made = checkers();
    made.onAcknowledged('a', 1, first.chain, true);
    made.onAcknowledged('b', 2, second.chain, false);
    made.onRead(1, 2, 'linearizable');
    made.onRead(2, 0, 'any');
    made.onSend(0, { kind: 'prepareOk', view: view(1), op: op(2), chain: second.chain }, disk(1, 1, [first, second]));
    made.onSend(0, startView(2, 2), disk(2, 2, [first, second]));
    made.onDisk(1, disk(2, 2, [first, second]));
    made.onWiped(2);
    made.onDisk(2, disk(0, 0, [], true));
    // Taken alone on a disk that is lost before it could be handed in: that is told to be possible.
    made.onTakenAlone(1, 'in the outbox');
    made.onWiped(1);
    made.atEnd(() => true);
    expect(made.acknowledgedOp).to.equal(2);
    expect(made.committedOps).to.equal(2);
  });

  it('checkers: a disk that held a committed entry and was destroyed counts', () => {
    const made = checkers();
    const third = entryOf(3, 'c');
    for (const replica of [0, 2]) made.onDisk(replica, disk(1, 1, [first, second, third]));
    made.onWiped(2);
    made.onApplied(0, third);
  });

  it('checkers: the ledger objects to an entry that was executed on another state', () => {
    const ledger = new LedgerService();
    const update = JSON.stringify({ line: { id: 'a', value: 1, copiesNeeded: 2 }, total: 9 });
    expect(() => ledger.commit({ ...entryOf(1, 'a'), update })).to.throw('another state');
  });

  it('checkers: chance comes of the seed alone', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, (_, _at, prng = new Prng(seed)) => prng.u32());
    expect(draw(1)).to.deep.equal(draw(1));
    expect(draw(1)).to.not.deep.equal(draw(2));
  });
});
