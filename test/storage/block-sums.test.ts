import { expect } from 'chai';
import fc from 'fast-check';
import { DamagedFileError, type Table } from '../../src/base/service.js';
import { op } from '../../src/base/numbers.js';
import { BLOCK_BYTES, BlockSums } from '../../src/storage/block-sums.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { headAt, loadIntact } from '../contract/replica-storage.js';
import type { SimulatedFileSystem } from '../support/simulated-file-system.js';
import { firstEntries, promises, simulated } from '../support/storage-folders.js';

const HEADER = 'op,item\r\n';
const FILE = '/replica/orders.csv';
const rowOf = (at: number): string => `${at},"pizza number ${at * at}, large"\r\n`;
const ROWS = 300;

/** A table of some blocks: checkpointed in the middle, so that a start takes up the one half and writes the other. */
async function started(): Promise<{ disk: SimulatedFileSystem; table: Table; offsets: number[] }> {
  const { fileSystem, folder } = simulated();
  const storage = openReplicaStorage(fileSystem, folder);
  await storage.load();
  const [entry] = firstEntries(1);
  if (entry === undefined) throw new Error('one entry was made');
  await storage.initialise(promises(0), [entry]);
  const table = storage.files.table('orders.csv', HEADER);
  const offsets: number[] = [];
  for (let at = 1; at <= ROWS / 2; at++) offsets.push(table.append(rowOf(at)));
  await storage.append([], op(1));
  await storage.checkpoint(headAt(entry));
  fileSystem.kill();
  const again = openReplicaStorage(fileSystem, folder);
  await loadIntact(again);
  const taken = again.files.table('orders.csv', HEADER);
  for (let at = ROWS / 2 + 1; at <= ROWS; at++) {
    offsets.push(taken.append(rowOf(at)));
    if (at % 7 === 0) again.flushTables();
  }
  again.flushTables();
  return { disk: fileSystem, table: taken, offsets };
}

describe('storage: what is read from a table', () => {
  it('is never a byte that turned over on the disk; the row is named, and other rows are still read', async () => {
    const { disk, table, offsets } = await started();
    const read = (at: number): string =>
      Buffer.from(table.read(offsets[at - 1] ?? 0, Buffer.byteLength(rowOf(at)))).toString();
    for (let at = 1; at <= ROWS; at++) expect(read(at)).to.equal(rowOf(at));
    for (let row = 1; row <= ROWS; row += 11) {
      const byte = (offsets[row - 1] ?? 0) + (row % 9);
      disk.flipBit(FILE, byte, row % 8);
      let thrown: unknown;
      try {
        read(row);
      } catch (error) {
        thrown = error;
      }
      if (!(thrown instanceof DamagedFileError)) throw new Error(`row ${row} was given out`);
      expect(thrown.file).to.equal('orders.csv');
      // The row in which the damaged block begins: row 1 is the header.
      const block = byte - (byte % BLOCK_BYTES);
      expect(thrown.row).to.equal(1 + [...offsets, table.length].filter((end) => end <= block).length);
      for (const other of [1, ROWS]) {
        const place = offsets[other - 1] ?? 0;
        if (Math.abs(place - byte) > 2 * BLOCK_BYTES) expect(read(other)).to.equal(rowOf(other));
      }
      disk.flipBit(FILE, byte, row % 8);
      expect(read(row)).to.equal(rowOf(row));
    }
  });

  it('is judged the same however the bytes came', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 3 * BLOCK_BYTES }), { maxLength: 12 }),
        fc.nat(),
        (pieces, chance) => {
          const sums = new BlockSums();
          for (const piece of pieces) sums.add(piece);
          const whole = Buffer.concat(pieces);
          expect(sums.bytes).to.equal(whole.length);
          expect(sums.firstWrong(whole, 0)).to.equal(undefined);
          if (whole.length === 0) return;
          const at = chance % whole.length;
          whole[at] = (whole[at] ?? 0) ^ 4;
          const block = at - (at % BLOCK_BYTES);
          expect(sums.firstWrong(whole, 0)).to.equal(block);
          expect(sums.firstWrong(whole.subarray(block), block)).to.equal(block);
        },
      ),
    );
  });
});
