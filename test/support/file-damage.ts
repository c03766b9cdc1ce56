import {
  closeSync,
  cpSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

/** One way to damage a file of a folder on the real disk. Throws when the file cannot be damaged that way. */
export interface FileDamage {
  readonly what: string;
  /** Whether size, times, links or inode show it; else only reading tells. */
  readonly isVisible: boolean;
  /** Needs a file of rows. */
  readonly isOfRows: boolean;
  apply(file: string): void;
}

const ROW_END = '\r\n';

/** Rewrites a file in place, as an editor may: same inode, another time. */
function rewrite(file: string, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  const descriptor = openSync(file, 'r+');
  ftruncateSync(descriptor, 0);
  writeSync(descriptor, bytes, 0, bytes.length, 0);
  closeSync(descriptor);
  // Whatever the clock of the file system resolves: a person is slower.
  utimesSync(file, new Date(), new Date(statSync(file).mtimeMs + 2_000));
}

function rowsOf(file: string): string[] {
  const rows = readFileSync(file, 'latin1').split(ROW_END).slice(0, -1);
  if (rows.length < 4) throw new Error(`${file} has too few rows to be damaged`);
  return rows;
}

const joined = (rows: readonly string[]): string => rows.map((row) => row + ROW_END).join('');

/** Turns one bit over without a trace in the file's times. */
export function flipBit(file: string, offset: number, bit = 0): void {
  const { atimeMs, mtimeMs } = statSync(file);
  const bytes = readFileSync(file);
  const byte = bytes[offset];
  if (byte === undefined) throw new Error(`${file} has no byte ${offset}`);
  bytes[offset] = byte ^ (1 << bit);
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, bytes, offset, 1, offset);
  closeSync(descriptor);
  utimesSync(file, new Date(atimeMs), new Date(mtimeMs));
}

/** Cuts a file off. */
export function truncate(file: string, bytes: number): void {
  const descriptor = openSync(file, 'r+');
  ftruncateSync(descriptor, bytes);
  closeSync(descriptor);
}

/** Where the last row of a file begins, or its last 40 bytes when it has no rows. */
export function lastRecordOf(file: string): { readonly from: number; readonly to: number } {
  const text = readFileSync(file, 'latin1');
  const before = text.lastIndexOf(ROW_END, text.length - ROW_END.length - 1);
  return { from: before > 0 ? before + ROW_END.length : Math.max(0, text.length - 40), to: text.length };
}

/** Everything that can befall a file, but the cuts at every byte. */
export const FILE_DAMAGES: readonly FileDamage[] = [
  { what: 'deleted', isVisible: true, isOfRows: false, apply: (file) => rmSync(file) },
  { what: 'emptied', isVisible: true, isOfRows: false, apply: (file) => truncate(file, 0) },
  {
    what: 'one bit flipped, unseen',
    isVisible: false,
    isOfRows: false,
    // In the first data row, or the first fields of what has none.
    apply: (file) => flipBit(file, Math.min(statSync(file).size - 3, readFileSync(file).indexOf(ROW_END) + 8)),
  },
  {
    what: 'a row edited by hand',
    isVisible: true,
    isOfRows: false,
    apply: (file) => {
      const text = readFileSync(file, 'latin1');
      // The last letter or digit of the first row after the header, or of the text.
      const end = text.indexOf(ROW_END, text.indexOf(ROW_END) + 1);
      const at = text.slice(0, end < 0 ? text.length : end).search(/[0-9a-z][^0-9a-z]*$/);
      rewrite(file, `${text.slice(0, at)}7${text[at] === '7' ? '8' : ''}${text.slice(at + 1)}`);
    },
  },
  {
    what: 'two rows swapped',
    isVisible: true,
    isOfRows: true,
    apply: (file) => {
      const [header = '', first = '', second = '', ...rest] = rowsOf(file);
      rewrite(file, joined([header, second, first, ...rest]));
    },
  },
  {
    what: 'a row duplicated',
    isVisible: true,
    isOfRows: true,
    apply: (file) => {
      const [header = '', first = '', ...rest] = rowsOf(file);
      rewrite(file, joined([header, first, first, ...rest]));
    },
  },
  {
    what: 'a row removed',
    isVisible: true,
    isOfRows: true,
    apply: (file) => {
      const [header = '', , ...rest] = rowsOf(file);
      rewrite(file, joined([header, ...rest]));
    },
  },
  {
    // Permissions do not keep root from reading: a folder in its place does.
    what: 'a folder in its place',
    isVisible: true,
    isOfRows: false,
    apply: (file) => {
      rmSync(file);
      mkdirSync(file);
      writeFileSync(`${file}/somebody-elses`, 'x');
    },
  },
  {
    what: 'replaced by a copy',
    isVisible: true,
    isOfRows: false,
    apply: (file) => {
      cpSync(file, `${file}-copy`);
      rmSync(file);
      cpSync(`${file}-copy`, file);
      rmSync(`${file}-copy`);
      utimesSync(file, new Date(), new Date(statSync(file).mtimeMs + 2_000));
    },
  },
];
