import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { DamagedFileError } from '../../src/base/service.js';
import type { Damage, ReplicaStorage } from '../../src/ports/storage.js';
import { nodeFileSystem } from '../../src/storage/node-file-system.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { FILE_DAMAGES } from '../support/file-damage.js';
import { HEADERS, makeFolder, mended, replay, SETTINGS, TABLES } from '../support/whole-folder.js';

const LATER = { ...SETTINGS, readLaterBytesMin: 0 };
const SUMS = TABLES.map((name) => `${name.replace('.', '-')}.sums`);
/** Slices after which everything was read: four tables, then the slow reading goes on. */
const SLICES = 10;

describe('storage: everything that can befall a table that is read after the start', function () {
  this.timeout(60_000);
  let whole: string;
  let folders: string[] = [];

  before(async () => {
    whole = mkdtempSync(path.join(tmpdir(), 'just-hungry-whole-'));
    await makeFolder(whole, LATER);
  });
  afterEach(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    folders = [];
  });
  after(() => rmSync(whole, { recursive: true, force: true }));

  const copy = (): string => {
    const folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-'));
    folders.push(folder);
    cpSync(whole, folder, { recursive: true, preserveTimestamps: true });
    return folder;
  };
  const bytesOf = (folder: string, file: string): string => readFileSync(path.join(folder, file), 'latin1');

  /** Reads every row of every table: what is given out is what was written. Returns what is said to be damaged instead. */
  const readAll = (storage: ReplicaStorage, where: string): Damage[] => {
    const told: Damage[] = [];
    for (const name of TABLES) {
      const table = storage.files.table(name, HEADERS[name]);
      const expected = bytesOf(whole, name);
      let at = 0;
      for (const row of expected.split(/(?<=\r\n)/)) {
        try {
          expect(Buffer.from(table.read(at, row.length)).toString('latin1'), where).to.equal(row);
        } catch (error) {
          if (!(error instanceof DamagedFileError)) throw error;
          told.push({ file: error.file, what: error.detail });
        }
        at += row.length;
      }
    }
    return told;
  };

  /** One life of a process: what it tells, and whether it began before it had read its tables. */
  const live = async (folder: string, where: string): Promise<{ told: readonly Damage[]; wasUnread: boolean }> => {
    const storage = openReplicaStorage(nodeFileSystem, folder, LATER);
    try {
      const loaded = await storage.load();
      if (loaded.kind === 'empty') throw new Error(`${where}: the folder was taken for an empty one`);
      if (loaded.kind === 'damaged') return { told: loaded.damage, wasUnread: false };
      const told = [...(loaded.repaired ?? [])];
      const wasUnread = storage.offer() === undefined;
      replay(storage, loaded);
      const wrong = readAll(storage, where);
      for (let slice = 0; slice < SLICES && wrong.length === 0; slice++) wrong.push(...(await storage.scrub(0)).damage);
      if (wrong.length > 0) {
        if (wasUnread) expect(storage.offer(), where).to.equal(undefined);
        storage.distrustIndexes();
        return { told: wrong, wasUnread };
      }
      expect(storage.offer()?.head.base.op, where).to.equal(loaded.checkpoint.base.op);
      told.push(...(await mended(storage)));
      storage.flushTables();
      for (const name of TABLES) expect(bytesOf(folder, name), where).to.equal(bytesOf(whole, name));
      return { told, wasUnread };
    } finally {
      storage.close();
    }
  };

  it('a sound folder: begins before it was read, start after start, and tells nothing', async () => {
    const folder = copy();
    for (let starts = 0; starts < 3; starts++)
      expect(await live(folder, `start ${starts}`)).to.deep.equal({ told: [], wasUnread: true });
  });

  for (const damage of FILE_DAMAGES)
    it(`${damage.what}: never served, found, told, and healed`, async () => {
      let unread = 0;
      for (const file of TABLES) {
        const where = `${file}, ${damage.what}`;
        const folder = copy();
        damage.apply(path.join(folder, file));
        const { told, wasUnread } = await live(folder, where);
        if (wasUnread) unread++;
        if (damage.what === 'replaced by a copy') {
          expect(told, where).to.deep.equal([]);
          continue;
        }
        expect(
          told.map((one) => one.file),
          where,
        ).to.include(file);
        // The next start reads everything and repairs, or says that it needs the others.
        const next = await live(folder, `${where}, then started again`);
        expect(next.wasUnread && next.told.length > 0, `${where}: not found again and again`).to.equal(false);
        const third = await live(folder, `${where}, started a third time`);
        expect(
          third.told.every(({ file: name }) => name === file),
          where,
        ).to.equal(true);
      }
      expect(unread, 'some starts did not read the table first').to.be.greaterThan(
        /deleted|emptied|folder|cut/.test(damage.what) ? -1 : 0,
      );
    });

  for (const damage of FILE_DAMAGES.filter(({ isOfRows }) => !isOfRows))
    it(`kept sums: ${damage.what}: nobody is told, and nothing else is served`, async () => {
      for (const file of SUMS) {
        const folder = copy();
        damage.apply(path.join(folder, file));
        const { told } = await live(folder, `${file}, ${damage.what}`);
        expect(told, file).to.deep.equal([]);
      }
    });
});
