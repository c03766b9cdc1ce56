import { expect } from 'chai';
import { GENESIS_CHAIN } from '../../src/base/entry.js';
import { op } from '../../src/base/numbers.js';
import type { Loaded, ReplicaStorage } from '../../src/ports/storage.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { headAt, itemOf, loadIntact, transfer } from '../contract/replica-storage.js';
import { CrashedError, type SimulatedFileSystem } from '../support/simulated-file-system.js';
import { seededRng } from '../support/simulated-inode.js';
import { entriesAfter, firstEntries, promises, simulated } from '../support/storage-folders.js';

type Intact = Extract<Loaded, { kind: 'intact' }>;

/** Raise by SEEDS=… in the environment for a long search. */
const SEEDS = Number(process.env['SEEDS'] ?? 12);
const HEADER = 'op,item\r\n';
const OLD = firstEntries(8);
const chainAt = (at: number): string => OLD[at - 1]?.chain ?? GENESIS_CHAIN;
const entryAt = (at: number) => OLD[at - 1] ?? OLD[0] ?? never();
const NEW = entriesAfter(6, chainAt(6), 4, 3);
const INSTALLED = firstEntries(12, 2);

function present<T>(value: T | undefined): T {
  return value ?? never();
}

function never(): never {
  throw new Error('the test has no such entry');
}

/** One durable call, made on a replica that stands at some state; `log` allows a part of an append. */
interface Scenario {
  readonly name: string;
  prepare(storage: ReplicaStorage, fileSystem: SimulatedFileSystem): Promise<void>;
  act(storage: ReplicaStorage): Promise<void>;
  readonly isAppend?: boolean;
}

async function grow(storage: ReplicaStorage, upTo: number): Promise<void> {
  const table = storage.files.table('orders.csv', HEADER);
  const document = storage.files.document('menu.csv');
  for (let at = 1; at <= upTo; at++) {
    await storage.append(OLD.slice(at - 1, at), op(at - 1));
    table.append(`${at},pizza\r\n`);
    document.write(`menu at ${at}`);
    storage.flushTables();
  }
}

async function grownWithCheckpoints(storage: ReplicaStorage): Promise<void> {
  await grow(storage, 3);
  await storage.checkpoint(headAt(entryAt(3)));
  for (let at = 4; at <= 8; at++) {
    await storage.append(OLD.slice(at - 1, at), op(at - 1));
    storage.files.table('orders.csv', HEADER).append(`${at},pizza\r\n`);
    if (at === 5) await storage.checkpoint(headAt(entryAt(5)));
  }
  storage.flushTables();
}

const salvaged = [itemOf(entryAt(7)), itemOf(entryAt(8))];

async function stagePeer(storage: ReplicaStorage, fileSystem: SimulatedFileSystem): Promise<void> {
  fileSystem.makeFolder('/peer');
  const peer = openReplicaStorage(fileSystem, '/peer');
  await peer.load();
  await peer.initialise(promises(2), []);
  await peer.append(INSTALLED, op(10));
  const table = peer.files.table('orders.csv', HEADER);
  for (let at = 1; at <= 10; at++) table.append(`${at},soup\r\n`);
  peer.files.document('menu.csv').write('menu of the peer');
  await peer.checkpoint(headAt(INSTALLED[9] ?? never()));
  storage.files.table('orders.csv', HEADER);
  storage.files.document('menu.csv');
  fileSystem.settle();
  const offer = transfer(peer, storage, 64);
  expect(storage.verifyStaged(offer) !== undefined).to.equal(true);
  peer.close();
}

const peerOffer = async (): Promise<ReturnType<typeof transfer>> => {
  const { fileSystem, folder } = simulated();
  const storage = openReplicaStorage(fileSystem, folder);
  await stagePeer(storage, fileSystem);
  const peer = openReplicaStorage(fileSystem, '/peer');
  await peer.load();
  return peer.offer() ?? never();
};

