import type { OpNumber } from '../base/numbers.js';
import type { FileSystem } from '../ports/file-system.js';
import type { Damage } from '../ports/storage.js';
import { CHECKPOINT_FOLDER, checkpointName, checkpointOps } from './checkpoint-head.js';
import type { CheckpointReader } from './checkpoint-reader.js';
import { removeCheckpoints } from './checkpoint.js';
import type { Journal } from './journal.js';
import type { OutboxFile } from './outbox-file.js';
import type { ReplicaFile } from './replica-file.js';
import { Scrub } from './scrub.js';
import type { FolderFiles } from './service-files.js';

/** The parts of a folder in use, as they are now: a switch replaces some. */
export interface FolderParts {
  readonly files: FolderFiles;
  readonly checkpoints: CheckpointReader;
  readonly outbox: OutboxFile;
  readonly journal: Journal;
  readonly replica: ReplicaFile;
  /** Op of the checkpoint that a start would begin with. */
  readonly base: OpNumber;
  readonly isCheckpointing: boolean;
}

/** Bytes read at once of tables that are in use before they were read: 80 MB a second, a twentieth of a core. */
const READ_LATER_PIECE_BYTES = 8 << 20;

/** Looks after the files of a folder in use: finds damage, puts right what memory holds, drops what is no longer of use. */
export class FolderHealth {
  readonly #scrub: Scrub;
  /** Put right, and not told yet: what came after it could not be put right. */
  readonly #untold: Damage[] = [];

  /** `parts` gives nothing while files are being replaced, or before there is a log. */
  constructor(
    readonly fileSystem: FileSystem,
    readonly folder: string,
    readonly parts: () => FolderParts | undefined,
    readonly readLaterPieceBytes = READ_LATER_PIECE_BYTES,
  ) {
    this.#scrub = new Scrub(fileSystem, () => {
      const now = parts();
      if (now === undefined) return { files: [], bytes: 0 };
      const tables = now.files.checked();
      const journal = now.journal.checked();
      const files = [...tables.files, ...journal.files, ...now.checkpoints.checked()];
      return { files, bytes: tables.bytes + journal.bytes };
    });
  }

  /** Files are being replaced: what was being read of them counts no more. */
  restart(): void {
    this.#scrub.restart();
  }

  /** As ReplicaStorage.inspect. */
  inspect(): Damage[] {
    const now = this.parts();
    if (now === undefined) return [];
    const ofPromises = now.replica.inspect(this.fileSystem);
    const found = [...now.journal.inspect(now.base), ...now.files.inspect(), ...now.checkpoints.inspect()];
    return ofPromises === undefined ? found : [ofPromises, ...found];
  }

  /** As ReplicaStorage.mend. */
  async mend(): Promise<Damage[]> {
    const now = this.parts();
    if (now === undefined) return [];
    this.#untold.push(...now.files.mend());
    this.#untold.push(...(await this.#mendOlder(now)));
    for (const mend of [() => now.journal.mend(), () => now.outbox.mend()]) {
      const damage = await mend();
      if (damage !== undefined) this.#untold.push(damage);
    }
    return this.#untold.splice(0);
  }

  /** As ReplicaStorage.scrub. */
  async scrub(part: number): Promise<{ damage: Damage[]; mended: Damage[] }> {
    const files = this.parts()?.files;
    if (files === undefined) return { damage: [], mended: [] };
    const wrong = await files.readNext(this.readLaterPieceBytes);
    if (wrong !== 'allRead') return { damage: wrong === undefined ? [] : [wrong], mended: [] };
    const found = await this.#scrub.next(part);
    const now = this.parts();
    if (found === undefined || now === undefined) return { damage: [], mended: [] };
    if (!this.#isOnlyToFallBackTo(now, found.file)) return { damage: [found], mended: [] };
    await this.#dropOlder(now);
    return { damage: [], mended: [found] };
  }

  /** What is there only to fall back to, and cannot be fallen back to any more, goes: the next checkpoint makes another. */
  async #mendOlder(now: FolderParts): Promise<Damage[]> {
    if (now.isCheckpointing) return [];
    const found = [...now.checkpoints.inspectOlder(), ...now.journal.inspectOlder(now.base)];
    if (found.length > 0) await this.#dropOlder(now);
    return found;
  }

  #isOnlyToFallBackTo({ base, journal }: FolderParts, file: string): boolean {
    const newest = checkpointOps(this.fileSystem, this.folder)[0];
    if (newest === undefined || newest !== base) return false;
    if (file.startsWith(`${CHECKPOINT_FOLDER}/`)) return !file.includes(checkpointName(newest));
    return journal.isOlder(file, newest);
  }

  async #dropOlder({ base, checkpoints, journal }: FolderParts): Promise<void> {
    const [newest, ...older] = checkpointOps(this.fileSystem, this.folder);
    // Begun without its tables, a checkpoint that is newer than the base still needs the journal from there on.
    const isBase = newest !== undefined && newest === base;
    if (isBase) await removeCheckpoints(this.fileSystem, this.folder, older);
    checkpoints.watch();
    if (isBase) await journal.removeDamaged(newest);
  }
}
