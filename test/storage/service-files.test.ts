import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { DamagedFileError } from '../../src/base/service.js';
import { FolderFiles } from '../../src/storage/service-files.js';
import { simulated } from '../support/storage-folders.js';

const HEADER = 'op,item\r\n';
const CONTENT = Buffer.from(`${HEADER}1,soup\r\n`);

/** Files whose orders.csv has just been looked at and holds `CONTENT`. */
function lookedAt() {
  const { fileSystem, folder } = simulated();
  const place = `${folder}/orders.csv`;
  fileSystem.open(place, true).write(0, CONTENT);
  const hash = createHash('sha256').update(CONTENT);
  const content = { tables: new Map([['orders.csv', { length: CONTENT.length, hash }]]), documents: new Map() };
  const files = new FolderFiles(fileSystem, folder);
  const table = files.table('orders.csv', HEADER);
  return { fileSystem, place, files, table, content };
}

describe('files of services', () => {
  it('files: takes the content that was looked at into use', () => {
    const { files, table, content } = lookedAt();
    files.begin(content, { isStart: true });
    expect(Buffer.from(table.read(0, table.length))).to.deep.equal(CONTENT);
  });

  for (const [what, harm] of [
    ['deleted', ({ fileSystem, place }) => fileSystem.deleteUnseen(place)],
    ['cut off', ({ fileSystem, place }) => fileSystem.open(place, false).truncate(3)],
  ] as readonly (readonly [string, (made: ReturnType<typeof lookedAt>) => void])[])
    it(`files: takes no file into use that was ${what} since it was looked at, and makes none in its place`, () => {
      const made = lookedAt();
      harm(made);
      const bytesBefore = made.fileSystem.stat(made.place)?.bytes;
      expect(() => made.files.begin(made.content, { isStart: true })).to.throw(DamagedFileError, 'orders.csv');
      expect(made.fileSystem.stat(made.place)?.bytes).to.equal(bytesBefore);
    });
});
