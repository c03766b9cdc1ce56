import { expect } from 'chai';
import { op } from '../../src/base/numbers.js';
import { DamagedFileError } from '../../src/base/service.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { headAt, loadIntact } from '../contract/replica-storage.js';
import { firstEntries, promises, simulated } from '../support/storage-folders.js';

const HEADER = 'op,item\r\n';
const rowOf = (at: number): string => `${String(at).padStart(6, '0')},"Naan, plain"\r\n`;
const ROW_BYTES = rowOf(1).length;
/** Several blocks of checksums. */
const ROWS = 900;

/** A table of many rows in use, whose first rows a checkpoint holds. */
async function tableInUse() {
  const { fileSystem, folder } = simulated();
  const storage = openReplicaStorage(fileSystem, folder);
  await storage.load();
  await storage.initialise(promises(0), []);
  const [entry] = firstEntries(1);
  if (entry === undefined) throw new Error('the test has an entry');
  await storage.append([entry], op(0));
  const table = storage.files.table('orders.csv', HEADER);
  for (let at = 0; at < ROWS; at++) table.append(rowOf(at));
  await storage.checkpoint(headAt(entry));
  const offsetOf = (at: number): number => HEADER.length + at * ROW_BYTES;
  const read = (at: number): string => Buffer.from(table.read(offsetOf(at), ROW_BYTES)).toString();
  const rot = (at: number): void => fileSystem.flipBit(`${folder}/orders.csv`, offsetOf(at) + 9, 1);
  return { fileSystem, folder, storage, table, offsetOf, read, rot };
}

describe('storage: rot in a table in use', () => {
  it('rot: is found when the row is read, and rows of other blocks are read still', async () => {
    const { read, rot } = await tableInUse();
    rot(500);
    expect(() => read(500)).to.throw(DamagedFileError, 'orders.csv');
    expect(read(3)).to.equal(rowOf(3));
    expect(read(ROWS - 1)).to.equal(rowOf(ROWS - 1));
  });

  it('rot: is found in what was read at a start, and in what was appended since', async () => {
    const { fileSystem, folder, storage, rot } = await tableInUse();
    storage.close();
    const again = openReplicaStorage(fileSystem, folder);
    await loadIntact(again);
    const table = again.files.table('orders.csv', HEADER);
    const before = table.length;
    table.append(rowOf(ROWS));
    again.flushTables();
    expect(Buffer.from(table.read(before, ROW_BYTES)).toString()).to.equal(rowOf(ROWS));
    for (const at of [0, ROWS]) {
      rot(at);
      expect(() => table.read(HEADER.length + at * ROW_BYTES, ROW_BYTES)).to.throw(DamagedFileError);
    }
  });

  it('rot: is not handed to a peer with a checkpoint', async () => {
    const { storage, offsetOf, rot } = await tableInUse();
    const chunk = (at: number) => storage.readChunk(op(1), 'orders.csv', offsetOf(at), 40 * ROW_BYTES);
    expect(Buffer.from(chunk(700) ?? []).toString()).to.match(/^000700,"Naan/);
    rot(720);
    expect(() => chunk(700)).to.throw(DamagedFileError);
  });

  it('rot: rows that wait for room are read as they are, beside those of the same block on the disk', async () => {
    const { fileSystem, storage, table, read, rot } = await tableInUse();
    fileSystem.limitRoom(ROW_BYTES / 2);
    table.append(rowOf(ROWS));
    storage.flushTables();
    expect(read(ROWS)).to.equal(rowOf(ROWS));
    expect(read(ROWS - 1)).to.equal(rowOf(ROWS - 1));
    rot(ROWS - 1);
    expect(() => read(ROWS - 1)).to.throw(DamagedFileError);
  });
});
