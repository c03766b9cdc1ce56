import { expect } from 'chai';
import { Violation } from '../checkers.js';
import { checkSameTables, type Folder } from './same-tables.js';

const journal = (...rows: readonly string[]): string => ['op,view', ...rows, ''].join('\r\n');

const FILES: Readonly<Record<string, string>> = {
  'orders.csv': 'op\r\n3\r\n',
  'order-status.csv': 'op\r\n3\r\n',
  'refused.csv': 'op\r\n4\r\n',
  'receipts.csv': 'op\r\n1\r\n',
  'menu.csv': 'item\r\n',
  'motd.txt': 'Welcome',
  'journal/0000000000-0000000000000001.csv': journal('1,a', '2,b', '3,c'),
  'journal/0000000002-0000000000000003.csv': journal('3,d'),
};

function folder(index: number, changes: Readonly<Record<string, string | undefined>> = {}, isHarmed = false): Folder {
  const files = new Map(Object.entries({ ...FILES, ...changes }));
  const text = (name: string): string | undefined => files.get(name);
  const names = (inside = ''): string[] => [...files.keys()].filter((name) => name.startsWith(inside));
  return { index, folder: { isHarmed, text, names } };
}

const NAMES = Object.keys(FILES).filter((name) => !name.includes('/'));

describe('simulation: same tables', () => {
  for (const name of NAMES)
    it(`same tables: objects to another ${name}`, () => {
      const folders = [folder(0), folder(1, { [name]: `${FILES[name]}x` })];
      expect(() => checkSameTables(folders, NAMES)).to.throw(Violation, `${name} of replica 1 differs`);
    });

  it('same tables: objects to another row of the journal', () => {
    const other = folder(1, { 'journal/0000000002-0000000000000003.csv': journal('3,x') });
    expect(() => checkSameTables([folder(0), other], NAMES)).to.throw(Violation, 'the journal row of op 3');
  });

  it('same tables: accepts rows that a later segment has cut, a shorter journal, and rot that was not read yet', () => {
    const cut = folder(1, { 'journal/0000000000-0000000000000001.csv': journal('1,a', '2,b', '3,other') });
    const shorter = folder(2, { 'journal/0000000000-0000000000000001.csv': undefined });
    const rotten = folder(3, { 'journal/0000000002-0000000000000003.csv': journal('3,x') }, true);
    checkSameTables([folder(0), cut, shorter, rotten], NAMES);
  });
});
