import { expect } from 'chai';
import { op, replicaIndex } from '../../src/base/numbers.js';
import type { Timers } from '../../src/ports/machine.js';
import type { Damage, Loaded } from '../../src/ports/storage.js';
import { INSPECT_EVERY_MS } from '../../src/runtime/folder-watch.js';
import { PresentDamage } from '../../src/runtime/present-damage.js';
import { ReplicaRuntime } from '../../src/runtime/replica-runtime.js';
import { systemClock } from '../../src/runtime/system-clock.js';
import { Ordering, ORDERING } from '../../src/services/ordering/ordering.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { newState } from '../../src/vsr/state.js';
import { receiptsTable } from '../../src/vsr/receipts.js';
import { MemoryFiles } from '../support/memory-files.js';
import { promises, simulated } from '../support/storage-folders.js';
import type { SimulatedFileSystem } from '../support/simulated-file-system.js';

const IDS = ['replica-1', 'replica-2', 'replica-3'];

/** Timers that fire when told to. */
class ManualTimers implements Timers {
  readonly #every: { readonly ms: number; readonly run: () => void }[] = [];
  after(): () => void {
    return () => undefined;
  }
  every(ms: number, run: () => void): () => void {
    this.#every.push({ ms, run });
    return () => undefined;
  }
  fire(ms: number): void {
    for (const timer of this.#every) if (timer.ms === ms) timer.run();
  }
}

const config = {
  self: replicaIndex(0),
  replicaIds: IDS,
  heartbeatMs: 100,
  quorum: 2,
  checkpointIntervalOps: 1000,
  uncommittedOpsMax: 100,
};

/** A folder in view 1, with an empty log. */
async function folderOf(): Promise<{ fileSystem: SimulatedFileSystem; folder: string }> {
  const { fileSystem, folder } = simulated();
  const storage = openReplicaStorage(fileSystem, folder);
  await storage.load();
  await storage.initialise(promises(1), []);
  storage.close();
  return { fileSystem, folder };
}

/** The replica as it runs on that folder. */
async function running(fileSystem: SimulatedFileSystem, folder: string) {
  const storage = openReplicaStorage(fileSystem, folder);
  const loaded = await storage.load();
  const timers = new ManualTimers();
  const mended: Damage[] = [];
  const runtime = new ReplicaRuntime({
    config,
    storage,
    services: new Map([[ORDERING, new Ordering(storage.files)]]),
    clock: systemClock,
    timers,
    random: { next: () => 1 },
    loaded,
    hasRoom: () => true,
    onNotice: () => undefined,
    onMended: (damage) => void mended.push(...damage),
    onFatal: (why) => {
      throw new Error(why.kind);
    },
  });
  runtime.begin({ send: () => undefined, close: async () => undefined });
  return { runtime, timers, mended };
}

describe('runtime: damage as status shows it', () => {
  it('what is put right at once is told when it is, and does not stay in the status', async () => {
    const { fileSystem, folder } = await folderOf();
    const { runtime, timers, mended } = await running(fileSystem, folder);
    fileSystem.remove(`${folder}/outbox.csv`);
    timers.fire(INSPECT_EVERY_MS);
    // The simulated disk answers in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    expect(mended.map(({ file, what }) => `${file}: ${what}`)).to.include('outbox.csv: the file is missing');
    expect(runtime.status().damage).to.deep.equal([]);
  });

  it('what has to be copied from the others is shown until it is', async () => {
    const { fileSystem, folder } = await folderOf();
    fileSystem.remove(`${folder}/journal/synced`);
    const { runtime } = await running(fileSystem, folder);
    expect(runtime.status()).to.deep.include({ role: 'recovering', damage: ['journal/synced: the file is missing'] });
    const loaded: Loaded = {
      kind: 'damaged',
      durable: undefined,
      damage: [{ file: 'a', what: 'b' }],
      outbox: [],
      uncertain: [],
    };
    const damage = new PresentDamage(loaded, IDS);
    const state = newState(config, new Map(), receiptsTable(new MemoryFiles({})));
    state.status = 'recovering';
    expect(damage.lines(state)).to.deep.equal(['a: b']);
    state.status = 'normal';
    expect(damage.lines(state)).to.deep.equal([]);
  });

  it('two histories are shown while they are seen', () => {
    const damage = new PresentDamage({ kind: 'empty' }, IDS);
    const state = newState(config, new Map(), receiptsTable(new MemoryFiles({})));
    damage.noteDifference({ kind: 'diverged', peer: replicaIndex(2), op: op(7) });
    expect(damage.lines(state)).to.deep.equal([]);
    state.diverged.set(replicaIndex(2), op(7));
    expect(damage.lines(state)).to.have.length(1);
    expect(damage.lines(state)[0]).to.contain('op 7 is another one at replica-3');
  });
});
