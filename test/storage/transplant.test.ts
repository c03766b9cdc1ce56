import { expect } from 'chai';
import { present } from '../../src/base/assert.js';
import { op } from '../../src/base/numbers.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { remembers, surveyFolder, transplantFolder } from '../../src/storage/transplant.js';
import { headAt, loadIntact } from '../contract/replica-storage.js';
import type { SimulatedFileSystem } from '../support/simulated-file-system.js';
import { entriesAfter, firstEntries, promises, simulated } from '../support/storage-folders.js';

const SURVIVOR = '/replica';
const LOST = '/lost';
const HEADER = 'op,item\r\n';
const FIRST = firstEntries(4);
const LATER = entriesAfter(4, FIRST[3]?.chain ?? '', 3);

/** A stopped replica with a checkpoint at op 4 and three entries after it. */
async function survivor(): Promise<SimulatedFileSystem> {
  const { fileSystem } = simulated();
  const storage = openReplicaStorage(fileSystem, SURVIVOR, { replicaId: 'replica-1' });
  const table = storage.files.table('orders.csv', HEADER);
  await storage.load();
  await storage.initialise(promises(3), FIRST);
  for (const { op: at } of FIRST) table.append(`${at},pizza\r\n`);
  storage.flushTables();
  await storage.checkpoint(headAt(present(FIRST.at(-1), 'there is a fourth entry')));
  await storage.append(LATER, op(6));
  storage.close();
  return fileSystem;
}

describe('storage: a lost folder made from one that is left', () => {
  it('survey: what it holds, whole or not at all', async () => {
    const disk = await survivor();
    expect(await surveyFolder(disk, SURVIVOR, 'replica-1')).to.deep.equal({
      view: 3,
      op: 7,
      commit: 6,
      timeMs: LATER[2]?.timeMs,
    });
    expect(remembers(disk, SURVIVOR)).to.equal(true);
    expect(remembers(disk, LOST)).to.equal(false);
    disk.remove(`${SURVIVOR}/journal`);
    let told = '';
    await surveyFolder(disk, SURVIVOR, 'replica-1').catch((error: unknown) => (told = String(error)));
    expect(told).to.match(/is damaged: nothing can be taken from it/);
  });

  it('transplant: the same log under the lost replica’s name, in the view after; what was there is kept aside', async () => {
    const disk = await survivor();
    disk.makeFolder(LOST);
    disk.open(`${LOST}/orders.csv`, true).write(0, Buffer.from('rest'));
    disk.open(`${LOST}/menu.csv`, true).write(0, Buffer.from('menu'));
    await transplantFolder(disk, SURVIVOR, LOST, 'replica-2');
    const loaded = await loadIntact(openReplicaStorage(disk, LOST, { replicaId: 'replica-2' }));
    expect(loaded.durable).to.deep.equal({ ...promises(4), logView: 3 });
    expect(loaded.checkpoint.base.op).to.equal(4);
    expect(loaded.entries).to.deep.equal(LATER);
    expect(loaded.repaired, 'nothing of it is missing').to.deep.equal([]);
    expect(Buffer.from(disk.readFile(`${LOST}/damaged/orders.csv`)).toString()).to.equal('rest');
    expect(Buffer.from(disk.readFile(`${LOST}/orders.csv`)).toString()).to.match(/^op,item\r\n1,pizza/);
    const untouched = await loadIntact(openReplicaStorage(disk, SURVIVOR, { replicaId: 'replica-1' }));
    expect(untouched.durable).to.deep.equal(promises(3));
  });

  it('transplant: one that was broken off counts as damaged, and can be made again', async () => {
    const disk = await survivor();
    disk.settle();
    let writes = 0;
    const count = disk.fork();
    count.onOperation = () => void writes++;
    await transplantFolder(count, SURVIVOR, LOST, 'replica-2');
    expect(writes).to.be.greaterThan(10);
    for (let until = 1; until < writes; until++) {
      const torn = disk.fork();
      let left = until;
      torn.onOperation = () => {
        if (left-- === 0) throw new Error('power');
      };
      await transplantFolder(torn, SURVIVOR, LOST, 'replica-2').catch(() => undefined);
      torn.onOperation = () => undefined;
      torn.kill();
      if (remembers(torn, LOST)) await loadIntact(openReplicaStorage(torn, LOST, { replicaId: 'replica-2' }));
      else {
        await transplantFolder(torn, SURVIVOR, LOST, 'replica-2');
        await loadIntact(openReplicaStorage(torn, LOST, { replicaId: 'replica-2' }));
      }
    }
  });
});
