import { expect } from 'chai';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateFolders } from '../../bench/generate/folders.js';
import { Ordering } from '../../src/services/ordering/ordering.js';
import { nodeFileSystem } from '../../src/storage/node-file-system.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { receiptsTable } from '../../src/vsr/receipts.js';
import { loadIntact } from '../contract/replica-storage.js';
import { ask } from '../services/ordering/ordering-driver.js';

/** Enough for a checkpoint and a frame of the index. */
const ORDERS = 4000;

/** Every file of a folder by its name; replica.json apart, which says whose folder it is. */
function contents(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = names.map(({ parentPath, name }) => path.join(parentPath, name));
  return new Map(
    files
      .filter((file) => path.basename(file) !== 'replica.json')
      .map((file) => [path.relative(folder, file), readFileSync(file, 'latin1')]),
  );
}

describe('bench: generated folders', function () {
  this.timeout(60_000);
  let root: string;
  before(() => (root = mkdtempSync(path.join(tmpdir(), 'just-hungry-'))));
  after(() => rmSync(root, { recursive: true, force: true }));

  it('are whole, byte-equal and the same again for the same seed; every replica takes up its own', async () => {
    const options = { orders: ORDERS, users: 200, replicas: 3, seed: 7 };
    const lastOp = await generateFolders({ ...options, folder: path.join(root, 'a') });
    await generateFolders({ ...options, folder: path.join(root, 'b') });
    const first = contents(path.join(root, 'a', 'replica-1'));
    expect([...first.keys()]).to.include.members(['orders.csv', 'order-status.csv', 'orders.index', 'menu.csv']);
    for (const folder of ['a/replica-2', 'a/replica-3', 'b/replica-1'])
      expect(contents(path.join(root, folder)), folder).to.deep.equal(first);

    for (const id of ['replica-1', 'replica-2', 'replica-3']) {
      const storage = openReplicaStorage(nodeFileSystem, path.join(root, 'a', id), { replicaId: id });
      const loaded = await loadIntact(storage);
      expect(loaded.repaired).to.deep.equal([]);
      expect(loaded.entries.at(-1)?.op).to.equal(lastOp);
      const ordering = new Ordering(storage.files);
      receiptsTable(storage.files);
      ordering.restore(loaded.checkpoint.snapshots['ordering'] ?? '');
      for (const entry of loaded.entries) ordering.commit(entry);
      const { orders, users, ordersByStatus } = ask(ordering, { kind: 'counts' });
      expect({ orders, users }).to.deep.equal({ orders: ORDERS, users: 200 });
      expect(ordersByStatus.delivered).to.be.within(0.9 * ORDERS, 0.99 * ORDERS);
      storage.close();
    }
  });

  it('are not made where something is', async () => {
    const options = { orders: 1, users: 1, replicas: 1, seed: 1, folder: root };
    const refused = await generateFolders(options).catch((error: unknown) => error);
    expect(String(refused)).to.match(/is not empty/);
  });
});
