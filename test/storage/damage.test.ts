import { expect } from 'chai';
import { op } from '../../src/base/numbers.js';
import type { Entry } from '../../src/base/entry.js';
import { DiskFullError, type Damage, type Loaded, type ReplicaStorage } from '../../src/ports/storage.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { headAt, loadIntact } from '../contract/replica-storage.js';
import type { SimulatedFileSystem } from '../support/simulated-file-system.js';
import { firstEntries, promises, simulated } from '../support/storage-folders.js';

const FOLDER = '/replica';
const JOURNAL = `${FOLDER}/journal/0000000000-0000000000000001.csv`;
const ENTRIES = firstEntries(6);
const HEADER = 'op,item\r\n';
const rowOf = (at: number): string => `${at},"pizza"\r\n`;
const ROW = rowOf(1);

/** A disk on which `acknowledged` entries were appended, and the rest written with the mark lost: as when power fails. */
async function diskWith(acknowledged: number, batch: readonly Entry[]): Promise<SimulatedFileSystem> {
  const { fileSystem, folder } = simulated();
  const storage = openReplicaStorage(fileSystem, folder);
  await storage.load();
  await storage.initialise(promises(0), []);
  for (const entry of ENTRIES.slice(0, acknowledged)) await storage.append([entry], op(0));
  const mark = fileSystem.readFile(`${FOLDER}/journal/synced`);
  if (batch.length > 0) await storage.append(batch, op(0));
  fileSystem.kill();
  const file = fileSystem.open(`${FOLDER}/journal/synced`, false);
  file.write(0, mark);
  fileSystem.settle();
  return fileSystem;
}

async function load(fileSystem: SimulatedFileSystem): Promise<Loaded> {
  return openReplicaStorage(fileSystem, FOLDER).load();
}

function cut(fileSystem: SimulatedFileSystem, file: string, length: number): void {
  fileSystem.open(file, false).truncate(length);
}

const bytesOf = (entries: readonly Entry[]): number => entries.reduce((sum, { row }) => sum + row.length, 0);

describe('storage: torn tail', () => {
  for (const [name, acknowledged] of [
    ['one record', 5],
    ['a batch of four', 2],
  ] as const) {
    it(`is cut at any byte, and nothing acknowledged with it (${name})`, async () => {
      const batch = ENTRIES.slice(acknowledged);
      const disk = await diskWith(acknowledged, batch);
      const whole = disk.stat(JOURNAL)?.bytes ?? 0;
      const start = whole - bytesOf(batch);
      for (let length = start; length <= whole; length++) {
        const torn = disk.fork();
        cut(torn, JOURNAL, length);
        const loaded = await load(torn);
        if (loaded.kind !== 'intact') throw new Error(`cut at byte ${length}: ${JSON.stringify(loaded)}`);
        const kept = loaded.entries.length;
        expect(bytesOf(ENTRIES.slice(acknowledged, kept))).to.be.at.most(length - start);
        expect(loaded.entries).to.deep.equal(ENTRIES.slice(0, Math.max(kept, acknowledged)));
        expect(torn.stat(JOURNAL)?.bytes).to.equal(start + bytesOf(ENTRIES.slice(acknowledged, kept)));
      }
    });

    it(`is cut at any flipped byte (${name})`, async () => {
      const batch = ENTRIES.slice(acknowledged);
      const disk = await diskWith(acknowledged, batch);
      const whole = disk.stat(JOURNAL)?.bytes ?? 0;
      for (let at = whole - bytesOf(batch); at < whole; at++) {
        const rotten = disk.fork();
        rotten.flipBit(JOURNAL, at, at % 8);
        const loaded = await load(rotten);
        if (loaded.kind !== 'intact') throw new Error(`flipped at byte ${at}: ${JSON.stringify(loaded)}`);
        expect(loaded.entries.length).to.be.within(acknowledged, ENTRIES.length - 1);
        expect(loaded.entries).to.deep.equal(ENTRIES.slice(0, loaded.entries.length));
      }
    });
  }
});

