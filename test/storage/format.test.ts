import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { GENESIS_CHAIN } from '../../src/base/entry.js';
import { op } from '../../src/base/numbers.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { itemOf } from '../contract/replica-storage.js';
import { entriesAfter, promises, simulated } from '../support/storage-folders.js';

/** Lines of a file as FORMAT.md shows them: the padding of slots as one space. */
function shownLines(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString('utf8');
  return text
    .split(/\r?\n/)
    .map((line) => line.replaceAll(/ {2,}/g, ' ').trim())
    .filter((line) => line !== '');
}

describe('storage: FORMAT.md', () => {
  it('shows the bytes that are written', async () => {
    const { fileSystem, folder } = simulated();
    const storage = openReplicaStorage(fileSystem, folder, { replicaId: 'replica-1' });
    await storage.load();
    await storage.initialise(promises(0), []);
    const entries = entriesAfter(0, GENESIS_CHAIN, 3, 0, (n) => `{"item":"pizza, large","n":${n}}`);
    const [first, second, third] = entries;
    if (first === undefined || second === undefined || third === undefined) throw new Error('there are three');
    const table = storage.files.table('orders.csv', 'op,order_id,item\r\n');
    storage.files.document('motd.txt').write('Welcome\n');
    await storage.append([first], op(0));
    await storage.append([second, third], op(1));
    table.append('1,a1,"pizza, large"\r\n');
    table.append('2,a2,soup\r\n');
    const { op: at, chain, timeMs } = second;
    await storage.checkpoint({ base: { op: at, chain, timeMs }, snapshots: { ordering: '…' } });
    await storage.switchLog({ durable: promises(2), from: op(3), entries: [], salvaged: [itemOf(third)] });

    const format = readFileSync(new URL('../../src/storage/FORMAT.md', import.meta.url), 'utf8');
    for (const file of [
      'replica.json',
      'outbox.csv',
      'journal/0000000000-0000000000000001.csv',
      'journal/0000000002-0000000000000003.csv',
      'journal/synced',
      'checkpoint/0000000000000002/head.json',
    ]) {
      for (const line of shownLines(fileSystem.readFile(`${folder}/${file}`))) {
        expect(format.includes(line), `${file} holds a line that FORMAT.md does not show: ${line}`).to.equal(true);
      }
    }
  });
});
