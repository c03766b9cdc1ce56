import { Violation } from '../checkers.js';
import type { ReplicaFolder } from './replica-folder.js';

/** A replica's folder, as far as it is compared. */
export interface Folder {
  readonly index: number;
  readonly folder: Pick<ReplicaFolder, 'isHarmed' | 'text' | 'names'>;
}

const SEGMENT = /\/[0-9]{10}-[0-9]{16}\.csv$/;

/** What of these tables and documents of level replicas is not the same; undefined when all is. */
export function differenceBetween(replicas: readonly Folder[], names: readonly string[]): string | undefined {
  for (const name of names) {
    const texts = replicas.map((replica) => replica.folder.text(name));
    const [first] = texts;
    if (first === undefined) return `${name} is missing`;
    for (const [index, text] of texts.entries())
      if (text !== first) return `${name} of replica ${index} differs at ${differenceOf(first, text ?? '')}`;
  }
  return undefined;
}

/** Holds the files of level replicas against each other: these tables and documents, and the journal. Throws Violation. */
export function checkSameTables(replicas: readonly Folder[], names: readonly string[]): void {
  const difference = differenceBetween(replicas, names);
  if (difference !== undefined) throw new Violation(difference);
  const rows = new Map<string, string>();
  // Rot that no start has come across is found when the rows are read.
  for (const replica of replicas.filter(({ folder }) => !folder.isHarmed))
    for (const [op, row] of journalRows(replica)) {
      const known = rows.get(op);
      if (known !== undefined && known !== row)
        throw new Violation(`the journal row of op ${op} of replica ${replica.index} differs: ${row} and ${known}`);
      rows.set(op, row);
    }
}

/** The rows of a journal by op: from the last segment back, each reaches up to the first op of the next. */
function journalRows(replica: Folder): Map<string, string> {
  const segments = replica.folder.names('journal').filter((path) => SEGMENT.test(path));
  const rows = new Map<string, string>();
  let end = Number.POSITIVE_INFINITY;
  for (const path of segments.sort().reverse()) {
    const firstOp = Number(path.slice(-20, -4));
    if (firstOp >= end) continue;
    const text = replica.folder.text(path) ?? '';
    for (const row of text.split('\r\n').slice(1)) {
      const op = row.slice(0, row.indexOf(','));
      if (row !== '' && Number(op) < end) rows.set(op, row);
    }
    end = firstOp;
  }
  return rows;
}

function differenceOf(one: string, other: string): string {
  const [ones, others] = [one.split('\r\n'), other.split('\r\n')];
  const row = ones.findIndex((text, index) => text !== others[index]);
  // JSON: a hole in a file shows as what it is, not as blanks.
  const shown = (text: string | undefined): string => JSON.stringify(text ?? 'nothing').slice(0, 300);
  return `row ${row + 1}: ${shown(others[row])} instead of ${shown(ones[row])}`;
}