describe('storage: damage', () => {
  it('is found at every byte of what had been fsynced, named with file and row', async () => {
    const disk = await diskWith(ENTRIES.length, []);
    const whole = disk.stat(JOURNAL)?.bytes ?? 0;
    for (let at = 0; at < whole; at++) {
      for (const bit of [0, 5]) {
        const rotten = disk.fork();
        rotten.flipBit(JOURNAL, at, bit);
        const loaded = await load(rotten);
        if (loaded.kind !== 'damaged') throw new Error(`byte ${at} bit ${bit} was accepted`);
        expect(loaded.durable).to.deep.equal(promises(0));
        expect(loaded.damage[0]?.file).to.equal('journal/0000000000-0000000000000001.csv');
        expect(loaded.damage[0]?.row).to.be.within(1, ENTRIES.length + 1);
      }
    }
  });

  it('is found wherever the journal ends before the mark', async () => {
    const disk = await diskWith(ENTRIES.length, []);
    const whole = disk.stat(JOURNAL)?.bytes ?? 0;
    for (let length = 0; length < whole; length++) {
      const short = disk.fork();
      cut(short, JOURNAL, length);
      expect((await load(short)).kind, `cut at byte ${length}`).to.equal('damaged');
    }
  });

  it('of one byte of replica.json or of the mark loses nothing', async () => {
    const disk = await diskWith(ENTRIES.length, []);
    for (const file of [`${FOLDER}/replica.json`, `${FOLDER}/journal/synced`]) {
      const whole = disk.stat(file)?.bytes ?? 0;
      for (let at = 0; at < whole; at += at % 4096 < 420 ? 1 : 97) {
        const rotten = disk.fork();
        rotten.flipBit(file, at, at % 8);
        const loaded = await load(rotten);
        if (loaded.kind !== 'intact') throw new Error(`${file} byte ${at}: ${JSON.stringify(loaded)}`);
        expect(loaded.durable).to.deep.equal(promises(0));
        expect(loaded.entries).to.deep.equal(ENTRIES);
        if (file.endsWith('replica.json'))
          expect(loaded.repaired?.map((damage) => damage.file)).to.deep.equal(['replica.json']);
        const second = await load(((): SimulatedFileSystem => (rotten.kill(), rotten))());
        expect(second.kind === 'intact' && second.repaired).to.deep.equal([]);
      }
    }
  });

  for (const [what, damage, file] of [
    ['replica.json missing', (disk) => disk.remove(`${FOLDER}/replica.json`), 'replica.json'],
    ['replica.json cut off', (disk) => cut(disk, `${FOLDER}/replica.json`, 0), 'replica.json'],
    ['the mark missing', (disk) => disk.remove(`${FOLDER}/journal/synced`), 'journal/synced'],
    ['the mark empty', (disk) => cut(disk, `${FOLDER}/journal/synced`, 0), 'journal/synced'],
    ['the segment missing', (disk) => disk.remove(JOURNAL), 'journal/0000000000-0000000000000001.csv'],
    ['the journal missing', (disk) => disk.remove(`${FOLDER}/journal`), 'journal/synced'],
  ] as const satisfies readonly (readonly [string, (disk: SimulatedFileSystem) => void, string])[]) {
    it(`is never taken for an empty folder (${what})`, async () => {
      const disk = await diskWith(3, []);
      damage(disk);
      const loaded = await load(disk);
      if (loaded.kind !== 'damaged') throw new Error(JSON.stringify(loaded));
      expect(loaded.damage.map((each) => each.file)).to.include(file);
    });
  }

  it('is an old replica.json put back', async () => {
    const { fileSystem, folder } = simulated();
    const storage = openReplicaStorage(fileSystem, folder);
    await storage.load();
    await storage.initialise(promises(0), []);
    await storage.append(ENTRIES, op(0));
    const old = fileSystem.readFile(`${FOLDER}/replica.json`);
    await storage.switchLog({ durable: promises(4), from: op(6), entries: [], salvaged: [] });
    fileSystem.kill();
    fileSystem.open(`${FOLDER}/replica.json`, false).write(0, old);
    const loaded = await load(fileSystem);
    expect(loaded.kind === 'damaged' && loaded.damage[0]?.what).to.match(/older than the journal/);
  });

  describe('beside checkpoints', () => {
    let disk: SimulatedFileSystem;

    beforeEach(async () => {
      const { fileSystem, folder } = simulated();
      disk = fileSystem;
      const storage = openReplicaStorage(fileSystem, folder, { segmentBytesMax: 150 });
      await storage.load();
      await storage.initialise(promises(0), []);
      const table = storage.files.table('orders.csv', HEADER);
      storage.files.document('menu.csv').write('menu');
      for (const entry of ENTRIES) {
        await storage.append([entry], op(0));
        table.append(rowOf(entry.op));
        if (entry.op === 2 || entry.op === 4) await storage.checkpoint(headAt(entry));
      }
      fileSystem.kill();
      fileSystem.settle();
    });

    it('is found in a table at every byte up to the older checkpoint, and when it is missing', async () => {
      const whole = disk.stat(`${FOLDER}/orders.csv`)?.bytes ?? 0;
      const upToOlder = HEADER.length + 2 * ROW.length;
      for (let at = 0; at < upToOlder; at++) {
        const rotten = disk.fork();
        rotten.flipBit(`${FOLDER}/orders.csv`, at, 2);
        const loaded = await load(rotten);
        if (loaded.kind !== 'damaged') throw new Error(`byte ${at} was accepted`);
        expect(loaded.damage[0]?.file).to.equal('orders.csv');
      }
      expect(whole).to.be.greaterThan(upToOlder);
      disk.remove(`${FOLDER}/orders.csv`);
      expect(await load(disk)).to.deep.include({ damage: [{ file: 'orders.csv', what: 'the file is missing' }] });
    });

    it('of a table behind the older checkpoint is made good by that and the journal', async () => {
      const older = HEADER.length + 2 * ROW.length;
      for (let at = older; at < older + 2 * ROW.length; at++) {
        const rotten = disk.fork();
        rotten.flipBit(`${FOLDER}/orders.csv`, at, 2);
        const storage = openReplicaStorage(rotten, FOLDER);
        const loaded = await loadIntact(storage);
        expect(loaded.repaired?.map(({ file }) => file)).to.deep.equal(['orders.csv']);
        expect(loaded.checkpoint.base.op).to.equal(2);
        expect(loaded.entries).to.deep.equal(ENTRIES.slice(2));
        // The newest checkpoint proves it, whatever the mark says.
        expect(loaded.commit).to.equal(4);
        expect(Buffer.from(storage.files.table('orders.csv', HEADER).read(0, older)).toString()).to.equal(
          HEADER + rowOf(1) + rowOf(2),
        );
        expect(storage.files.table('orders.csv', HEADER).length).to.equal(older);
      }
    });

    it('of the newest checkpoint is made good by the older one', async () => {
      for (const file of ['head.json', 'menu.csv']) {
        const path = `${FOLDER}/checkpoint/0000000000000004/${file}`;
        for (let at = 0; at < (disk.stat(path)?.bytes ?? 0); at++) {
          const rotten = disk.fork();
          rotten.flipBit(path, at, 3);
          const loaded = await loadIntact(openReplicaStorage(rotten, FOLDER));
          expect(loaded.checkpoint.base.op).to.equal(2);
          expect(loaded.entries).to.deep.equal(ENTRIES.slice(2));
          expect(loaded.repaired?.[0]?.file).to.equal(`checkpoint/0000000000000004/${file}`);
        }
      }
    });

    it('of both checkpoints is not made good', async () => {
      disk.remove(`${FOLDER}/checkpoint`);
      const loaded = await load(disk);
      if (loaded.kind !== 'damaged') throw new Error(JSON.stringify(loaded));
      expect(loaded.damage[0]?.what).to.match(/are missing/);
    });

    it('of the journal back to before a checkpoint is not made good by an older one', async () => {
      // As if somebody had put an old copy of the journal back, its mark included.
      const old = disk.fork();
      const { fileSystem, folder } = simulated();
      const short = openReplicaStorage(fileSystem, folder, { segmentBytesMax: 150 });
      await short.load();
      await short.initialise(promises(0), []);
      for (const entry of ENTRIES.slice(0, 3)) await short.append([entry], op(0));
      old.remove(`${FOLDER}/journal`);
      old.makeFolder(`${FOLDER}/journal`);
      for (const name of fileSystem.list(`${FOLDER}/journal`))
        old.open(`${FOLDER}/journal/${name}`, true).write(0, fileSystem.readFile(`${FOLDER}/journal/${name}`));
      const loaded = await load(old);
      if (loaded.kind !== 'damaged') throw new Error('a log without committed ops was taken up');
      expect(loaded.damage[0]?.what).to.match(/ends at op 3, before the checkpoint at op 4/);
    });

    it('of every table is made good by a journal that holds everything', async () => {
      const { fileSystem, folder } = simulated();
      const first = openReplicaStorage(fileSystem, folder);
      await first.load();
      await first.initialise(promises(0), []);
      const table = first.files.table('orders.csv', HEADER);
      for (const entry of ENTRIES) {
        await first.append([entry], op(0));
        table.append(rowOf(entry.op));
        if (entry.op === 2 || entry.op === 4) await first.checkpoint(headAt(entry));
      }
      fileSystem.kill();
      for (const damage of [
        (): void => fileSystem.remove(`${FOLDER}/orders.csv`),
        (): void => fileSystem.flipBit(`${FOLDER}/orders.csv`, HEADER.length + 3, 1),
        (): void => {
          fileSystem.remove(`${FOLDER}/orders.csv`);
          fileSystem.makeFolder(`${FOLDER}/orders.csv/in-its-place`);
        },
      ]) {
        damage();
        const storage = openReplicaStorage(fileSystem, folder);
        const loaded = await loadIntact(storage);
        expect(loaded.repaired?.[0]?.file).to.equal('orders.csv');
        expect(loaded.checkpoint.base.op).to.equal(0);
        expect(loaded.entries).to.deep.equal(ENTRIES);
        expect(loaded.commit).to.equal(4);
        const again = storage.files.table('orders.csv', HEADER);
        expect(again.length).to.equal(HEADER.length);
        for (const { op: at } of ENTRIES) again.append(rowOf(at));
        storage.flushTables();
        fileSystem.kill();
      }
    });

    describe('of a document', () => {
      const textOf = (file: string): string => Buffer.from(disk.readFile(`${FOLDER}/${file}`)).toString();
      const write = (text: string): void => {
        cut(disk, `${FOLDER}/menu.csv`, 0);
        disk.open(`${FOLDER}/menu.csv`, false).write(0, Buffer.from(text));
      };
      const lookUntilTold = async (storage: ReplicaStorage): Promise<readonly Damage[]> => {
        for (let look = 0; look < 5; look++) {
          const found = await storage.mend();
          if (found.length > 0) return found;
        }
        return [];
      };

      it('edited at rest is told, kept beside, and put right', async () => {
        write('an edited menu');
        const storage = openReplicaStorage(disk, FOLDER);
        const menu = storage.files.document('menu.csv');
        await loadIntact(storage);
        expect(menu.read()).to.equal('menu');
        storage.flushTables();
        expect(textOf('menu.csv'), 'nothing is overwritten before it is judged').to.equal('an edited menu');
        const [told] = await lookUntilTold(storage);
        expect(told).to.deep.include({ file: 'menu.csv' });
        expect(told?.kept).to.match(/^menu\.csv\.edited-/);
        expect(textOf(told?.kept ?? '')).to.equal('an edited menu');
        expect(textOf('menu.csv')).to.equal('menu');
        expect(await lookUntilTold(storage)).to.deep.equal([]);
      });

      it('that a later entry writes is no edit', async () => {
        write('menu of op 5');
        const storage = openReplicaStorage(disk, FOLDER);
        const menu = storage.files.document('menu.csv');
        await loadIntact(storage);
        storage.flushTables();
        expect(await storage.mend()).to.deep.equal([]);
        menu.write('menu of op 5');
        storage.flushTables();
        expect(await lookUntilTold(storage)).to.deep.equal([]);
        expect(disk.list(FOLDER).filter((name) => name.includes('edited'))).to.deep.equal([]);
      });

      for (const [what, damage, isKept] of [
        ['edited', () => write('edited'), true],
        ['deleted', () => disk.remove(`${FOLDER}/menu.csv`), false],
        ['emptied', () => write(''), false],
      ] as const)
        it(`${what} while running is told at the first look, and put right`, async () => {
          const storage = openReplicaStorage(disk, FOLDER);
          storage.files.document('menu.csv');
          await loadIntact(storage);
          storage.flushTables();
          damage();
          expect(storage.inspect(), 'the process goes on').to.deep.equal([]);
          const [told] = await storage.mend();
          expect(told?.file).to.equal('menu.csv');
          expect(told?.kept !== undefined).to.equal(isKept);
          expect(textOf('menu.csv')).to.equal('menu');
          expect(await lookUntilTold(storage)).to.deep.equal([]);
        });

      it('what was put right is told later when something else has no room to be put right', async () => {
        disk.remove(`${FOLDER}/menu.csv`);
        const storage = openReplicaStorage(disk, FOLDER);
        storage.files.document('menu.csv');
        await loadIntact(storage);
        storage.flushTables();
        disk.remove(`${FOLDER}/journal/synced`);
        disk.limitRoom(0);
        const refused = await storage.mend().catch((error: unknown) => error);
        expect(refused).to.be.instanceOf(DiskFullError);
        disk.limitRoom(Number.POSITIVE_INFINITY);
        expect((await storage.mend()).map(({ file }) => file)).to.deep.equal(['menu.csv', 'journal/synced']);
        expect(await storage.mend()).to.deep.equal([]);
      });

      it('saved as it was is nothing to tell', async () => {
        const storage = openReplicaStorage(disk, FOLDER);
        storage.files.document('menu.csv');
        await loadIntact(storage);
        storage.flushTables();
        write('menu');
        expect(await lookUntilTold(storage)).to.deep.equal([]);
      });
    });

    it('of a table while running is thrown when it is read', async () => {
      const storage = openReplicaStorage(disk, FOLDER);
      await loadIntact(storage);
      const table = storage.files.table('orders.csv', HEADER);
      cut(disk, `${FOLDER}/orders.csv`, 20);
      expect(() => table.read(0, table.length))
        .to.throw()
        .with.property('name', 'DamagedFileError');
      expect(storage.inspect()[0]?.file).to.equal('orders.csv');
    });
  });
});
