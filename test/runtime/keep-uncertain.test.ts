import { expect } from 'chai';
import { present } from '../../src/base/assert.js';
import { encodeEntry, JOURNAL_HEADER, type Entry } from '../../src/base/entry.js';
import { op, view } from '../../src/base/numbers.js';
import type { OutboxItem, Service } from '../../src/base/service.js';
import type { Loaded, ReplicaStorage } from '../../src/ports/storage.js';
import { keepUncertain } from '../../src/runtime/keep-uncertain.js';
import { readOutbox } from '../../src/storage/outbox-file.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { headAt, itemOf, loadIntact } from '../contract/replica-storage.js';
import type { SimulatedFileSystem } from '../support/simulated-file-system.js';
import { entriesAfter, firstEntries, promises, simulated } from '../support/storage-folders.js';

const FOLDER = '/replica';
const SEGMENT = `${FOLDER}/journal/0000000000-0000000000000001.csv`;
const COMMITTED = 3;
const ENTRIES = firstEntries(8);
/** Op 6 was promised to nobody: its customer waited for a majority. */
const PROMISED = ENTRIES.slice(COMMITTED).filter(({ op: at }) => at !== 6);
const UNSOUND = 'by hand';
/** Nothing of it but this is used. */
const service = {
  salvage: (entry: Entry): OutboxItem | undefined => (entry.op === 6 ? undefined : itemOf(entry)),
  outboxProblem: ({ update }: OutboxItem): string | undefined => (update === UNSOUND ? 'it is none' : undefined),
} as unknown as Service;
const services = new Map([['ordering', service]]);

const OTHER = { ...itemOf(present(ENTRIES[0], 'op 1')), requestId: '30000000-0000-4000-8000-000000000001' };

