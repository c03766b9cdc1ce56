import { expect } from 'chai';
import { op } from '../../../src/base/numbers.js';
import type { Entry } from '../../../src/base/entry.js';
import type { Loaded, ReplicaStorage } from '../../../src/ports/storage.js';
import { openReplicaStorage } from '../../../src/storage/replica-storage.js';
import { itemOf } from '../../contract/replica-storage.js';
import { entriesAfter, firstEntries, promises, simulated } from '../../support/storage-folders.js';
import { Violation } from '../checkers.js';
import { DiskWitness } from './disk-witness.js';

type Intact = Extract<Loaded, { kind: 'intact' }>;

const entries = firstEntries(6);
const item = itemOf(entries[5] as Entry);

/** A witness of a folder that holds view 2, five entries, and an outbox with the sixth; and what a start then finds. */
async function witnessed() {
  const { fileSystem, folder } = simulated();
  const witness = new DiskWitness(
    () => undefined,
    () => () => undefined,
  );
  let storage = witness.watch(openReplicaStorage(fileSystem, folder));
  witness.onLoaded(await storage.load(), false);
  await storage.initialise(promises(1), []);
  await storage.append(entries, op(3));
  await storage.switchLog({ durable: promises(2), from: op(6), entries: [], salvaged: [item] });
  storage.close();
  storage = witness.watch(openReplicaStorage(fileSystem, folder));
  const loaded = (await storage.load()) as Intact;
  expect(loaded.kind).to.equal('intact');
  return { witness, storage, loaded, fileSystem };
}

const lies: Readonly<Record<string, readonly [why: RegExp, found: (loaded: Intact) => Loaded]>> = {
  'an empty folder': [/found empty/, () => ({ kind: 'empty' })],
  'damage that nobody did': [
    /nobody harmed/,
    ({ durable }) => ({ kind: 'damaged', durable, damage: [{ file: 'a', what: 'b' }], outbox: [], uncertain: [] }),
  ],
  'a view that fell': [/view 1\/1 instead of 2\/2/, (loaded) => ({ ...loaded, durable: promises(1) })],
  'a forgotten recovery': [/recovering/, (loaded) => ({ ...loaded, durable: promises(2, 2, true) })],
  'an entry that is gone': [/ends at op 4/, (loaded) => ({ ...loaded, entries: loaded.entries.slice(0, 4) })],
  'an entry too many': [/op 6 is another entry/, (loaded) => ({ ...loaded, entries })],
  'another entry': [/op 1 is another entry/, (loaded) => ({ ...loaded, entries: entriesAfter(0, '', 5, 7) })],
  'an outbox that lost an order': [/no longer in the outbox/, (loaded) => ({ ...loaded, outbox: [] })],
};