const scenarios: Scenario[] = [
  {
    name: 'append of one entry',
    prepare: (storage) => grow(storage, 4),
    act: (storage) => storage.append(OLD.slice(4, 5), op(4)),
    isAppend: true,
  },
  {
    name: 'append of a batch',
    prepare: (storage) => grow(storage, 2),
    act: (storage) => storage.append(OLD.slice(2), op(2)),
    isAppend: true,
  },
  {
    name: 'append that begins a segment',
    prepare: (storage) => grow(storage, 6),
    act: (storage) => storage.append(OLD.slice(6), op(5)),
    isAppend: true,
  },
  {
    name: 'persist',
    prepare: (storage) => grow(storage, 2),
    act: (storage) => storage.persist(promises(4, 0)),
  },
  {
    name: 'switch that cuts and salvages',
    prepare: (storage) => grow(storage, 8),
    act: (storage) => storage.switchLog({ durable: promises(3), from: op(7), entries: NEW, salvaged }),
  },
  {
    name: 'switch that only cuts, after another',
    prepare: async (storage) => {
      await grow(storage, 6);
      await storage.switchLog({ durable: promises(3), from: op(7), entries: NEW, salvaged: [] });
      await storage.append(entriesAfter(10, NEW[3]?.chain ?? '', 1, 3), op(6));
    },
    act: (storage) => storage.switchLog({ durable: promises(4), from: op(9), entries: [], salvaged: [] }),
  },
  {
    name: 'switch within its own view, over segments begun in it',
    prepare: (storage) => grow(storage, 8),
    act: (storage) => storage.switchLog({ durable: promises(0, 0, true), from: op(4), entries: [], salvaged }),
  },
  {
    name: 'checkpoint',
    prepare: grownWithCheckpoints,
    act: (storage) => storage.checkpoint(headAt(entryAt(8))),
  },
  {
    name: 'install over a log',
    prepare: async (storage, fileSystem) => {
      await grow(storage, 8);
      await stagePeer(storage, fileSystem);
    },
    act: async (storage) => {
      const offer = await peerOffer();
      await storage.install({ durable: promises(5), offer, entries: INSTALLED.slice(10), salvaged });
    },
  },
  {
    name: 'install over checkpoints',
    prepare: async (storage, fileSystem) => {
      await grownWithCheckpoints(storage);
      await stagePeer(storage, fileSystem);
    },
    act: async (storage) => {
      const offer = await peerOffer();
      await storage.install({ durable: promises(5), offer, entries: [], salvaged: [] });
    },
  },
  {
    name: 'settling the outbox',
    prepare: async (storage) => {
      await grow(storage, 8);
      await storage.switchLog({ durable: promises(3), from: op(7), entries: [], salvaged });
    },
    act: (storage) => storage.settleOutbox([salvaged[0]?.requestId ?? '']),
  },
  {
    name: 'adding to the outbox',
    prepare: async (storage) => {
      await grow(storage, 8);
      await storage.appendOutbox(salvaged.slice(0, 1));
    },
    act: (storage) => storage.appendOutbox(salvaged.slice(1)),
  },
];

/** Everything that a crash must not mix: promises, log, outbox, tables. */
function stateOf(loaded: Intact, storage: ReplicaStorage): { parts: string[]; log: string[] } {
  const table = storage.files.table('orders.csv', HEADER);
  const tableText = Buffer.from(table.read(0, table.length)).toString();
  const { base } = loaded.checkpoint;
  const log = loaded.entries.map(({ op: at, chain }) => `${at} ${chain}`);
  const isInstalled = tableText.includes('soup');
  return {
    parts: [
      JSON.stringify(loaded.durable),
      `log after ${base.op}: ${log.join(' ')}`,
      `outbox ${loaded.outbox.map(({ op: at }) => at).join()}`,
      `checkpoint ${base.op} ${base.chain} ${tableText.length} ${isInstalled}`,
      // Before the first checkpoint a document is whatever was written last: op 1 replaces it.
      `menu ${base.op === 0 ? 'any' : storage.files.document('menu.csv').read()}`,
    ],
    log,
  };
}

async function started(scenario: Scenario): Promise<{ fileSystem: SimulatedFileSystem; storage: ReplicaStorage }> {
  const { fileSystem, folder } = simulated();
  const storage = openReplicaStorage(fileSystem, folder, { segmentBytesMax: 500 });
  await storage.load();
  await storage.initialise(promises(0), []);
  await scenario.prepare(storage, fileSystem);
  return { fileSystem, storage };
}

async function reloaded(fileSystem: SimulatedFileSystem) {
  const storage = openReplicaStorage(fileSystem, '/replica', { segmentBytesMax: 500 });
  return { storage, loaded: await loadIntact(storage) };
}

