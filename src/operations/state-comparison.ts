import { createHash } from 'node:crypto';
import type { FileNote, StateNote } from '../ports/inspection.js';

/** A replica's note of the op that is compared. */
export interface NotedState {
  readonly id: string;
  readonly note: StateNote;
}

/** Replicas that hold the same under one name. */
export interface SameFile {
  readonly replicas: readonly string[];
  /** Bytes; absent: they have no such file. */
  readonly length: number | undefined;
  readonly hash: string | undefined;
}

/** A file of which not all hold the same; the largest group first. */
export interface FileDifference {
  readonly file: string;
  readonly kind: FileNote['kind'];
  readonly groups: readonly SameFile[];
}

/** One hash over all that a replica holds at an op: 64 hexadecimal digits. */
export function stateHash({ op, chain, files }: StateNote): string {
  const hash = createHash('sha256').update(`${op} ${chain}\n`);
  for (const { name, length, hash: of } of files) hash.update(`${name} ${length} ${of}\n`);
  return hash.digest('hex');
}

/** Which files differ between notes of one op; none: all copies are equal. */
export function differencesOf(noted: readonly NotedState[]): FileDifference[] {
  const names = new Map(noted.flatMap(({ note }) => note.files.map(({ name, kind }) => [name, kind] as const)));
  const found: FileDifference[] = [];
  for (const [file, kind] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const groups = new Map<string, { replicas: string[]; length: number | undefined; hash: string | undefined }>();
    for (const { id, note } of noted) {
      const held = note.files.find(({ name }) => name === file);
      const key = `${held?.length} ${held?.hash}`;
      const group = groups.get(key) ?? { replicas: [], length: held?.length, hash: held?.hash };
      group.replicas.push(id);
      groups.set(key, group);
    }
    if (groups.size > 1)
      found.push({ file, kind, groups: [...groups.values()].sort((a, b) => b.replicas.length - a.replicas.length) });
  }
  return found;
}

/** A difference in words. */
export function differenceText({ file, groups }: FileDifference): string {
  const of = groups.map(({ replicas, length, hash }) => {
    const who = replicas.join(' and ');
    const verb = replicas.length === 1 ? 'holds' : 'hold';
    return hash === undefined
      ? `${who} ${verb} none`
      : `${who} ${verb} ${length} bytes with SHA-256 ${hash.slice(0, 12)}`;
  });
  return `${file} differs: ${of.join('; ')}.`;
}
