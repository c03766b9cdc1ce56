import { expect } from 'chai';
import { op } from '../../src/base/numbers.js';
import { DiskFullError, type ReplicaStorage } from '../../src/ports/storage.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { isDiskInDoubt } from '../../src/runtime/disk-failure.js';
import { headAt, itemOf, loadIntact, transfer } from '../contract/replica-storage.js';
import type { SimulatedFileSystem } from '../support/simulated-file-system.js';
import { seededRng } from '../support/simulated-inode.js';
import { entriesAfter, firstEntries, promises, simulated } from '../support/storage-folders.js';

const ENTRIES = firstEntries(6);
const HEADER = 'op,item\r\n';
const last = ENTRIES[5] ?? ENTRIES[0];
if (last === undefined) throw new Error('there are entries');
const more = entriesAfter(6, last.chain, 5);

async function founded(): Promise<{ fileSystem: SimulatedFileSystem; storage: ReplicaStorage }> {
  const { fileSystem, folder } = simulated();
  const storage = openReplicaStorage(fileSystem, folder, { segmentBytesMax: 700 });
  await storage.load();
  await storage.initialise(promises(0), []);
  await storage.append(ENTRIES, op(3));
  storage.files.table('orders.csv', HEADER).append('1,pizza\r\n');
  storage.flushTables();
  return { fileSystem, storage };
}

const calls: Readonly<Record<string, (storage: ReplicaStorage) => Promise<void>>> = {
  append: (storage) => storage.append(more, op(6)),
  switchLog: (storage) =>
    storage.switchLog({
      durable: promises(2),
      from: op(7),
      entries: entriesAfter(6, last.chain, 3, 2),
      salvaged: [itemOf(last)],
    }),
  checkpoint: (storage) => storage.checkpoint(headAt(last)),
};

describe('storage: full disk', () => {
  for (const [name, call] of Object.entries(calls)) {
    it(`gives DiskFullError with any room left, and the call can be repeated (${name})`, async () => {
      const { fileSystem: after, storage: done } = await founded();
      await call(done);
      after.kill();
      const expected = await loadIntact(openReplicaStorage(after, '/replica'));
      let refusals = 0;
      for (let room = 0; ; room += 13) {
        const { fileSystem, storage } = await founded();
        fileSystem.limitRoom(room);
        let error: Error | undefined;
        await call(storage).catch((caught: Error) => (error = caught));
        if (error === undefined) break;
        expect(error, `room ${room}: ${error}`).to.be.instanceOf(DiskFullError);
        refusals++;
        await storage.persist(promises(1, 0));
        const crashed = fileSystem.fork();
        const between = await loadIntact(openReplicaStorage(crashed, '/replica'));
        expect(between.entries.slice(0, 6), `room ${room}`).to.deep.equal(ENTRIES);
        fileSystem.limitRoom(Number.POSITIVE_INFINITY);
        await call(storage);
        fileSystem.kill();
        const loaded = await loadIntact(openReplicaStorage(fileSystem, '/replica'));
        expect(loaded.entries, `room ${room}`).to.deep.equal(expected.entries);
        expect(loaded.checkpoint).to.deep.equal(expected.checkpoint);
        expect(loaded.outbox).to.deep.equal(expected.outbox);
      }
      expect(refusals).to.be.greaterThan(10);
    });
  }

  it('gives DiskFullError at the first start, and it can be repeated', async () => {
    for (let room = 0; ; room += 211) {
      const { fileSystem, folder } = simulated();
      const storage = openReplicaStorage(fileSystem, folder);
      await storage.load();
      fileSystem.limitRoom(room);
      let error: unknown;
      await storage.initialise(promises(0), []).catch((caught: unknown) => (error = caught));
      if (error === undefined) break;
      expect(error).to.be.instanceOf(DiskFullError);
      fileSystem.limitRoom(Number.POSITIVE_INFINITY);
      await storage.initialise(promises(0), []);
      await storage.append(ENTRIES, op(0));
      fileSystem.kill();
      expect((await loadIntact(openReplicaStorage(fileSystem, folder))).entries).to.deep.equal(ENTRIES);
    }
  });

  it('gives DiskFullError while a checkpoint comes in, and it can be repeated', async () => {
    const { fileSystem, storage: peer } = await founded();
    await peer.checkpoint(headAt(last));
    fileSystem.makeFolder('/own');
    const own = openReplicaStorage(fileSystem, '/own');
    await own.load();
    await own.initialise(promises(0), []);
    own.files.table('orders.csv', HEADER);
    fileSystem.limitRoom(5);
    expect(() => transfer(peer, own)).to.throw(DiskFullError);
    fileSystem.limitRoom(Number.POSITIVE_INFINITY);
    const offer = transfer(peer, own);
    for (let room = 0; ; room += 29) {
      fileSystem.limitRoom(room);
      let error: unknown;
      const install = own.install({ durable: promises(3), offer, entries: more, salvaged: [itemOf(last)] });
      await install.catch((caught: unknown) => (error = caught));
      if (error === undefined) break;
      expect(error).to.be.instanceOf(DiskFullError);
    }
    fileSystem.kill();
    const loaded = await loadIntact(openReplicaStorage(fileSystem, '/own'));
    expect(loaded.entries).to.deep.equal(more);
    expect(loaded.checkpoint).to.deep.equal(headAt(last));
  });

  it('keeps rows of tables in memory until there is room', async () => {
    const { fileSystem, storage } = await founded();
    const table = storage.files.table('orders.csv', HEADER);
    fileSystem.limitRoom(4);
    table.append('2,soup\r\n');
    storage.flushTables();
    const whole = `${HEADER}1,pizza\r\n2,soup\r\n`;
    expect(Buffer.from(table.read(0, table.length)).toString()).to.equal(whole);
    fileSystem.limitRoom(Number.POSITIVE_INFINITY);
    storage.flushTables();
    expect(Buffer.from(fileSystem.readFile('/replica/orders.csv')).toString()).to.equal(whole);
    expect(storage.inspect()).to.deep.equal([]);
  });
});