/** The whole state before and after the call, by their parts: each part may be old or new, as rule 1 allows. */
async function oldAndNew(scenario: Scenario) {
  const before = await started(scenario);
  before.fileSystem.kill();
  const old = await reloaded(before.fileSystem);
  const after = await started(scenario);
  const first = after.fileSystem.operations;
  await scenario.act(after.storage);
  const last = after.fileSystem.operations;
  after.fileSystem.kill();
  const next = await reloaded(after.fileSystem);
  return { first, last, old: stateOf(old.loaded, old.storage), next: stateOf(next.loaded, next.storage) };
}

/** A disk at the moment the process died: right inside change `k`, or after the call when `k` is undefined. */
async function diskAt(scenario: Scenario, k: number | undefined): Promise<SimulatedFileSystem> {
  const { fileSystem, storage } = await started(scenario);
  fileSystem.onOperation = ({ index }) => {
    if (index === k) fileSystem.stop();
  };
  let died = false;
  try {
    await scenario.act(storage);
  } catch (error) {
    if (!(error instanceof CrashedError)) throw error;
    died = true;
  }
  expect(died, 'the process dies where it should').to.equal(k !== undefined);
  return fileSystem;
}

describe('storage: crash', () => {
  for (const scenario of scenarios) {
    it(`leaves the old or the new state, nothing between (${scenario.name})`, async function () {
      this.timeout(60_000);
      const { first, last, old, next } = await oldAndNew(scenario);
      expect(next.parts, 'the call changes something').to.not.deep.equal(old.parts);
      for (let k = first; k <= last; k++) {
        const disk = await diskAt(scenario, k === last ? undefined : k);
        for (let seed = -1; seed < SEEDS; seed++) {
          const where = `${scenario.name}, change ${k - first} of ${last - first}, seed ${seed}`;
          const crashed = disk.fork();
          if (seed >= 0) crashed.crash(seededRng(seed * 7919 + k));
          const { storage, loaded } = await reloaded(crashed);
          const { parts, log } = stateOf(loaded, storage);
          // Whatever load has reported is relied on from then on: it stays over the next loss of power.
          crashed.crash(seededRng(seed * 31 + k));
          const later = await reloaded(crashed);
          expect(stateOf(later.loaded, later.storage).parts, `${where}, after load`).to.deep.equal(parts);
          const isPart = scenario.isAppend === true && k < last && isBetween(log, old.log, next.log);
          if (isPart) continue;
          if (k === last) expect(parts, where).to.deep.equal(next.parts);
          else
            expect(isOldOrNew(parts, old.parts, next.parts, scenario), `${where}: ${parts.join('\n')}`).to.equal(true);
        }
      }
    });

    it(`is finished by the next start, which may die too (${scenario.name})`, async function () {
      this.timeout(60_000);
      const { first, last, old, next } = await oldAndNew(scenario);
      for (let k = first; k < last; k++) {
        const disk = await diskAt(scenario, k);
        for (let seed = 0; seed < 3; seed++) {
          const crashed = disk.fork();
          crashed.crash(seededRng(seed * 104729 + k));
          const total = await operationsOfLoad(crashed.fork());
          for (let at = 0; at < total; at++) {
            const where = `${scenario.name}, change ${k - first}, load change ${at}, seed ${seed}`;
            const again = crashed.fork();
            const start = again.operations;
            again.onOperation = ({ index }) => {
              if (index - start === at) again.stop();
            };
            await expectDeath(again, where);
            again.crash(seededRng(seed + at * 31 + k));
            const { storage, loaded } = await reloaded(again);
            const { parts, log } = stateOf(loaded, storage);
            if (scenario.isAppend === true && isBetween(log, old.log, next.log)) continue;
            expect(isOldOrNew(parts, old.parts, next.parts, scenario), `${where}: ${parts.join('\n')}`).to.equal(true);
          }
        }
      }
    });
  }

  it('leaves an empty folder empty, or a founded one (first start)', async () => {
    const found = async (k: number | undefined): Promise<SimulatedFileSystem> => {
      const { fileSystem, folder } = simulated();
      const storage = openReplicaStorage(fileSystem, folder);
      await storage.load();
      const start = fileSystem.operations;
      fileSystem.onOperation = ({ index }) => {
        if (index - start === k) fileSystem.stop();
      };
      if (k === undefined) await storage.initialise(promises(0), []);
      else await storage.initialise(promises(0), []).catch(() => undefined);
      return fileSystem;
    };
    const whole = (await found(undefined)).operations;
    for (let k = 0; k <= whole; k++) {
      const disk = await found(k);
      for (let seed = 0; seed < SEEDS; seed++) {
        const crashed = disk.fork();
        crashed.crash(seededRng(seed * 17 + k));
        const storage = openReplicaStorage(crashed, '/replica');
        const loaded = await storage.load();
        expect(loaded.kind, `change ${k}, seed ${seed}: ${JSON.stringify(loaded)}`).to.be.oneOf(['empty', 'intact']);
        if (loaded.kind === 'empty') await storage.initialise(promises(0), []);
        await storage.append(firstEntries(2), op(0));
        crashed.kill();
        const again = await loadIntact(openReplicaStorage(crashed, '/replica'));
        expect(again.entries.length).to.equal(2);
      }
    }
    const disk = await found(undefined);
    for (let seed = 0; seed < SEEDS; seed++) {
      const crashed = disk.fork();
      crashed.crash(seededRng(seed));
      await loadIntact(openReplicaStorage(crashed, '/replica'));
    }
  });

  it('leaves a damaged folder damaged, or one that has begun anew (initialise)', async () => {
    const anew = async (k: number | undefined): Promise<{ disk: SimulatedFileSystem; first: number }> => {
      const { fileSystem, storage } = await started({ ...present(scenarios[4]), act: async () => undefined });
      await storage.switchLog({ durable: promises(3), from: op(7), entries: NEW, salvaged });
      fileSystem.kill();
      fileSystem.settle();
      fileSystem.flipBit('/replica/journal/0000000000-0000000000000001.csv', 200, 1);
      const damaged = openReplicaStorage(fileSystem, '/replica');
      expect((await damaged.load()).kind).to.equal('damaged');
      damaged.files.table('orders.csv', HEADER);
      const first = fileSystem.operations;
      fileSystem.onOperation = ({ index }) => {
        if (index - first === k) fileSystem.stop();
      };
      const done = damaged.initialise(promises(6, 0, true), INSTALLED.slice(0, 1));
      if (k === undefined) await done;
      else await done.catch(() => undefined);
      return { disk: fileSystem, first };
    };
    const whole = await anew(undefined);
    const total = whole.disk.operations - whole.first;
    for (let k = 0; k <= total; k++) {
      const { disk } = await anew(k === total ? undefined : k);
      for (let seed = 0; seed < SEEDS; seed++) {
        const where = `change ${k} of ${total}, seed ${seed}`;
        const crashed = disk.fork();
        crashed.crash(seededRng(seed * 13 + k));
        const storage = openReplicaStorage(crashed, '/replica');
        const loaded = await storage.load();
        if (loaded.kind === 'empty') throw new Error(`${where}: the promises are forgotten`);
        expect(loaded.outbox, where).to.deep.equal(salvaged);
        expect(loaded.durable?.view, where).to.be.oneOf([3, 6]);
        if (k === total) expect(loaded.kind, where).to.equal('intact');
        if (loaded.kind === 'damaged') await storage.initialise(promises(6, 0, true), INSTALLED.slice(0, 1));
        crashed.crash(seededRng(seed));
        const again = await loadIntact(openReplicaStorage(crashed, '/replica'));
        expect(again.durable, where).to.deep.equal(promises(6, 0, true));
        expect(again.entries, where).to.deep.equal(INSTALLED.slice(0, 1));
        expect(again.outbox, where).to.deep.equal(salvaged);
      }
    }
  });
});

function isBetween(log: readonly string[], old: readonly string[], next: readonly string[]): boolean {
  return log.length >= old.length && log.every((entry, index) => entry === next[index]);
}

/**
 * Promises and log are one; the outbox is written before them and a checkpoint changes none of the others, so these may be
 * new alone.
 */
function isOldOrNew(parts: string[], old: string[], next: string[], scenario: Scenario): boolean {
  const same = (which: string[], indexes: number[]): boolean => indexes.every((at) => parts[at] === which[at]);
  if (!same(old, [2]) && !same(next, [2])) return false;
  const rest = [0, 1, 3, 4];
  if (same(next, rest)) return scenario.name.endsWith('the outbox') || same(next, [2]);
  return same(old, rest);
}

async function operationsOfLoad(fileSystem: SimulatedFileSystem): Promise<number> {
  const start = fileSystem.operations;
  await reloaded(fileSystem);
  return fileSystem.operations - start;
}

async function expectDeath(fileSystem: SimulatedFileSystem, where: string): Promise<void> {
  let died = false;
  await reloaded(fileSystem).catch((error: unknown) => {
    if (!(error instanceof CrashedError)) throw error;
    died = true;
  });
  expect(died, where).to.equal(true);
}
