import { createHash } from 'node:crypto';
import { present } from '../../src/base/assert.js';
import type { Entry } from '../../src/base/entry.js';
import { DamagedFileError } from '../../src/base/service.js';
import { CheckpointGivenUpError, type CheckpointHead, type ReplicaStorage } from '../../src/ports/storage.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { Prng } from '../../test/simulation/prng.js';
import { CrashedError, type SimulatedFileSystem } from '../../test/support/simulated-file-system.js';
import { firstEntries, promises, simulated } from '../../test/support/storage-folders.js';
import type { RunFacts } from '../simulation.js';

/** Something was given out, or promised, that is not what was written. */
export class FailedReadingRun extends Error {
  override readonly name = 'FailedReadingRun';
}

const TABLE = 'orders.csv';
const HEADER = 'op,item\r\n';
const ENTRIES = firstEntries(160);
const ROWS = ENTRIES.map(({ op }) => `${op},"${'x'.repeat(60 + ((op * 37) % 200))}"\r\n`);
/** Byte at which the row of each op begins; the last is the end of all. */
const STARTS = ROWS.reduce((starts, row) => [...starts, (starts.at(-1) ?? 0) + row.length], [HEADER.length]);
const TRUTH = Buffer.from(HEADER + ROWS.join(''));
const SEGMENT_BYTES = 3_000;
const STEPS_MAX = 120;
/** Turns after which a call that waits for nothing else has ended. */
const TURNS_MAX = 40;
/** Slices in which everything was read. */
const SLICES_MAX = 400;

const lengthAt = (op: number): number => present(STARTS[op], 'an op of the run');
const headAt = ({ op, chain, timeMs }: Entry): CheckpointHead => ({ base: { op, chain, timeMs }, snapshots: {} });
const entryAt = (op: number): Entry => present(ENTRIES[op - 1], 'an op of the run');

/** Process after process over one folder whose table is read after the start: bits turn over, checkpoints come and go. */
export class ReadingRun {
  readonly #prng: Prng;
  readonly #disk: SimulatedFileSystem;
  readonly #folder: string;
  readonly #counts = { ops: 0, acknowledged: 0, faults: 0 };
  readonly #reached = new Set<string>();
  #storage: ReplicaStorage;
  /** Ops in the journal and the table. */
  #applied = 0;
  #isCheckpointing = false;
  /** Why a checkpoint could not be made. */
  #failure: Error | undefined;
  #newest = 0;
  /** A bit has turned over, and no checkpoint since has found the table right again. */
  #isHarmed = false;
  /** The table was not as its checkpoint had it when this process began. */
  #isRottenAtStart = false;

  constructor(seed: number) {
    this.#prng = new Prng(seed);
    const { fileSystem, folder } = simulated();
    this.#disk = fileSystem;
    this.#folder = folder;
    this.#storage = this.#open();
  }

