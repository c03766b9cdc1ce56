import { expect } from 'chai';
import type { Entry } from '../../src/base/entry.js';
import { op } from '../../src/base/numbers.js';
import type { Damage, ReplicaStorage } from '../../src/ports/storage.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { headAt, loadIntact, transfer } from '../contract/replica-storage.js';
import type { SimulatedFileSystem } from '../support/simulated-file-system.js';
import { entriesAfter, firstEntries, promises, simulated } from '../support/storage-folders.js';

const FOLDER = '/replica';
const HEADER = 'op,item\r\n';
const ENTRIES = firstEntries(16);
const SETTINGS = { segmentBytesMax: 700 };
/** A round has fewer slices than this here. */
const SLICES_MAX = 40;

async function grown(): Promise<{ fileSystem: SimulatedFileSystem; storage: ReplicaStorage }> {
  const { fileSystem, folder } = simulated();
  const storage = openReplicaStorage(fileSystem, folder, SETTINGS);
  await storage.load();
  await storage.initialise(promises(0), []);
  const table = storage.files.table('orders.csv', HEADER);
  storage.files.document('menu.csv').write('menu');
  for (const entry of ENTRIES) {
    await storage.append([entry], entry.op);
    table.append(`${entry.op},"pizza"\r\n`);
    if (entry.op === 6 || entry.op === 12) await storage.checkpoint(headAt(entry));
  }
  storage.flushTables();
  return { fileSystem, storage };
}

async function round(storage: ReplicaStorage): Promise<{ damage: Damage[]; mended: Damage[] }> {
  const found: { damage: Damage[]; mended: Damage[] } = { damage: [], mended: [] };
  for (let slice = 0; slice < SLICES_MAX; slice++) {
    const { damage, mended } = await storage.scrub(0);
    found.damage.push(...damage);
    found.mended.push(...mended);
    if (found.damage.length > 0) break;
  }
  return found;
}

describe('storage: scrub', () => {
  it('finds nothing in a sound folder, round after round, whatever is appended, switched or installed meanwhile', async () => {
    const { fileSystem, storage } = await grown();
    fileSystem.makeFolder('/peer');
    const peer = openReplicaStorage(fileSystem, '/peer');
    await peer.load();
    const more = entriesAfter(16, ENTRIES.at(-1)?.chain ?? '', 30);
    await peer.initialise(promises(0), [...ENTRIES, ...more]);
    peer.files.table('orders.csv', HEADER).append('1,soup\r\n');
    peer.files.document('menu.csv').write('menu of the peer');
    await peer.checkpoint(headAt(more[29] as Entry));
    const looks: Promise<{ damage: Damage[]; mended: Damage[] }>[] = [];
    const look = (): void => void looks.push(storage.scrub(0));
    for (const entry of more.slice(0, 20)) {
      for (let slice = 0; slice < 5; slice++) look();
      const done = storage.append([entry], entry.op);
      look();
      await done;
      storage.files.table('orders.csv', HEADER).append(`${entry.op},"pizza"\r\n`);
      if (entry.op === 24) await storage.checkpoint(headAt(entry));
      storage.flushTables();
      await Promise.all(looks);
    }
    const newer = entriesAfter(34, more[17]?.chain ?? '', 3, 2);
    const switched = storage.switchLog({ durable: promises(2), from: op(35), entries: newer, salvaged: [] });
    look();
    await switched;
    expect(await round(storage)).to.deep.equal({ damage: [], mended: [] });
    const offer = transfer(peer, storage);
    look();
    const installed = storage.install({ durable: promises(3), offer, entries: [], salvaged: [] });
    look();
    await installed;
    expect(await round(storage)).to.deep.equal({ damage: [], mended: [] });
    for (const found of await Promise.all(looks)) expect(found).to.deep.equal({ damage: [], mended: [] });
  });

  it('finds a bit that turns over in any byte of any table, segment and checkpoint, unseen by the times', async () => {
    const { fileSystem: sound } = await grown();
    sound.kill();
    const checkpoints = sound.list(`${FOLDER}/checkpoint`);
    const [older = '', newest = ''] = checkpoints;
    const segments = sound.list(`${FOLDER}/journal`).filter((name) => name.endsWith('.csv'));
    expect(segments.length).to.be.greaterThan(2);
    const files = [
      'orders.csv',
      ...segments.map((name) => `journal/${name}`),
      ...checkpoints.flatMap((name) =>
        sound.list(`${FOLDER}/checkpoint/${name}`).map((file) => `checkpoint/${name}/${file}`),
      ),
    ];
    let mendedFiles = 0;
    for (const file of files) {
      const { bytes = 0 } = sound.stat(`${FOLDER}/${file}`) ?? {};
      for (let at = 0; at < bytes; at += 13) {
        const disk = sound.fork();
        const storage = openReplicaStorage(disk, FOLDER, SETTINGS);
        const { entries } = await loadIntact(storage);
        storage.files.document('menu.csv');
        const table = storage.files.table('orders.csv', HEADER);
        for (const entry of entries) table.append(`${entry.op},"pizza"\r\n`);
        storage.flushTables();
        disk.flipBit(`${FOLDER}/${file}`, at, 1);
        expect(storage.inspect(), 'the file system shows nothing').to.deep.equal([]);
        const { damage, mended } = await round(storage);
        expect(
          [...damage, ...mended].map((one) => one.file),
          `${file} byte ${at}`,
        ).to.deep.equal([file]);
        const isOlder = file.includes(older) || (mended.length > 0 && file.startsWith('journal/'));
        expect(mended.length, `${file} byte ${at}`).to.equal(isOlder ? 1 : 0);
        if (mended.length === 0) continue;
        mendedFiles++;
        expect(disk.list(`${FOLDER}/checkpoint`)).to.deep.equal([newest]);
        expect(await round(storage), 'what was dropped is not told again').to.deep.equal({ damage: [], mended: [] });
        disk.kill();
        await loadIntact(openReplicaStorage(disk, FOLDER, SETTINGS));
      }
    }
    expect(mendedFiles).to.be.greaterThan(5);
  });

  it('names the row of the journal', async () => {
    const { fileSystem, storage } = await grown();
    const [last = ''] = fileSystem
      .list(`${FOLDER}/journal`)
      .filter((name) => name.endsWith('.csv'))
      .slice(-1);
    fileSystem.flipBit(`${FOLDER}/journal/${last}`, (fileSystem.stat(`${FOLDER}/journal/${last}`)?.bytes ?? 0) - 60, 1);
    const { damage } = await round(storage);
    expect(damage[0]?.row).to.be.greaterThan(1);
  });

  it('tells of a file that the disk cannot read', async () => {
    const { fileSystem, storage } = await grown();
    const open = fileSystem.open.bind(fileSystem);
    fileSystem.open = (path, create) => {
      if (path.endsWith('orders.csv'))
        throw Object.assign(new Error('EIO: i/o error, open'), { code: 'EIO', syscall: 'open' });
      return open(path, create);
    };
    expect((await round(storage)).damage).to.deep.equal([
      { file: 'orders.csv', what: 'the disk cannot read it (EIO)' },
    ]);
  });
});
