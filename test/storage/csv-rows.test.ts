import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { GENESIS_CHAIN } from '../../src/base/entry.js';
import { op } from '../../src/base/numbers.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { itemOf, loadIntact } from '../contract/replica-storage.js';
import { entriesAfter, promises, simulated } from '../support/storage-folders.js';

const awkward = fc.array(
  fc.oneof(
    fc.constantFrom('"', '""', ',', '\r\n', '\n', '\r', '🍕', 'é', '=1+1', ' ', '\u{feff}'),
    fc.string({ unit: 'grapheme' }),
  ),
  { maxLength: 8 },
);
const updates = fc.array(
  awkward.map((parts) => parts.join('')),
  { minLength: 1, maxLength: 6 },
);

function read(file: Uint8Array): string[][] {
  return parse(Buffer.from(file), { bom: false, relax_column_count: false, record_delimiter: '\r\n' });
}

describe('storage: rows as other programs read them', () => {
  it('journal and outbox come back through csv-parse and through load, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(updates, async (texts) => {
        const { fileSystem, folder } = simulated();
        const storage = openReplicaStorage(fileSystem, folder);
        await storage.load();
        await storage.initialise(promises(0), []);
        const entries = entriesAfter(0, GENESIS_CHAIN, texts.length, 0, (at) => texts[at - 1] ?? '');
        await storage.append(entries, op(0));
        const salvaged = entries.map(itemOf);
        const journal = read(fileSystem.readFile(`${folder}/journal/0000000000-0000000000000001.csv`));
        expect(journal.slice(1).map((fields) => fields[5])).to.deep.equal(texts);
        await storage.switchLog({ durable: promises(1), from: op(1), entries: [], salvaged });
        const outbox = read(fileSystem.readFile(`${folder}/outbox.csv`));
        expect(outbox.slice(1, -1).map((fields) => fields[2])).to.deep.equal(texts);
        fileSystem.kill();
        expect((await loadIntact(openReplicaStorage(fileSystem, folder))).outbox).to.deep.equal(salvaged);
      }),
      { numRuns: 200 },
    );
  });
});
