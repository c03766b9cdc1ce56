import { present } from '../../src/base/assert.js';
import type { Loaded, ReplicaStorage } from '../../src/ports/storage.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { Prng } from '../../test/simulation/prng.js';
import { CrashedError, type SimulatedFileSystem } from '../../test/support/simulated-file-system.js';
import { firstEntries, promises, simulated } from '../../test/support/storage-folders.js';
import type { RunFacts } from '../simulation.js';
import { commitSome, drawCall, writeRows } from './storage-calls.js';
import { damage, type Damage } from './storage-damage.js';
import { differenceFrom, TABLE_FILE, TABLE_HEADER, type FolderModel, type Intact } from './storage-model.js';

/** A folder that does not hold what was promised. */
export class FailedStorageRun extends Error {
  override readonly name = 'FailedStorageRun';
}

/** Most lives of a process over one folder, calls in one life, and changes to the disk until a death within a call. */
const LIVES_MAX = 6;
const CALLS_MAX = 12;
const CHANGES_MAX = 60;
/** Small: a log has several segments. */
const SEGMENT_BYTES = 600;

/** Process after process over one folder: each finds what the one before was told to be durable, or says that it is damaged. */
export class StorageRun {
  readonly #prng: Prng;
  readonly #disk: SimulatedFileSystem;
  readonly #folder: string;
  readonly #counts = { ops: 0, acknowledged: 0, faults: 0 };
  readonly #reached = new Set<string>();
  #storage: ReplicaStorage;
  #model: FolderModel = {
    durable: promises(0),
    entries: firstEntries(2),
    commit: 0,
    checkpoints: [],
    outbox: [],
  };
  /** What the folder may hold once the process has died: more than one thing when it died within a call. */
  #possible: readonly FolderModel[] = [];

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

  /** Lives until a folder is damaged past repair or the run is over. Throws FailedStorageRun. */
  async live(): Promise<void> {
    await this.#storage.load();
    await this.#storage.initialise(this.#model.durable, this.#model.entries);
    for (let lives = this.#prng.between(2, LIVES_MAX); lives > 0; lives--) {
      await this.#act();
      const harm = this.#end();
      const loaded = await this.#load();
      if (!this.#isAsPromised(loaded, harm)) return;
    }
  }

  /** Calls until their number is reached or the process dies within one. */
  async #act(): Promise<void> {
    const prng = this.#prng;
    if (prng.chance(0.7)) this.#dieWithin(CHANGES_MAX);
    for (let calls = prng.between(1, CALLS_MAX); calls > 0; calls--) {
      const call = drawCall(prng, this.#model);
      this.#possible = [this.#model, ...call.outcomes];
      this.#reached.add(call.name);
      this.#counts.ops++;
      try {
        await call.run(this.#storage);
        this.#model = present(call.outcomes.at(-1), 'a call has an effect');
        this.#counts.acknowledged++;
        this.#possible = [this.#model];
        if (prng.chance(0.6)) this.#model = commitSome(prng, this.#model, this.#storage);
        this.#possible = [this.#model];
      } catch (error) {
        if (!(error instanceof CrashedError)) throw error;
        this.#reached.add('death within a call');
        return;
      }
    }
  }

  /** The process ends; the power may fail with it, or the folder be damaged while it rests. */
  #end(): Damage | undefined {
    const prng = this.#prng;
    this.#counts.faults++;
    this.#disk.kill();
    if (prng.chance(0.5)) {
      this.#reached.add('loss of power');
      this.#losePower();
      return undefined;
    }
    this.#reached.add('kill');
    if (!prng.chance(0.35)) return undefined;
    this.#disk.settle();
    const harm = damage(prng, this.#disk, this.#folder, this.#model);
    if (harm !== undefined) this.#reached.add(`damage: ${harm.what.replace(/\d+/g, '#')}`);
    return harm;
  }

  /** The next process reads the folder; it too may die while it does. */
  async #load(): Promise<Loaded> {
    for (;;) {
      this.#storage = this.#open();
      if (this.#prng.chance(0.4)) this.#dieWithin(15);
      try {
        const loaded = await this.#storage.load();
        this.#disk.onOperation = () => undefined;
        return loaded;
      } catch (error) {
        if (!(error instanceof CrashedError)) throw error;
        this.#reached.add('death while loading');
        this.#disk.kill();
        if (this.#prng.chance(0.5)) this.#losePower();
      }
    }
  }

  /** Whether the run goes on with what was loaded. Throws when it is neither what was promised nor said to be damaged. */
  #isAsPromised(loaded: Loaded, harm: Damage | undefined): boolean {
    const after = harm === undefined ? 'after a mere crash' : `though ${harm.what}`;
    if (loaded.kind === 'empty') throw new FailedStorageRun(`the folder counts as empty ${after}`);
    if (loaded.kind === 'damaged') {
      const what = loaded.damage.map(({ file, what: why }) => `${file}: ${why}`).join('; ');
      if (harm === undefined || harm.isHarmless) throw new FailedStorageRun(`the folder is damaged ${after}: ${what}`);
      this.#reached.add('damaged');
      return false;
    }
    this.#model = this.#found(loaded, after, harm !== undefined);
    writeRows(this.#storage, this.#model.entries.slice(this.#model.checkpoints[0] ?? 0, this.#model.commit));
    this.#reached.add('intact');
    // What rots where nobody reads shows later: it is no business of the crashes that come then.
    return harm === undefined;
  }

  #found(loaded: Intact, after: string, mayBeOlder: boolean): FolderModel {
    const table = this.#storage.files.table(TABLE_FILE, TABLE_HEADER);
    const text = Buffer.from(table.read(0, table.length)).toString();
    // A checkpoint that was damaged at rest is replaced by the one before it, or by the whole journal.
    const older = (model: FolderModel): FolderModel[] => [
      { ...model, checkpoints: model.checkpoints.slice(1) },
      { ...model, checkpoints: [] },
    ];
    const models = this.#possible.flatMap((model) => (mayBeOlder ? [model, ...older(model)] : [model]));
    const differences = models.map((model) => differenceFrom(model, loaded, text));
    const same = models[differences.indexOf(undefined)];
    if (same !== undefined) return same;
    throw new FailedStorageRun(`taken for intact ${after}: ${differences[0] ?? ''}`);
  }

  #open(): ReplicaStorage {
    return openReplicaStorage(this.#disk, this.#folder, { segmentBytesMax: SEGMENT_BYTES });
  }

  /** Small draws keep and tear more writes, and tear them at the front, where the slots of replica.json have their text. */
  #losePower(): void {
    const skew = this.#prng.pick([1, 1, 4]);
    this.#disk.crash(() => this.#prng.unit() ** skew);
  }

  /** Some change to the disk from here on is the last of this process; often one of the files that are written in place. */
  #dieWithin(changes: number): void {
    const prng = this.#prng;
    const file = prng.pick(['', '', 'replica.json', 'synced']);
    let left = prng.between(0, file === '' ? changes : Math.ceil(changes / 5));
    this.#disk.onOperation = ({ path }) => {
      if (path.endsWith(file) && left-- === 0) this.#disk.stop();
    };
  }
}
