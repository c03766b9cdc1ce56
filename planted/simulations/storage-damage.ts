import { encodeEntry, type Entry } from '../../src/base/entry.js';
import type { Prng } from '../../test/simulation/prng.js';
import type { SimulatedFileSystem } from '../../test/support/simulated-file-system.js';
import type { FolderModel } from './storage-model.js';

/** What became of a folder at rest. */
export interface Damage {
  readonly what: string;
  /** What is left of the rest makes it good: the replica must start without help. */
  readonly isHarmless: boolean;
}

/** Does one thing to a folder at rest that a disk, or a person, may do; undefined where there is nothing to do it to. */
export function damage(prng: Prng, disk: SimulatedFileSystem, folder: string, model: FolderModel): Damage | undefined {
  const journal = `${folder}/journal`;
  const segments = disk.list(journal).filter((name) => name.endsWith('.csv'));
  if (segments.length === 0 || model.entries.length === 0) return undefined;
  const last = `${journal}/${segments.at(-1) ?? ''}`;
  const bytes = disk.stat(last)?.bytes ?? 0;
  switch (prng.between(0, 9)) {
    case 0:
    case 1:
      return flip(prng, disk, `${journal}/${prng.pick(segments)}`);
    case 2:
      disk.open(last, false).truncate(prng.between(0, bytes));
      return { what: 'the end of the journal is gone', isHarmless: false };
    case 3:
      return dropRows(disk, last, prng.pick(model.entries));
    case 4:
    case 5:
      return misdirect(prng, disk, journal, segments, model);
    case 6:
      return flipInNewestCheckpoint(prng, disk, folder, model);
    case 7:
      return flip(prng, disk, `${folder}/${prng.pick(['outbox.csv', 'orders.csv', 'replica.json', 'journal/synced'])}`);
    case 8:
      disk.open(`${folder}/replica.json`, false).truncate(0);
      return { what: 'replica.json is empty', isHarmless: false };
    default: {
      const file = prng.pick(['replica.json', 'journal/synced', `journal/${prng.pick(segments)}`]);
      disk.remove(`${folder}/${file}`);
      return { what: `${file} is gone`, isHarmless: false };
    }
  }
}

function flip(prng: Prng, disk: SimulatedFileSystem, file: string): Damage | undefined {
  const bytes = disk.stat(file)?.bytes ?? 0;
  if (bytes === 0) return undefined;
  disk.flipBit(file, prng.between(0, bytes - 1), prng.between(0, 7));
  return { what: `a bit of ${file} has turned`, isHarmless: false };
}

/** The journal ends before a row, as if that had never been written. */
function dropRows(disk: SimulatedFileSystem, file: string, { op, row }: Entry): Damage | undefined {
  const at = Buffer.from(disk.readFile(file)).indexOf(row);
  if (at < 0) return undefined;
  disk.open(file, false).truncate(at);
  return { what: `the journal ends before op ${op}`, isHarmless: false };
}

/** With an older one beside it, a checkpoint that cannot be read costs nothing. */
function flipInNewestCheckpoint(
  prng: Prng,
  disk: SimulatedFileSystem,
  folder: string,
  { checkpoints }: FolderModel,
): Damage | undefined {
  const names = disk.list(`${folder}/checkpoint`).filter((name) => !name.endsWith('.new'));
  const newest = names.find((name) => Number(name) === checkpoints[0]);
  if (newest === undefined || names.length < 2) return undefined;
  const files = disk.list(`${folder}/checkpoint/${newest}`);
  const found = flip(prng, disk, `${folder}/checkpoint/${newest}/${prng.pick(files)}`);
  return found === undefined ? undefined : { ...found, isHarmless: true };
}

/** A write of another log's row has gone to the place of this one's: as long, sound in itself, and not what was written here. */
function misdirect(
  prng: Prng,
  disk: SimulatedFileSystem,
  journal: string,
  segments: readonly string[],
  { entries }: FolderModel,
): Damage | undefined {
  const entry = prng.pick(entries);
  const other = encodeEntry({ ...entry, update: entry.update.replace('"n"', '"N"') }, 'f'.repeat(32));
  for (const name of segments) {
    const file = `${journal}/${name}`;
    const at = Buffer.from(disk.readFile(file)).indexOf(entry.row);
    if (at < 0) continue;
    disk.open(file, false).write(at, other.row);
    disk.settle();
    return { what: `the row of op ${entry.op} is that of another log`, isHarmless: false };
  }
  return undefined;
}
