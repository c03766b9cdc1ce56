import { SimulatedFileSystem } from '../../support/simulated-file-system.js';

/** Where a replica's folder lies on its disk. */
export const FOLDER = '/replica';

/** A simulated disk that holds one replica's folder, and what was done to it. Names are relative to the folder. */
export class ReplicaFolder {
  readonly disk = new SimulatedFileSystem();
  /** Something was done that storage has to find out; until the folder is made anew. */
  isHarmed = false;
  /** How often that happened. */
  harms = 0;
  /** The same, and no start since has shown that it holds what was said: nobody else's disk may be harmed. */
  isInDoubt = false;
  /** An fsync is about to fail. */
  willSyncFail = false;
  /** Bits have turned over since a start last showed the disk to be good. */
  isRotten = false;
  /**
   * The power failed, and no start since has read the journal and marked durably up to where it is good: of its last batch nobody can
   * tell yet whether it had been fsynced.
   */
  isTailUnmarked = false;

  /** A new disk, with what ships. */
  constructor(shipped: Readonly<Record<string, string>>, isSyncLying: boolean) {
    this.disk.makeFolder(FOLDER);
    for (const [name, text] of Object.entries(shipped))
      this.disk.open(`${FOLDER}/${name}`, true).write(0, Buffer.from(text));
    this.disk.settle();
    this.disk.isSyncLying = isSyncLying;
  }

  /** Content of a file; undefined when there is none. */
  text(name: string): string | undefined {
    const path = `${FOLDER}/${name}`;
    return this.disk.isFile(path) ? Buffer.from(this.disk.readFile(path)).toString('utf8') : undefined;
  }

  /** Names of all files in a folder inside it (by default in all of it), with those of the folders they are in. */
  names(inside = ''): string[] {
    return this.disk.list(`${FOLDER}/${inside}`).flatMap((last) => {
      const name = inside === '' ? last : `${inside}/${last}`;
      return this.disk.isFile(`${FOLDER}/${name}`) ? [name] : this.names(name);
    });
  }

  /** Turns over a bit of some files; each of `bits` says which file and where. */
  rot(names: readonly string[], bits: readonly number[]): void {
    for (const chance of bits) {
      const path = `${FOLDER}/${names[chance % names.length]}`;
      const bytes = this.disk.stat(path)?.bytes ?? 0;
      if (bytes > 0) this.disk.flipBit(path, (chance >>> 8) % bytes, (chance >>> 3) % 8);
    }
    this.#harmed();
    this.isRotten = true;
  }

  /** Bytes of a file; none when there is no such file. */
  bytes(name: string): Uint8Array {
    const path = `${FOLDER}/${name}`;
    return this.disk.isFile(path) ? this.disk.readFile(path) : new Uint8Array(0);
  }

  /** Somebody puts another content in the place of a file's. */
  replace(name: string, bytes: Uint8Array): void {
    const { disk } = this;
    const { capacityBytes } = disk;
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    const open = disk.open(`${FOLDER}/${name}`, true);
    open.truncate(0);
    open.write(0, bytes);
    disk.capacityBytes = capacityBytes;
  }

  /** Somebody deletes a file. */
  delete(name: string): void {
    this.disk.deleteUnseen(`${FOLDER}/${name}`);
    this.#harmed();
  }

  /** The next fsync but `after` fails. */
  failSync(after: number): void {
    let left = after;
    this.willSyncFail = true;
    this.disk.failSync = () => {
      left--;
      if (left >= 0) return false;
      this.mendSync();
      this.#harmed();
      return true;
    };
  }

  /** No fsync fails. */
  mendSync(): void {
    this.willSyncFail = false;
    this.disk.failSync = () => false;
  }

  /** A start has found all that was said to be there. */
  foundGood(): void {
    this.isInDoubt = false;
    this.isRotten = false;
    this.isTailUnmarked = false;
  }

  /**
   * What was done to the disk before is moved aside; what is copied from the others now is good. `harms`: how often it had been harmed
   * when that began; what was done to it meanwhile may have hit what is new.
   */
  madeAnew(harms: number): void {
    if (harms !== this.harms) return;
    this.isHarmed = false;
    this.mendSync();
    this.foundGood();
  }

  #harmed(): void {
    this.harms++;
    this.isHarmed = true;
    this.isInDoubt = true;
  }
}
