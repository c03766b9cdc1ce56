import { expect } from 'chai';
import type { Entry } from '../../src/base/entry.js';
import { DamagedFileError, type Table } from '../../src/base/service.js';
import { CheckpointGivenUpError, type Damage, type ReplicaStorage } from '../../src/ports/storage.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { headAt, loadIntact } from '../contract/replica-storage.js';
import { Prng } from '../simulation/prng.js';
import type { SimulatedFileSystem } from '../support/simulated-file-system.js';
import { systemError } from '../support/simulated-inode.js';
import { firstEntries, promises, simulated } from '../support/storage-folders.js';

const FOLDER = '/replica';
const HEADER = 'op,item\r\n';
const ENTRIES = firstEntries(30);
/** Rows fill several blocks, so that one of them can rot and others not. */
const ROW_BYTES = 200;
const LATER = { readLaterBytesMin: 0 };
const AT_ONCE = { readLaterBytesMin: Number.POSITIVE_INFINITY };

const rowOf = ({ op }: Entry): string => `${op},"${'x'.repeat(ROW_BYTES)}"\r\n`;
/** Bytes of the table at the second checkpoint. */
const BYTES_OF_20 = ENTRIES.slice(0, 20).reduce((sum, entry) => sum + rowOf(entry).length, HEADER.length);
const tableOf = (storage: ReplicaStorage): Table => storage.files.table('orders.csv', HEADER);

/** A folder with checkpoints at op 10 and 20 whose process was killed. */
async function killed(): Promise<SimulatedFileSystem> {
  const { fileSystem, folder } = simulated();
  const storage = openReplicaStorage(fileSystem, folder, LATER);
  await storage.load();
  await storage.initialise(promises(0), []);
  for (const entry of ENTRIES) {
    await storage.append([entry], entry.op);
    tableOf(storage).append(rowOf(entry));
    storage.flushTables();
    if (entry.op === 10 || entry.op === 20) await storage.checkpoint(headAt(entry));
  }
  fileSystem.kill();
  return fileSystem;
}

/** As the runtime does after a start: rows after the checkpoint are written again. */
async function started(fileSystem: SimulatedFileSystem, options = LATER): Promise<ReplicaStorage> {
  const storage = openReplicaStorage(fileSystem, FOLDER, options);
  const { entries } = await loadIntact(storage);
  const table = tableOf(storage);
  for (const entry of entries) table.append(rowOf(entry));
  storage.flushTables();
  return storage;
}

async function scrubbed(storage: ReplicaStorage): Promise<Damage[]> {
  for (let slice = 0; slice < 40; slice++) {
    const { damage } = await storage.scrub(0);
    if (damage.length > 0) return damage;
  }
  return [];
}

