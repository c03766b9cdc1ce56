import { expect } from 'chai';
import { op } from '../../src/base/numbers.js';
import type { ReplicaStorage } from '../../src/ports/storage.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { CrashedError, type SimulatedFileSystem } from '../support/simulated-file-system.js';
import { seededRng } from '../support/simulated-inode.js';
import { firstEntries, promises, simulated } from '../support/storage-folders.js';

const ENTRIES = firstEntries(6);
/** Ways for the power to fail at one moment. */
const LOSSES = 400;

/** Runs `work` on a process that dies at its `n`th change of a file, counted from 0. */
async function dyingAt(
  disk: SimulatedFileSystem,
  file: string,
  n: number,
  work: () => Promise<unknown>,
): Promise<void> {
  let left = n;
  disk.onOperation = ({ path }) => {
    if (path.endsWith(file) && left-- === 0) disk.stop();
  };
  let died = false;
  await work().catch((error: unknown) => {
    if (!(error instanceof CrashedError)) throw error;
    died = true;
  });
  expect(died, `it dies at change ${n} of ${file}`).to.equal(true);
}

/** Small numbers tear writes at the front, where the slots have their text. */
function tearing(seed: number): () => number {
  const rng = seededRng(seed);
  const scales = [1, 1, 0.3, 0.03];
  return () => rng() * (scales[Math.floor(rng() * scales.length)] ?? 1);
}

describe('storage: a file of two slots', () => {
  const cases: readonly (readonly [string, (storage: ReplicaStorage) => Promise<unknown>])[] = [
    ['replica.json', (storage) => storage.persist(promises(1, 0))],
    ['synced', (storage) => storage.append(ENTRIES.slice(5), op(4))],
  ];
  for (const [file, work] of cases) {
    it(`outlives a kill -9 while it is written, and a loss of power while the next start repairs it (${file})`, async () => {
      for (let write = 0; write < 2; write++) {
        const { fileSystem: disk, folder } = simulated();
        const storage = openReplicaStorage(disk, folder);
        await storage.load();
        await storage.initialise(promises(0), []);
        await storage.append(ENTRIES.slice(0, 5), op(0));
        disk.settle();
        if (file === 'synced') await work(storage);
        else await dyingAt(disk, file, write, () => work(storage));
        disk.kill();
        await dyingAt(disk, file, write, () => openReplicaStorage(disk, folder).load());
        for (let seed = 0; seed < LOSSES; seed++) {
          const crashed = disk.fork();
          crashed.crash(tearing(seed));
          const loaded = await openReplicaStorage(crashed, folder).load();
          expect(loaded.kind, `change ${write}, seed ${seed}: ${JSON.stringify(loaded)}`).to.equal('intact');
        }
      }
    });
  }
});