describe('storage: failing disk', () => {
  for (const code of ['EIO', 'ENOSPC', 'EDQUOT'])
    it(`passes ${code} of an fsync on as it is: it is no full disk, and is not repeated (rule 10)`, async () => {
      const { fileSystem, storage } = await founded();
      fileSystem.syncError = code;
      fileSystem.failSync = (path) => path.endsWith('.csv');
      let error: unknown;
      await storage.append(more, op(6)).catch((caught: unknown) => (error = caught));
      expect(error).to.have.property('code', code);
      expect(error).to.not.be.instanceOf(DiskFullError);
      expect(isDiskInDoubt(error)).to.equal(true);
    });

  for (const isNoteDurable of [true, false])
    it(`is not believed at the next start, whoever makes it (the note fsynced: ${isNoteDurable})`, async () => {
      const { fileSystem, storage } = await founded();
      fileSystem.failSync = (path) => path.endsWith('.csv') || !isNoteDurable;
      await storage.append(more, op(6)).catch(() => undefined);
      const left = await storage.leaveDoubt('EIO: fdatasync').then(
        () => true,
        () => false,
      );
      expect(left).to.equal(isNoteDurable);
      fileSystem.failSync = () => false;
      fileSystem.kill();
      if (isNoteDurable) fileSystem.crash(seededRng(7));
      const next = openReplicaStorage(fileSystem, '/replica');
      const loaded = await next.load();
      expect(loaded.kind === 'damaged' && loaded.damage[0]?.what).to.match(/an fsync failed here before/);
      await next.initialise(promises(0, 0, true), []);
      fileSystem.kill();
      await loadIntact(openReplicaStorage(fileSystem, '/replica'));
      expect(fileSystem.list('/replica')).to.not.include('fsync-failed.txt');
    });

  it('at the first start leaves a folder that is still empty: nothing was promised', async () => {
    const { fileSystem, folder } = simulated();
    const storage = openReplicaStorage(fileSystem, folder);
    await storage.load();
    fileSystem.failSync = (path) => path.endsWith('replica.json.new');
    await storage.initialise(promises(0), []).catch(() => undefined);
    await storage.leaveDoubt('EIO: fdatasync');
    fileSystem.failSync = () => false;
    fileSystem.kill();
    const next = openReplicaStorage(fileSystem, folder);
    expect((await next.load()).kind).to.equal('empty');
    await next.initialise(promises(0), []);
    fileSystem.kill();
    await loadIntact(openReplicaStorage(fileSystem, folder));
  });
});
