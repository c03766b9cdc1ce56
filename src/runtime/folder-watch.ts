import { DiskFullError, type Damage, type ReplicaStorage } from '../ports/storage.js';
import { isRefusedBySystem } from './disk-failure.js';

/** ms between two looks at what the file system shows of the files in use. */
export const INSPECT_EVERY_MS = 1_000;
/** ms between two slices that are read and held against their hashes. */
export const SCRUB_EVERY_MS = 100;
/** ms in which everything is read once, up to 3 GB: half of what was promised, for a machine that is busy. */
const SCRUB_ROUND_MS = 300_000;

/** What the watch acts on. */
export interface WatchedFolder {
  readonly storage: Pick<ReplicaStorage, 'inspect' | 'mend' | 'scrub'>;
  /** Whether the files stand still enough to be judged: not while a durable change of the log is under way. */
  isJudgeable(): boolean;
  /** Files are damaged of which memory does not hold everything: the process must end. */
  onDamaged(damage: readonly Damage[]): void;
  /** Files were not as they were left, and are put right. */
  onMended(damage: readonly Damage[]): void;
  onDiskFailed(error: unknown): void;
}

/** Looks after a replica's files while it runs: what the file system shows, and, slowly, what only reading shows. */
export class FolderWatch {
  #isMending = false;

  constructor(private readonly folder: WatchedFolder) {}

  /** A file that was deleted or changed from outside is found within a moment. */
  inspect(): void {
    const { storage } = this.folder;
    if (!this.folder.isJudgeable()) return;
    const damage = storage.inspect();
    if (damage.length > 0) this.folder.onDamaged(damage);
    else void this.#mend();
  }

  /** The next slice of the slow reading: rot shows in no file's size or times. */
  async scrub(): Promise<void> {
    if (!this.folder.isJudgeable()) return;
    try {
      const { damage, mended } = await this.folder.storage.scrub(SCRUB_EVERY_MS / SCRUB_ROUND_MS);
      if (mended.length > 0) this.folder.onMended(mended);
      if (damage.length > 0) this.folder.onDamaged(damage);
    } catch (error) {
      this.#onError(error);
    }
  }

  async #mend(): Promise<void> {
    if (this.#isMending) return;
    this.#isMending = true;
    try {
      const mended = await this.folder.storage.mend();
      if (mended.length > 0) this.folder.onMended(mended);
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#isMending = false;
    }
  }

  /** What has no room, or may not be done now, is done at a later look. */
  #onError(error: unknown): void {
    if (!(error instanceof DiskFullError) && !isRefusedBySystem(error)) this.folder.onDiskFailed(error);
  }
}