describe('simulation: disk witness', () => {
  for (const [name, [why, found]] of Object.entries(lies))
    it(`witness: objects to ${name}`, async () => {
      const { witness, loaded } = await witnessed();
      expect(() => witness.onLoaded(found(loaded), false)).to.throw(Violation, why);
    });

  it('witness: objects to a damaged outbox that nobody harmed, and to one that lost what the journal still holds', async () => {
    for (const [mayBeDamaged, why] of [
      [false, 'an outbox that nobody harmed'],
      [true, 'is no longer in the outbox'],
    ] as const) {
      const { witness, loaded } = await witnessed();
      const found = { ...loaded, outbox: [], uncertain: [] };
      expect(() => witness.onLoaded(found, mayBeDamaged)).to.throw(Violation, why);
    }
  });

  it('witness: knows that of a folder that was begun anew the outbox holds the only copy, until it is damaged too', async () => {
    const { witness, storage } = await witnessed();
    witness.onLoaded({ kind: 'damaged', durable: promises(2), damage: [], outbox: [item], uncertain: [] }, true);
    const kept = itemOf(entriesAfter(5, entries[4]?.chain ?? '', 2, 9)[1] as Entry);
    await storage.keep([kept]);
    const recovering = promises(2, 0, true);
    const log = { base: { op: op(0), chain: '0'.repeat(32), timeMs: 0 }, snapshots: {} };
    const begun: Intact = {
      kind: 'intact',
      durable: recovering,
      checkpoint: log,
      entries: [],
      commit: op(0),
      outbox: [],
    };
    expect(() => witness.onLoaded({ ...begun, outbox: [item] }, true), 'not said to be damaged').to.throw(Violation);
    witness.onLoaded({ ...begun, uncertain: [] }, true);
    expect(witness.facts().hasInOutbox(item.requestId)).to.equal(false);
  });

  it('witness: knows that what had no room to be settled goes with a later write', async () => {
    const { witness, storage, loaded, fileSystem } = await witnessed();
    const kept = itemOf(entriesAfter(5, entries[4]?.chain ?? '', 2, 9)[1] as Entry);
    witness.onLoaded(loaded, false);
    await storage.keep([kept]);
    fileSystem.limitRoom(0);
    const settled = await Promise.allSettled([
      storage.settleOutbox([item.requestId]),
      storage.settleOutbox([kept.requestId]),
    ]);
    expect(settled.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    witness.onLoaded({ ...loaded, outbox: [] }, false);
    expect(witness.facts().hasInOutbox(item.requestId)).to.equal(false);
  });

  it('witness: objects to a damaged folder whose view fell, also where damage was done', async () => {
    const { witness } = await witnessed();
    const loaded: Loaded = { kind: 'damaged', durable: promises(1), damage: [], outbox: [], uncertain: [] };
    expect(() => witness.onLoaded(loaded, true)).to.throw(Violation, 'fell from view 2 to 1');
  });

  it('witness: accepts what was said, and any beginning of an append that was under way', async () => {
    for (const kept of [0, 1, 2]) {
      const { witness, storage, loaded } = await witnessed();
      witness.onLoaded(loaded, false);
      const more = entriesAfter(5, entries[4]?.chain ?? '', 2, 2);
      void storage.append(more, op(5));
      witness.onLoaded({ ...loaded, entries: [...loaded.entries, ...more.slice(0, kept)] }, false);
      expect(witness.facts().lastOp).to.equal(5 + kept);
    }
  });

  it('witness: knows that a loss of power may undo the deletion of a file, with an append under way when it was seen', async () => {
    const damaged: Loaded = { kind: 'damaged', durable: promises(2), damage: [], outbox: [], uncertain: [] };
    for (const kept of [0, 1, 2]) {
      const { witness, storage, loaded } = await witnessed();
      witness.onLoaded(loaded, false);
      const more = entriesAfter(5, entries[4]?.chain ?? '', 2, 2);
      void storage.append(more, op(5));
      witness.onLoaded(damaged, true);
      // What came back is held against all that had been said: nothing else may.
      for (const [why, found] of Object.values(lies).filter(([, found]) => found(loaded).kind === 'intact'))
        expect(() => witness.onLoaded(found(loaded), true), String(why)).to.throw(Violation);
      witness.onLoaded({ ...loaded, entries: [...loaded.entries, ...more.slice(0, kept)] }, true);
      expect(witness.facts().lastOp).to.equal(5 + kept);
    }
  });

  it('witness: accepts the state before or after a transition that was under way, and no mixture', async () => {
    const change = { durable: promises(3), from: op(5), entries: [], salvaged: [] };
    const after = (loaded: Intact): Intact => ({
      ...loaded,
      durable: promises(3),
      entries: loaded.entries.slice(0, 4),
    });
    for (const [found, isTrue] of [
      [(loaded: Intact) => loaded, true],
      [after, true],
      [(loaded: Intact) => ({ ...loaded, durable: promises(3) }), false],
    ] as const) {
      const { witness, storage, loaded } = await witnessed();
      witness.onLoaded(loaded, false);
      void (storage as ReplicaStorage).switchLog(change);
      const hold = (): void => witness.onLoaded(found(loaded), false);
      if (isTrue) hold();
      else expect(hold).to.throw(Violation);
    }
  });
});