  get facts(): RunFacts {
    return { ...this.#counts, reached: this.#reached };
  }

  /** Throws FailedReadingRun. */
  async live(): Promise<void> {
    await this.#storage.load();
    await this.#storage.initialise(promises(0), []);
    this.#table();
    for (let steps = this.#prng.between(30, STEPS_MAX); steps > 0; steps--) {
      if (!(await this.#act(this.#prng.between(0, 19)))) return;
      if (this.#failure !== undefined) throw this.#failure;
      this.#checkOffer();
    }
    for (let slices = 0; slices < SLICES_MAX; slices++) if (!(await this.#scrub())) return;
    if (await this.#restart(false)) await this.#readAll();
  }

  /** Returns whether the folder is still this replica's to go on from. */
  async #act(choice: number): Promise<boolean> {
    if (choice < 5) return this.#append(this.#prng.between(1, 4));
    if (choice < 8) return this.#read(this.#prng.between(1, Math.max(1, this.#applied)));
    if (choice < 12) return this.#scrub();
    if (choice < 15) return this.#checkpoint();
    if (choice < 17) return this.#flip();
    if (choice < 18) return this.#install();
    return this.#restart(choice === 19);
  }

  async #append(count: number): Promise<boolean> {
    for (let left = Math.min(count, ENTRIES.length - this.#applied); left > 0; left--) {
      const entry = entryAt(this.#applied + 1);
      await this.#storage.append([entry], entry.op);
      this.#table().append(present(ROWS[this.#applied], 'a row of the run'));
      this.#storage.flushTables();
      this.#applied++;
      this.#counts.ops++;
    }
    return true;
  }

  async #read(op: number): Promise<boolean> {
    if (op > this.#applied) return true;
    this.#note('read');
    const from = lengthAt(op - 1);
    try {
      const found = this.#table().read(from, lengthAt(op) - from);
      if (!TRUTH.subarray(from, lengthAt(op)).equals(found)) this.#fail(`the row of op ${op} is given out damaged`);
      this.#counts.acknowledged++;
      return true;
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      return this.#dieOf(error.message);
    }
  }

  async #readAll(): Promise<void> {
    for (let op = 1; op <= this.#applied; op++) if (!(await this.#read(op))) return;
  }

  async #scrub(): Promise<boolean> {
    const { damage } = await this.#storage.scrub(1);
    const [first] = damage;
    return first === undefined || this.#dieOf(first.what);
  }

  async #checkpoint(): Promise<boolean> {
    if (this.#isCheckpointing || this.#applied <= this.#newest) return true;
    this.#isCheckpointing = true;
    const op = this.#applied;
    const storage = this.#storage;
    this.#note('checkpoint');
    storage.checkpoint(headAt(entryAt(op))).then(
      () => this.#onCheckpoint(storage, op),
      (error: Error) => {
        // A dead process has nothing to say.
        if (storage !== this.#storage || error instanceof CrashedError) return;
        if (error instanceof CheckpointGivenUpError) this.#isCheckpointing = false;
        else this.#failure ??= error;
      },
    );
    await turns();
    return true;
  }

  #onCheckpoint(storage: ReplicaStorage, op: number): void {
    if (storage !== this.#storage) return;
    this.#isCheckpointing = false;
    this.#newest = op;
    // What was put right is on the disk now: until then a loss of power may bring the rot back.
    if (!this.#isRotten(this.#applied)) this.#isHarmed = false;
  }

  async #flip(): Promise<boolean> {
    if (this.#applied === 0) return true;
    this.#counts.faults++;
    const bytes = this.#disk.stat(this.#path)?.bytes ?? 0;
    this.#disk.flipBit(this.#path, this.#prng.between(0, bytes - 1), this.#prng.between(0, 7));
    this.#isHarmed = true;
    if (this.#prng.chance(0.5)) return true;
    this.#note('rot at rest');
    return this.#restart(false);
  }

  /** A checkpoint of another replica, which is ahead. */
  async #install(): Promise<boolean> {
    const op = Math.min(ENTRIES.length, this.#applied + this.#prng.between(1, 10));
    if (op <= this.#applied || op <= this.#newest) return true;
    this.#note('install');
    const { fileSystem, folder } = simulated();
    const source = openReplicaStorage(fileSystem, folder);
    await source.load();
    await source.initialise(promises(0), []);
    await source.append(ENTRIES.slice(0, op), entryAt(op).op);
    source.files.table(TABLE, HEADER).append(ROWS.slice(0, op).join(''));
    await source.checkpoint(headAt(entryAt(op)));
    const offer = present(source.offer(), 'a folder offers its checkpoint');
    this.#storage.beginStaging(new Map());
    for (const { name, length } of offer.files)
      this.#storage.stageChunk(name, 0, present(source.readChunk(offer.head.base.op, name, 0, length), 'a piece'));
    let isDone = false;
    const done = this.#storage.install({ durable: promises(0), offer, entries: [], salvaged: [] }).then(() => {
      isDone = true;
    });
    await turns();
    // While it is under way nobody scrubs.
    if (!isDone) this.#fail('an install does not end');
    await done;
    this.#applied = op;
    this.#newest = op;
    this.#isCheckpointing = false;
    this.#isHarmed = false;
    this.#isRottenAtStart = false;
    return true;
  }

  /** Damage ends the process. */
  async #dieOf(what: string): Promise<boolean> {
    if (!this.#isHarmed) this.#fail(`a folder that nobody harmed is said to be damaged: ${what}`);
    this.#note('damage told');
    this.#storage.distrustIndexes();
    return this.#restart(false);
  }

  async #restart(isPowerLost: boolean): Promise<boolean> {
    this.#counts.faults++;
    this.#note(isPowerLost && !this.#isHarmed ? 'loss of power' : 'kill');
    if (isPowerLost && !this.#isHarmed) this.#disk.crash(() => this.#prng.unit());
    else this.#disk.kill();
    const rotten = this.#isRotten(this.#newest);
    this.#storage = this.#open();
    this.#isCheckpointing = false;
    const loaded = await this.#storage.load();
    if (loaded.kind !== 'intact') {
      if (!this.#isHarmed) this.#fail(`a folder that nobody harmed was found ${loaded.kind}`);
      return false;
    }
    const { base } = loaded.checkpoint;
    const end = base.op + loaded.entries.length;
    if (end !== this.#applied) this.#fail(`it ends at op ${end}, not ${this.#applied}`);
    const table = this.#table();
    for (const { op } of loaded.entries) table.append(present(ROWS[op - 1], 'a row of the run'));
    this.#storage.flushTables();
    this.#newest = base.op;
    this.#isRottenAtStart = rotten && this.#isRotten(base.op);
    if (this.#storage.offer() === undefined && base.op > 0) this.#note('read later');
    return true;
  }

  /** What is offered is the truth, and not of bytes that no start has read. */
  #checkOffer(): void {
    const offer = this.#storage.offer();
    if (offer === undefined) return;
    const { op } = offer.head.base;
    const expected = createHash('sha256')
      .update(TRUTH.subarray(0, lengthAt(op)))
      .digest('hex');
    const table = offer.files.find(({ name }) => name === TABLE);
    if (table?.hash !== expected) this.#fail(`the checkpoint at op ${op} is that of a damaged table`);
    if (this.#isRottenAtStart && this.#isRotten(op)) this.#fail(`a checkpoint at op ${op} is offered unread`);
  }

  /** Whether the table differs from what was written, up to an op. */
  #isRotten(op: number): boolean {
    const stat = this.#disk.stat(this.#path);
    if (stat === undefined) return true;
    const end = lengthAt(op);
    return !TRUTH.subarray(0, end).equals(this.#disk.readFile(this.#path).subarray(0, end));
  }

  #table() {
    return this.#storage.files.table(TABLE, HEADER);
  }

  get #path(): string {
    return `${this.#folder}/${TABLE}`;
  }

  #open(): ReplicaStorage {
    const readLaterPieceBytes = this.#prng.pick([300, 2_000, 1 << 20]);
    const options = { segmentBytesMax: SEGMENT_BYTES, readLaterBytesMin: 0, readLaterPieceBytes };
    return openReplicaStorage(this.#disk, this.#folder, options);
  }

  #note(kind: string): void {
    this.#reached.add(kind);
  }

  #fail(what: string): never {
    throw new FailedReadingRun(what);
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
