import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Entry } from '../../src/base/entry.js';
import type { Damage } from '../../src/ports/storage.js';
import { nodeFileSystem } from '../../src/storage/node-file-system.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { headAt, loadIntact } from '../contract/replica-storage.js';
import { FILE_DAMAGES, lastRecordOf, truncate, type FileDamage } from '../support/file-damage.js';
import { promises } from '../support/storage-folders.js';
import {
  CHECKPOINTS,
  DOCUMENTS,
  ENTRIES,
  makeFolder,
  mended,
  OUTBOX,
  replay,
  SETTINGS,
  TABLES,
} from '../support/whole-folder.js';

describe('storage: everything that can befall a file', function () {
  this.timeout(60_000);
  let whole: string;
  let files: string[];
  let folders: string[];

  before(async () => {
    whole = mkdtempSync(path.join(tmpdir(), 'just-hungry-whole-'));
    await makeFolder(whole);
    const named = (folder: string): string[] =>
      nodeFileSystem.list(path.join(whole, folder)).map((name) => `${folder}/${name}`);
    const checkpoints = named('checkpoint').flatMap(named);
    files = [...TABLES, ...DOCUMENTS, 'outbox.csv', 'replica.json', ...named('journal'), ...checkpoints];
    expect(files.length, 'there are older segments and checkpoints too').to.be.greaterThan(17);
  });
  beforeEach(() => {
    folders = [];
  });
  afterEach(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  after(() => rmSync(whole, { recursive: true, force: true }));

  const copy = (): string => {
    const folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-'));
    folders.push(folder);
    cpSync(whole, folder, { recursive: true, preserveTimestamps: true });
    return folder;
  };
  const bytesOf = (folder: string, file: string): string => readFileSync(path.join(folder, file), 'latin1');

  /** Everything that a start gives out is what was written, or it says that the folder is damaged. */
  const judge = async (folder: string, file: string, what: string): Promise<readonly Damage[]> => {
    const storage = openReplicaStorage(nodeFileSystem, folder, SETTINGS);
    const where = `${file}, ${what}`;
    try {
      const loaded = await storage.load();
      if (loaded.kind === 'empty') throw new Error(`${where}: the folder was taken for an empty one`);
      if (loaded.kind === 'damaged') {
        expect(loaded.damage.length, where).to.be.greaterThan(0);
        if (loaded.durable !== undefined) expect(loaded.durable, where).to.deep.equal(promises(4));
        return loaded.damage;
      }
      expect(loaded.durable, where).to.deep.equal(promises(4));
      expect(loaded.entries, where).to.deep.equal(ENTRIES.slice(loaded.checkpoint.base.op));
      expect(loaded.commit, where).to.equal(16);
      expect(loaded.checkpoint, where).to.deep.equal(headAt(ENTRIES[loaded.checkpoint.base.op - 1] as Entry));
      for (const item of loaded.outbox) expect(OUTBOX, where).to.deep.include(item);
      replay(storage, loaded);
      expect(storage.inspect(), where).to.deep.equal([]);
      const told = await mended(storage);
      for (const name of [...TABLES, ...DOCUMENTS]) expect(bytesOf(folder, name), where).to.equal(bytesOf(whole, name));
      return [...(loaded.repaired ?? []), ...told];
    } finally {
      storage.close();
    }
  };

  /** Files of which an undamaged newer copy is in use: a start does not look at them. */
  const isOlder = (file: string): boolean => {
    const segments = files.filter((name) => /^journal\/.*csv$/.test(name));
    const next = segments[segments.indexOf(file) + 1];
    return next !== undefined && Number(next.slice(-20, -4)) <= (CHECKPOINTS.at(-1) ?? 0) + 1;
  };
  /** The mark and replica.json are kept twice; a table's rows behind the checkpoint are made anew from the journal. */
  const mayBeSilent = (file: string, damage: string): boolean =>
    isOlder(file) || damage === 'replaced by a copy' || (file === 'journal/synced' && /bit|edited|cut/.test(damage));

  /** Of a segment that is gone its neighbour tells: nobody knows what its name was. */
  const tells = (damage: readonly Damage[], file: string, what: string): boolean =>
    damage.some(
      (one) =>
        one.what !== '' && (one.file === file || (what === 'deleted' && one.file.startsWith(path.dirname(file)))),
    );
  const isPossible = ({ isOfRows }: FileDamage, file: string): boolean =>
    !isOfRows || (file.endsWith('.csv') && bytesOf(whole, file).split('\r\n').length > 4);
  /** One of each kind is cut at every byte, the others here and there. */
  const stepOf = (file: string): number =>
    ['orders.csv', 'menu.csv', 'outbox.csv', 'replica.json', 'journal/synced'].includes(file) ||
    /^journal\/.*016\.csv$|011\/head\.json$/.test(file)
      ? 1
      : 23;

  for (const damage of FILE_DAMAGES)
    it(`at rest: ${damage.what}: found, named, and never believed`, async () => {
      let judged = 0;
      for (const file of files) {
        if (!isPossible(damage, file)) continue;
        const folder = copy();
        damage.apply(path.join(folder, file));
        const told = await judge(folder, file, damage.what);
        if (!mayBeSilent(file, damage.what))
          expect(tells(told, file, damage.what), `${file}, ${damage.what}: ${JSON.stringify(told)}`).to.equal(true);
        if (TABLES.some((name) => name === file) && /swapped|duplicated/.test(damage.what))
          expect(told.find((one) => one.file === file)?.row, 'the row is named').to.equal(3);
        judged++;
      }
      expect(judged).to.be.greaterThan(damage.isOfRows ? 6 : 12);
    });

  it('at rest: cut at every byte of the last record: found, named, and never believed', async () => {
    for (const file of files) {
      const { from, to } = lastRecordOf(path.join(whole, file));
      for (let bytes = from; bytes < to; bytes += stepOf(file)) {
        const folder = copy();
        truncate(path.join(folder, file), bytes);
        const told = await judge(folder, file, `cut at byte ${bytes}`);
        // A table that lacks its last row whole is what a loss of power leaves.
        const isWholeRow = TABLES.some((name) => name === file) && bytes === from;
        if (!isWholeRow && !mayBeSilent(file, 'cut'))
          expect(tells(told, file, 'cut'), `${file}, cut at byte ${bytes}: ${JSON.stringify(told)}`).to.equal(true);
        rmSync(folder, { recursive: true });
      }
    }
  });

  for (const damage of FILE_DAMAGES)
    it(`while running: ${damage.what}: ${damage.isVisible ? 'seen, named' : 'not seen by the file system'}, and never believed`, async () => {
      for (const file of files) {
        if (!isPossible(damage, file)) continue;
        const where = `${file}, ${damage.what}`;
        const folder = copy();
        const storage = openReplicaStorage(nodeFileSystem, folder, SETTINGS);
        const loaded = await loadIntact(storage);
        replay(storage, loaded);
        await mended(storage);
        damage.apply(path.join(folder, file));
        const fatal = storage.inspect();
        const told = [...fatal, ...(await mended(storage))];
        storage.close();
        if (damage.isVisible) {
          // A document that was replaced by one that says the same needs no word.
          const isSame = damage.what === 'replaced by a copy' && DOCUMENTS.some((name) => name === file);
          expect(tells(told, file, damage.what), `${where}: ${JSON.stringify(told)}`).to.equal(!isSame);
        }
        if (fatal.length === 0 && damage.isVisible && ['outbox.csv', ...DOCUMENTS].includes(file))
          expect(bytesOf(folder, file), where).to.equal(bytesOf(whole, file));
        await judge(folder, file, `${damage.what}, then started again`);
      }
    });

  it('at rest: files that this user may not read or write are damage, and the replica starts', async function () {
    if (process.getuid?.() === 0) {
      // Visible in the report: root reads everything. A folder in a file's place, above, is as unreadable.
      this.skip();
    }
    for (const file of files) {
      for (const mode of [0o000, 0o444]) {
        const folder = copy();
        chmodSync(path.join(folder, file), mode);
        await judge(folder, file, `mode ${mode.toString(8)}`);
      }
    }
  });
});
