import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { headerOf } from '../../src/operations/table-headers.js';
import { tableDifference } from '../../src/operations/table-difference.js';
import { nodeFileSystem } from '../../src/storage/node-file-system.js';
import { openStoppedFolder } from '../../src/storage/stopped-folder.js';
import { openUnusedFolder, searchUnusedFolder } from '../../src/storage/unused-folder.js';

const OPS = 3_000;
const HEADER = headerOf('receipts.csv') ?? '';
const rowOf = (op: number): string =>
  `${String(op).padStart(16, '0')},0000000000,${String(op * 7_919).padStart(32, '0')}\r\n`;
const WHOLE = HEADER + Array.from({ length: OPS }, (_, at) => rowOf(at + 1)).join('');

describe('stopped folder', () => {
  const folders: string[] = [];
  const folderWith = (files: Readonly<Record<string, string>>): string => {
    const folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-stopped-'));
    folders.push(folder);
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text, 'latin1');
    return folder;
  };
  const open = (text: string) => openStoppedFolder(nodeFileSystem, folderWith({ 'receipts.csv': text }));
  const difference = (a: string, b: string) => tableDifference('receipts.csv', HEADER, OPS, [open(a), open(b)]);

  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  it('equal tables: no difference, nothing is sent', async () => {
    expect(await difference(WHOLE, WHOLE)).to.equal(undefined);
  });

  it('search: every row with the text in tables, outbox and journal, also at their ends and over a megabyte; nothing else', () => {
    const filler = `${'x'.repeat(99)}\r\n`.repeat(10_480);
    const folder = folderWith({
      'order-status.csv': `op\r\n${filler}4,wanted,placed\r\n${filler}9,wanted,ready and wanted again\r\n5,want`,
      'outbox.csv': 'wanted,"{""a"":1}",torn',
      'replica.json': 'wanted',
      'orders.csv': '4,other\r\n',
    });
    mkdirSync(path.join(folder, 'journal'));
    writeFileSync(path.join(folder, 'journal', '1-1.csv.cut-7'), '4,0,wanted\r\n');
    expect(searchUnusedFolder(nodeFileSystem, folder, 'wanted')).to.deep.equal([
      { file: 'journal/1-1.csv.cut-7', row: '4,0,wanted' },
      { file: 'order-status.csv', row: '4,wanted,placed' },
      { file: 'order-status.csv', row: '9,wanted,ready and wanted again' },
      { file: 'outbox.csv', row: 'wanted,"{""a"":1}",torn' },
    ]);
    expect(() => searchUnusedFolder(nodeFileSystem, path.join(folder, 'gone'), 'x')).to.throw(/there is no folder/);
  });

  const edits: readonly (readonly [
    string,
    (text: string) => string,
    { missing?: number; extra?: number; different?: number },
  ])[] = [
    [
      'a byte of a row',
      (text) =>
        text.replace(
          `${'0'.repeat(10)},${String(1_500 * 7_919).padStart(32, '0')}`,
          `0000000001,${String(1_500 * 7_919).padStart(32, '0')}`,
        ),
      { different: 1 },
    ],
    [
      'an op that becomes larger',
      (text) => text.replace(rowOf(1_000), rowOf(1_000).replace(/^0/, '9')),
      { different: 1 },
    ],
    [
      'an op that becomes a later one',
      (text) => text.replace(/\n0000000000001000,/, '\n0000000000001900,'),
      { different: 1 },
    ],
    [
      'an op that becomes smaller',
      (text) => text.replace(/\n0000000000001000,/, '\n0000000000000000,'),
      { different: 1 },
    ],
    ['a row that is gone', (text) => text.replace(rowOf(42), ''), { missing: 1 }],
    [
      'rows that are gone',
      (text) => text.replace(rowOf(42), '').replace(rowOf(43), '').replace(rowOf(2_999), ''),
      { missing: 3 },
    ],
    ['a row that stands twice', (text) => text.replace(rowOf(42), rowOf(42) + rowOf(42)), { extra: 1 }],
    ['a row of zeros', (text) => text.replace(rowOf(7), `${'\0'.repeat(60)}\r\n`), { missing: 1, extra: 1 }],
    ['a row that was moved', (text) => text.replace(rowOf(7), '').replace(rowOf(2_000), rowOf(2_000) + rowOf(7)), {}],
  ];
  for (const [what, edit, { missing = 0, extra = 0, different = 0 }] of edits)
    it(`damage: exactly it is told, and nothing else (${what})`, async () => {
      const edited = edit(WHOLE);
      expect(edited).to.not.equal(WHOLE);
      const found = await difference(WHOLE, edited);
      expect(found).to.deep.include({ isCut: false });
      expect([found?.missing.length, found?.extra.length, found?.different.length]).to.deep.equal([
        missing,
        extra,
        different,
      ]);
      const [back] = [await difference(edited, WHOLE)];
      expect([back?.extra.length, back?.missing.length]).to.deep.equal([missing, extra]);
    });

  it('a table that ends inside a row: said, and the last op is that of the last whole row', () => {
    const { lastOp, notes } = open(WHOLE.slice(0, -10));
    expect(lastOp).to.equal(OPS - 1);
    expect(notes).to.deep.equal(['receipts.csv ends inside a row']);
  });

  it('everything differs: a thousand rows are told, and that there are more', async () => {
    const found = await difference(WHOLE, WHOLE.replaceAll(',0000000000,', ',0000000009,'));
    expect(found?.isCut).to.equal(true);
    expect(found?.different.length).to.be.within(500, 2_000);
  });

  it('reading changes nothing, and a folder in use is refused with who uses it', () => {
    const folder = folderWith({ 'receipts.csv': WHOLE, 'motd.txt': 'Welcome' });
    const look = () =>
      readdirSync(folder).map((name) => [
        name,
        statSync(path.join(folder, name)).mtimeMs,
        readFileSync(path.join(folder, name), 'latin1'),
      ]);
    const before = look();
    const opened = openUnusedFolder(nodeFileSystem, folder);
    expect(opened.files).to.deep.equal([
      { name: 'receipts.csv', kind: 'table' },
      { name: 'motd.txt', kind: 'document' },
    ]);
    opened.close();
    expect(look()).to.deep.equal(before);
    const lock = nodeFileSystem.lockFolder(folder);
    expect(() => openUnusedFolder(nodeFileSystem, folder)).to.throw(/in use by process/);
    if ('release' in lock) lock.release();
  });

  it('no folder, or one without tables: said', () => {
    expect(() => openUnusedFolder(nodeFileSystem, path.join(folderWith({}), 'none'))).to.throw(/there is no folder/);
    expect(() => openUnusedFolder(nodeFileSystem, folderWith({ 'menu.csv': 'item\r\n' }))).to.throw(/holds no tables/);
  });
});
