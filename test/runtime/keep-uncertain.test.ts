import { expect } from 'chai';
import { JOURNAL_HEADER, type Entry } from '../../src/base/entry.js';
import { op } from '../../src/base/numbers.js';
import type { OutboxItem, Service } from '../../src/base/service.js';
import { keepUncertain } from '../../src/runtime/keep-uncertain.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { itemOf, loadIntact } from '../contract/replica-storage.js';
import type { SimulatedFileSystem } from '../support/simulated-file-system.js';
import { entriesAfter, firstEntries, promises, simulated } from '../support/storage-folders.js';

const FOLDER = '/replica';
const SEGMENT = `${FOLDER}/journal/0000000000-0000000000000001.csv`;
const COMMITTED = 3;
const ENTRIES = firstEntries(8);
/** Op 6 was promised to nobody: its customer waited for a majority. */
const PROMISED = ENTRIES.slice(COMMITTED).filter(({ op: at }) => at !== 6);
/** Nothing of it but `salvage` is used. */
const service = {
  salvage: (entry: Entry): OutboxItem | undefined => (entry.op === 6 ? undefined : itemOf(entry)),
} as unknown as Service;
const services = new Map([['ordering', service]]);

/** A folder whose log reaches op 8, op 3 known to be committed. */
async function folderOf(): Promise<SimulatedFileSystem> {
  const { fileSystem } = simulated();
  const storage = openReplicaStorage(fileSystem, FOLDER);
  await storage.load();
  await storage.initialise(promises(0), []);
  await storage.append(ENTRIES, op(COMMITTED));
  fileSystem.kill();
  return fileSystem;
}

const rowAt = (at: number): number =>
  ENTRIES.slice(0, at - 1).reduce((sum, { row }) => sum + row.length, 0) + JOURNAL_HEADER.length;

describe('runtime: what a damaged folder had promised', () => {
  for (const [what, damage, lost] of [
    ['a committed row of the journal is rotten', (disk) => disk.flipBit(SEGMENT, rowAt(2) + 9, 1), []],
    ['an uncommitted row of the journal is rotten', (disk) => disk.flipBit(SEGMENT, rowAt(5) + 9, 1), [5]],
    ['replica.json is missing', (disk) => disk.remove(`${FOLDER}/replica.json`), []],
    ['an fsync has failed', (disk) => disk.open(`${FOLDER}/fsync-failed.txt`, true), []],
    [
      'the outbox is a folder',
      (disk) => (disk.remove(`${FOLDER}/outbox.csv`), disk.makeFolder(`${FOLDER}/outbox.csv`)),
      [],
    ],
  ] as const satisfies readonly (readonly [string, (disk: SimulatedFileSystem) => unknown, readonly number[]])[])
    it(`is in the outbox, durably, before anything is cleared away (${what})`, async () => {
      const fileSystem = await folderOf();
      damage(fileSystem);
      let storage = openReplicaStorage(fileSystem, FOLDER);
      const found = await storage.load();
      const loaded = await keepUncertain(storage, services, found, 2);
      if (loaded.kind === 'empty') throw new Error('the folder is not empty');
      const lostOps: readonly number[] = lost;
      const expected = PROMISED.filter(({ op: at }) => !lostOps.includes(at)).map(itemOf);
      expect(loaded.outbox).to.deep.equal(expected);

      fileSystem.kill();
      storage = openReplicaStorage(fileSystem, FOLDER);
      const again = await keepUncertain(storage, services, await storage.load(), 2);
      expect(again.kind !== 'empty' && again.outbox).to.deep.equal(expected);
      if (again.kind === 'damaged') {
        await storage.initialise(promises(0, 0, true), []);
        fileSystem.kill();
        expect((await loadIntact(openReplicaStorage(fileSystem, FOLDER))).outbox).to.deep.equal(expected);
      }
    });

  it('the mark is missing: committed rows are kept too, and settle by themselves', async () => {
    const fileSystem = await folderOf();
    fileSystem.remove(`${FOLDER}/journal/synced`);
    const storage = openReplicaStorage(fileSystem, FOLDER);
    const loaded = await keepUncertain(storage, services, await storage.load(), 2);
    expect(loaded.kind !== 'empty' && loaded.outbox).to.deep.equal(
      ENTRIES.filter(({ op: at }) => at !== 6).map(itemOf),
    );
  });

  it('what a switch had cut off is found when the outbox is gone', async () => {
    const fileSystem = await folderOf();
    let storage = openReplicaStorage(fileSystem, FOLDER);
    await loadIntact(storage);
    const salvaged = PROMISED.slice(1).map(itemOf);
    const newer = entriesAfter(4, ENTRIES[3]?.chain ?? '', 1, 2);
    await storage.switchLog({ durable: promises(2), from: op(5), entries: newer, salvaged });
    fileSystem.kill();
    fileSystem.remove(`${FOLDER}/outbox.csv`);
    storage = openReplicaStorage(fileSystem, FOLDER);
    const loaded = await keepUncertain(storage, services, await storage.load(), 2);
    if (loaded.kind !== 'intact') throw new Error(`its log is sound: ${JSON.stringify(loaded)}`);
    expect(loaded.repaired?.map(({ file }) => file)).to.deep.equal(['outbox.csv']);
    const ids = loaded.outbox.map(({ requestId }) => requestId);
    expect(ids).to.include.members(salvaged.map(({ requestId }) => requestId));
  });

  it('costs no disk that has no room: the items are in memory, and found again', async () => {
    const fileSystem = await folderOf();
    fileSystem.remove(`${FOLDER}/journal/synced`);
    fileSystem.limitRoom(0);
    const storage = openReplicaStorage(fileSystem, FOLDER);
    const loaded = await keepUncertain(storage, services, await storage.load(), 2);
    expect(loaded.kind !== 'empty' && loaded.outbox.length).to.equal(7);
  });
});