/** A log of other requests, from op 5 on. */
function logFrom5(inView: number, count: number): Entry[] {
  const entries: Entry[] = [];
  for (let at = 5; at < 5 + count; at++) {
    const requestId = `${inView}0000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
    const head = { op: op(at), view: view(inView), timeMs: at, requestId, service: 'ordering', update: '{}' };
    entries.push(encodeEntry(head, (entries.at(-1) ?? present(ENTRIES[3], 'op 4')).chain));
  }
  return entries;
}

function kept(loaded: Loaded): Exclude<Loaded, { kind: 'empty' }> {
  if (loaded.kind === 'empty') throw new Error('the folder is not empty');
  return loaded;
}

async function started(fileSystem: SimulatedFileSystem): Promise<Exclude<Loaded, { kind: 'empty' }>> {
  const storage = openReplicaStorage(fileSystem, FOLDER);
  return kept(await keepUncertain(storage, services, await storage.load(), 2));
}

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

  it('what a switch had cut off is found when others have committed at its op since, and a checkpoint was made', async () => {
    const fileSystem = await folderOf();
    const storage = openReplicaStorage(fileSystem, FOLDER);
    await loadIntact(storage);
    const atEndOfSegment = PROMISED.slice(1).map(itemOf);
    const others = logFrom5(1, 3);
    await storage.switchLog({ durable: promises(1), from: op(5), entries: others, salvaged: atEndOfSegment });
    const inOwnFile = others.filter(({ op: at }) => at !== 6).map(itemOf);
    const entries = logFrom5(2, 5);
    await storage.switchLog({ durable: promises(2), from: op(5), entries, salvaged: inOwnFile });
    await storage.append([], op(9));
    for (const entry of entries.slice(-2)) await storage.checkpoint(headAt(entry));
    fileSystem.kill();
    fileSystem.remove(`${FOLDER}/outbox.csv`);
    const loaded = await started(fileSystem);
    const ids = loaded.outbox.map(({ requestId }) => requestId);
    expect(ids).to.have.members([...atEndOfSegment, ...inOwnFile].map(({ requestId }) => requestId));
  });

  it('what was cut off goes with a checkpoint when the outbox is empty', async () => {
    const fileSystem = await folderOf();
    const storage = openReplicaStorage(fileSystem, FOLDER);
    await loadIntact(storage);
    const salvaged = PROMISED.slice(1).map(itemOf);
    const newer = entriesAfter(4, ENTRIES[3]?.chain ?? '', 1, 1);
    await storage.switchLog({ durable: promises(1), from: op(5), entries: newer, salvaged });
    await storage.append([], op(5));
    const end = present(newer[0], 'there is an entry');
    await storage.checkpoint(headAt(end));
    const more = entriesAfter(5, end.chain, 1, 1);
    await storage.append(more, op(6));
    await storage.checkpoint(headAt(present(more[0], 'there is an entry')));
    expect(fileSystem.list(`${FOLDER}/journal`)).to.include(SEGMENT.slice(`${FOLDER}/journal/`.length));
    await storage.settleOutbox(salvaged.map(({ requestId }) => requestId));
    const last = entriesAfter(6, present(more[0], 'there is an entry').chain, 1, 1);
    await storage.append(last, op(7));
    await storage.checkpoint(headAt(present(last[0], 'there is an entry')));
    expect(fileSystem.list(`${FOLDER}/journal`)).to.deep.equal(['0000000001-0000000000000005.csv', 'synced']);
  });

  for (const isFull of [false, true])
    it(`what can never be carried out is set aside and told, and the rest goes on (${isFull ? 'no' : 'with'} room)`, async () => {
      const fileSystem = await folderOf();
      let storage = openReplicaStorage(fileSystem, FOLDER);
      await loadIntact(storage);
      const good = itemOf(present(ENTRIES[7], 'op 8'));
      const other = { ...OTHER, requestId: '30000000-0000-4000-8000-000000000002', service: 'gone' };
      await storage.appendOutbox([good, { ...OTHER, update: UNSOUND }, other]);
      const before = fileSystem.readFile(`${FOLDER}/outbox.csv`);
      fileSystem.kill();
      if (isFull) fileSystem.limitRoom(0);
      storage = openReplicaStorage(fileSystem, FOLDER);
      const loaded = kept(await keepUncertain(storage, services, await storage.load(), 2));
      expect(loaded.outbox).to.deep.equal([good]);
      expect(loaded.kind === 'intact' && loaded.repaired).to.deep.equal([
        {
          file: 'outbox.csv',
          row: 3,
          what: `the request ${OTHER.requestId} can never be carried out: it is none`,
          kept: 'outbox-damaged.csv',
        },
        {
          file: 'outbox.csv',
          row: 4,
          what: `the request ${other.requestId} can never be carried out: this program has no service of its name`,
          kept: 'outbox-damaged.csv',
        },
      ]);
      fileSystem.limitRoom(Number.POSITIVE_INFINITY);
      await storage.mend();
      expect(fileSystem.readFile(`${FOLDER}/outbox-damaged.csv`)).to.deep.equal(before);
      fileSystem.kill();
      expect((await started(fileSystem)).outbox).to.deep.equal([good]);
    });

  it('what was kept of an outbox is never written over: it may be the only copy of an order', async () => {
    const fileSystem = await folderOf();
    const storage = openReplicaStorage(fileSystem, FOLDER);
    await loadIntact(storage);
    const rotten = { ...OTHER, requestId: '30000000-0000-4000-8000-000000000002', update: 'rotten' };
    await storage.appendOutbox([{ ...OTHER, update: UNSOUND }, rotten]);
    fileSystem.kill();
    const file = `${FOLDER}/outbox.csv`;
    fileSystem.flipBit(file, Buffer.from(fileSystem.readFile(file)).indexOf('rotten'), 1);
    const before = fileSystem.readFile(file);
    const loaded = await started(fileSystem);
    expect(loaded.kind === 'intact' && loaded.repaired?.map(({ kept: as }) => as)).to.deep.equal([
      undefined,
      'outbox-damaged-2.csv',
    ]);
    expect(fileSystem.readFile(`${FOLDER}/outbox-damaged.csv`)).to.deep.equal(before);
    expect(Buffer.from(fileSystem.readFile(`${FOLDER}/outbox-damaged-2.csv`)).includes(UNSOUND)).to.equal(true);
    // The same damage again, as after a start that was broken off, is kept already.
    fileSystem.kill();
    const open = fileSystem.open(file, false);
    open.truncate(0);
    open.write(0, before);
    open.close();
    await started(fileSystem);
    expect(fileSystem.list(FOLDER).filter((name) => name.startsWith('outbox-damaged'))).to.have.members([
      'outbox-damaged.csv',
      'outbox-damaged-2.csv',
    ]);
  });

  for (const [what, write] of [
    ['a new log', (storage) => storage.initialise(promises(0, 0, true), [])],
    ['an order taken alone', (storage) => storage.appendOutbox([OTHER])],
    ['items that it has already', (storage) => storage.appendOutbox([itemOf(present(ENTRIES[7], 'op 8'))])],
    ['one that is settled', (storage) => storage.settleOutbox([ENTRIES[4]?.requestId ?? ''])],
    ['a look at the files', (storage) => storage.mend().then(() => undefined)],
  ] as const satisfies readonly (readonly [string, (storage: ReplicaStorage) => Promise<void>])[])
    it(`is owed to a disk that has no room at the start, and written with the next change (${what})`, async () => {
      const fileSystem = await folderOf();
      if (what === 'a new log') fileSystem.remove(`${FOLDER}/journal/synced`);
      const outbox = fileSystem.open(`${FOLDER}/outbox.csv`, false);
      outbox.truncate(20);
      outbox.close();
      fileSystem.limitRoom(0);
      const storage = openReplicaStorage(fileSystem, FOLDER);
      const { outbox: owed } = kept(await keepUncertain(storage, services, await storage.load(), 2));
      expect(owed.length).to.be.greaterThan(3);
      fileSystem.limitRoom(Number.POSITIVE_INFINITY);
      await write(storage);
      fileSystem.kill();
      const aside = what === 'a new log' ? `${FOLDER}/damaged` : FOLDER;
      expect(fileSystem.list(aside)).to.include('outbox-damaged.csv');
      // What lies in the journal is not looked at: the outbox itself must hold all.
      const found = readOutbox(fileSystem, FOLDER);
      expect(found.damage).to.equal(undefined);
      const settled = what === 'one that is settled' ? ENTRIES[4]?.requestId : undefined;
      const expected = owed.filter(({ requestId }) => requestId !== settled);
      expect(found.items).to.deep.equal(what === 'an order taken alone' ? [...expected, OTHER] : expected);
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