describe('storage: tables that are read after the start', () => {
  it('start: does not read them, and offers its checkpoint once they were read', async () => {
    const disk = await killed();
    const read: string[] = [];
    const open = disk.open.bind(disk);
    disk.open = (path, create) => {
      const file = open(path, create);
      const readOf = file.read.bind(file);
      file.read = (offset, length) => {
        // What follows the checkpoint, of which the journal has more, is looked at.
        if (offset < BYTES_OF_20) read.push(path);
        return readOf(offset, length);
      };
      return file;
    };
    const storage = openReplicaStorage(disk, FOLDER, LATER);
    const { checkpoint } = await loadIntact(storage);
    expect(checkpoint.base.op).to.equal(20);
    expect(read).not.to.include(`${FOLDER}/orders.csv`);
    const table = tableOf(storage);
    for (const [index, entry] of ENTRIES.slice(0, 20).entries()) {
      const offset = HEADER.length + ENTRIES.slice(0, index).reduce((sum, one) => sum + rowOf(one).length, 0);
      expect(Buffer.from(table.read(offset, rowOf(entry).length)).toString()).to.equal(rowOf(entry));
    }
    expect(storage.offer(), 'before it was read').to.equal(undefined);
    expect(await scrubbed(storage)).to.deep.equal([]);
    expect(storage.offer()?.head.base.op).to.equal(20);
  });

  it('checkpoint: waits until all was read, and is that of its call', async () => {
    const disk = await killed();
    const storage = await started(disk);
    let isDone = false;
    const done = storage.checkpoint(headAt(ENTRIES[29] as Entry)).then(() => (isDone = true));
    tableOf(storage).append('31,"later"\r\n');
    storage.flushTables();
    await Promise.resolve();
    expect(isDone).to.equal(false);
    expect(await scrubbed(storage)).to.deep.equal([]);
    await done;
    expect(storage.offer()?.head.base.op).to.equal(30);
    disk.kill();
    const { checkpoint } = await loadIntact(openReplicaStorage(disk.fork(), FOLDER, AT_ONCE));
    expect(checkpoint.base.op, 'what was promised of the table holds').to.equal(30);
    const again = await started(disk);
    expect(again.offer(), 'the sums were kept again').to.equal(undefined);
  });

  it('start: reads everything at once when the start before did not come so far', async () => {
    const disk = await killed();
    await started(disk);
    disk.kill();
    const storage = await started(disk);
    expect(storage.offer()?.head.base.op).to.equal(20);
  });

  it('rot at rest: is never given out, is found with its row, and the next start repairs it', async () => {
    const sound = await killed();
    const rows = 20;
    for (let row = 0; row < rows; row += 3) {
      const disk = sound.fork();
      const offset = HEADER.length + ENTRIES.slice(0, row).reduce((sum, one) => sum + rowOf(one).length, 0);
      disk.flipBit(`${FOLDER}/orders.csv`, offset + 50, 2);
      const storage = await started(disk);
      expect(() => tableOf(storage).read(offset, 100), `row ${row}`).to.throw(DamagedFileError);
      const [damage] = await scrubbed(storage);
      expect(damage?.file).to.equal('orders.csv');
      expect(damage?.row).to.be.within(row - 5, row + 2);
      expect(storage.offer()).to.equal(undefined);
      storage.distrustIndexes();
      disk.kill();
      const { repaired = [] } = await loadIntact(openReplicaStorage(disk, FOLDER, LATER));
      expect(
        repaired.map(({ file }) => file),
        'the start reads everything',
      ).to.include('orders.csv');
    }
  });

  it('start: reads everything at once when the kept sums cannot be believed (any byte)', async () => {
    const sound = await killed();
    const { bytes = 0 } = sound.stat(`${FOLDER}/orders-csv.sums`) ?? {};
    expect(bytes).to.be.greaterThan(40);
    for (let at = 0; at < bytes; at++) {
      const disk = sound.fork();
      disk.flipBit(`${FOLDER}/orders-csv.sums`, at, at % 8);
      const storage = await started(disk);
      expect(storage.offer()?.head.base.op, `byte ${at}`).to.equal(20);
    }
    const none = sound.fork();
    none.deleteUnseen(`${FOLDER}/orders-csv.sums`);
    expect((await started(none)).offer()?.head.base.op).to.equal(20);
  });

  it('start: finds a table that is short at once', async () => {
    const disk = await killed();
    disk.open(`${FOLDER}/orders.csv`, false).truncate(3000);
    const { repaired = [] } = await loadIntact(openReplicaStorage(disk, FOLDER, LATER));
    expect(repaired.map(({ file }) => file)).to.deep.equal(['orders.csv']);
  });

  it('rot in rows that came after the start: gets into no checkpoint', async () => {
    const disk = await killed();
    const storage = await started(disk);
    disk.flipBit(`${FOLDER}/orders.csv`, BYTES_OF_20 + 50, 1);
    const done = storage.checkpoint(headAt(ENTRIES[29] as Entry)).catch((error: unknown) => error);
    const [damage] = await scrubbed(storage);
    expect(damage?.file).to.equal('orders.csv');
    expect(damage?.row).to.be.within(15, 22);
    storage.distrustIndexes();
    storage.close();
    expect(await done).to.be.instanceOf(CheckpointGivenUpError);
    disk.kill();
    const { checkpoint, repaired = [] } = await loadIntact(openReplicaStorage(disk, FOLDER, LATER));
    expect(checkpoint.base.op).to.equal(20);
    expect(repaired, 'what is above the checkpoint is written again').to.deep.equal([]);
  });

  it('install: does not wait for a checkpoint that waits for the reading', async () => {
    const { fileSystem, folder } = simulated();
    const source = openReplicaStorage(fileSystem, folder, LATER);
    await source.load();
    await source.initialise(promises(0), []);
    for (const entry of ENTRIES) {
      await source.append([entry], entry.op);
      tableOf(source).append(rowOf(entry));
    }
    await source.checkpoint(headAt(ENTRIES[29] as Entry));
    const offer = source.offer();
    if (offer === undefined) throw new Error('a read folder offers its checkpoint');
    const disk = await killed();
    const storage = await started(disk);
    const overtaken = storage.checkpoint(headAt(ENTRIES[24] as Entry)).catch((error: unknown) => error);
    storage.beginStaging(new Map());
    for (const { name, length } of offer.files)
      storage.stageChunk(name, 0, source.readChunk(offer.head.base.op, name, 0, length) ?? new Uint8Array(0));
    await storage.install({ durable: promises(1), offer, entries: [], salvaged: [] });
    expect(await overtaken).to.be.instanceOf(CheckpointGivenUpError);
    expect(storage.offer()?.head.base.op).to.equal(30);
    expect(await scrubbed(storage)).to.deep.equal([]);
  });

  it('kept sums: are there again as soon as all was read, without another checkpoint', async () => {
    const disk = await killed();
    await scrubbed(await started(disk));
    disk.kill();
    const again = await started(disk);
    expect(again.offer(), 'read while in use').to.equal(undefined);
    await scrubbed(again);
    await again.checkpoint(headAt(ENTRIES[29] as Entry));
    disk.kill();
    expect((await started(disk)).offer(), 'and after its next checkpoint').to.equal(undefined);
  });

  it('start: a table that cannot be opened is damage, and not for ever', async () => {
    const disk = await killed();
    const open = disk.open.bind(disk);
    const inode = disk.stat(`${FOLDER}/orders.csv`)?.inode;
    disk.open = (path, create) => {
      if (disk.stat(path)?.inode === inode) throw systemError('EACCES', `open '${path}'`, 'open');
      return open(path, create);
    };
    const { repaired = [] } = await loadIntact(openReplicaStorage(disk, FOLDER, LATER));
    expect(repaired.map(({ file }) => file)).to.include('orders.csv');
  });

  it('an error of the disk at the kept sums is none of the replica, and they go when they are distrusted all the same', async () => {
    for (const refused of ['write', 'truncate'] as const) {
      const disk = await killed();
      const storage = await started(disk);
      await scrubbed(storage);
      expect(disk.stat(`${FOLDER}/orders-csv.sums`)?.bytes).to.be.greaterThan(0);
      disk.onOperation = ({ kind, path }) => {
        if (kind === refused && path.endsWith('.sums')) throw systemError('EIO', refused);
      };
      if (refused === 'write') {
        await storage.checkpoint(headAt(ENTRIES[29] as Entry));
        expect(storage.offer()?.head.base.op).to.equal(30);
      }
      storage.distrustIndexes();
      disk.kill();
      expect((await started(disk)).offer(), `everything was read (${refused})`).not.to.equal(undefined);
    }
  });

  it('a table made anew at a start: does not fall back to what was moved aside when the power fails', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const disk = await killed();
      disk.settle();
      disk.flipBit(`${FOLDER}/orders.csv`, 50, 2);
      const storage = await started(disk, AT_ONCE);
      for (const at of [24, 27, 29]) await storage.checkpoint(headAt(ENTRIES[at] as Entry));
      const prng = new Prng(seed);
      disk.crash(() => prng.unit());
      const { checkpoint } = await loadIntact(openReplicaStorage(disk, FOLDER, AT_ONCE));
      expect(checkpoint.base.op, `seed ${seed}`).to.equal(30);
    }
  });
});
