import path from 'node:path';
import { createHash } from 'node:crypto';
import { assert } from '../base/assert.js';
import { chainFollows, type Entry } from '../base/entry.js';
import { maxOp, op as makeOp, type CommitNumber, type OpNumber } from '../base/numbers.js';
import { DamagedFileError, type OutboxItem, type ServiceFiles } from '../base/service.js';
import type { FileSystem } from '../ports/file-system.js';
import {
  DiskFullError,
  type CheckpointHead,
  type CheckpointInstall,
  type CheckpointOffer,
  type Damage,
  type DurableState,
  type FolderContent,
  type Loaded,
  type LogBase,
  type LogSwitch,
  type ReplicaStorage,
  type UnsoundItem,
} from '../ports/storage.js';
import { CheckpointReader } from './checkpoint-reader.js';
import { serviceOfSnapshot, snapshotName } from './checkpoint-head.js';
import { addCheckpoint, GENESIS, keepNewest } from './checkpoint.js';
import { leaveDoubt, readDoubt } from './doubt-note.js';
import { orDiskFull } from './errors.js';
import { FolderHealth, type FolderParts } from './folder-health.js';
import { createLost, foundAnew, foundFolder } from './founding.js';
import { finishInstall, Incoming } from './incoming.js';
import { JOURNAL_FOLDER } from './journal-mark.js';
import { finishSwitch, removeUnfinished, segmentsOf, writeUnfinished, type LogEnd } from './journal-segment.js';
import { Journal } from './journal.js';
import { durableOf, loadFolder, READ_LATER_BYTES_MIN, type LoadedFolder } from './load-folder.js';
import { OutboxFile } from './outbox-file.js';
import { readableEntries } from './readable-entries.js';
import type { LogShape, ReplicaFile } from './replica-file.js';
import { FolderFiles, hashOf, NO_CONTENT } from './service-files.js';

/** Settings of a replica's storage. */
export interface StorageOptions {
  /** A new journal segment is begun when the current one has reached this size, in bytes; default 16 MiB. */
  readonly segmentBytesMax?: number;
  /** Batches of the journal up to this size are written without the detour over another thread, in bytes; default 256 KiB. */
  readonly directBytesMax?: number;
  /** Whose folder it is: one that names another replica is refused. Without it any is taken. */
  readonly replicaId?: string;
  /**
   * From this many bytes of tables on, a start does not wait until they are read: they are held against their hashes while they
   * are in use; default 64 MiB.
   */
  readonly readLaterBytesMin?: number;
  /** Bytes of them that are read at once while they are in use; default 8 MiB. */
  readonly readLaterPieceBytes?: number;
}

/**
 * Opens a replica's folder, which is made when there is none, and takes its lock. Throws an Error for people when the
 * folder is in use or cannot be written.
 */
export function openReplicaStorage(
  fileSystem: FileSystem,
  folder: string,
  options: StorageOptions = {},
): ReplicaStorage {
  let lock;
  try {
    fileSystem.makeFolder(folder);
    lock = fileSystem.lockFolder(folder);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot write to the replica's folder ${folder} (${why}); check its owner, its mode and the disk`, {
      cause: error,
    });
  }
  if ('holder' in lock) {
    throw new Error(`the replica's folder ${folder} is in use by ${lock.holder}; stop it first, or use another folder`);
  }
  return new FolderStorage(fileSystem, folder, options, lock);
}

/** A replica's folder in use. See FORMAT.md for the files, and for what a crash at each point leaves. */
class FolderStorage implements ReplicaStorage {
  readonly files: ServiceFiles;
  readonly #files: FolderFiles;
  readonly #incoming: Incoming;
  readonly #checkpoints: CheckpointReader;
  readonly #journalFolder: string;
  readonly #health: FolderHealth;
  #outbox: OutboxFile;
  #replica: ReplicaFile | undefined;
  /** There when the log is sound; not in an empty or damaged folder. */
  #journal: Journal | undefined;
  #base: LogBase = GENESIS.base;
  #commit: CommitNumber = makeOp(0);
  #number = 0;
  #state: 'opened' | LoadedFolder['kind'] = 'opened';
  #isSwitching = false;
  #isCheckpointing = false;
  #checkpointing: Promise<void> = Promise.resolve();

  constructor(
    readonly fileSystem: FileSystem,
    readonly folder: string,
    readonly options: StorageOptions,
    readonly lock: { release(): void },
  ) {
    this.#files = new FolderFiles(fileSystem, folder, options.readLaterBytesMin ?? READ_LATER_BYTES_MIN);
    this.files = this.#files;
    this.#incoming = new Incoming(fileSystem, folder);
    this.#checkpoints = new CheckpointReader(fileSystem, folder);
    this.#journalFolder = path.join(folder, JOURNAL_FOLDER);
    this.#outbox = new OutboxFile(fileSystem, folder, [], false);
    this.#health = new FolderHealth(fileSystem, folder, () => this.#parts(), options.readLaterPieceBytes);
  }

  async load(told?: string): Promise<Loaded> {
    assert(this.#state === 'opened', 'a folder is loaded once');
    // The note knows better why than the exit code of the process that left it.
    const distrust = readDoubt(this.fileSystem, this.folder) ?? told;
    const found = await loadFolder(this.fileSystem, this.folder, this.options);
    const loaded = distrust === undefined ? found : distrusted(found, distrust);
    this.#state = loaded.kind;
    if (loaded.kind === 'empty') return { kind: 'empty' };
    this.#replica = loaded.replica;
    const { items: outbox, damage: outboxDamage } = loaded.outbox;
    this.#outbox = new OutboxFile(this.fileSystem, this.folder, outbox, outboxDamage === undefined);
    if (loaded.kind === 'damaged') {
      if (distrust !== undefined && loaded.replica !== undefined)
        await loaded.replica.write(durableOf(loaded.replica), 'lost');
      const durable = loaded.replica === undefined ? undefined : durableOf(loaded.replica);
      return { kind: 'damaged', durable, damage: loaded.damage, outbox, uncertain: this.#uncertain() };
    }
    const { replica, shape, checkpoint, journal, repaired } = loaded;
    this.#base = checkpoint.head.base;
    this.#commit = journal.commit;
    this.#number = shape.number;
    this.#journal = await Journal.open(this.fileSystem, this.#journalFolder, {
      ...journal,
      ...this.options,
      base: this.#base,
      number: shape.number,
    });
    this.#files.begin(checkpoint.content, { isStart: true, told: repaired });
    this.#checkpoints.watch();
    const { entries, commit } = journal;
    return {
      kind: 'intact',
      durable: durableOf(replica),
      checkpoint: checkpoint.head,
      entries,
      commit,
      outbox,
      repaired,
      ...(outboxDamage === undefined ? {} : { uncertain: this.#uncertain() }),
    };
  }

  async keep(items: readonly OutboxItem[]): Promise<void> {
    assert(this.#state === 'sound' || this.#state === 'damaged', 'a folder is loaded before its outbox is added to');
    await this.#outbox.keep(items);
  }

  async initialise(durable: DurableState, entries: readonly Entry[]): Promise<void> {
    assert(this.#state === 'empty' || this.#state === 'damaged', 'a folder whose log is sound is not made anew');
    const { segmentBytesMax, directBytesMax, replicaId = '' } = this.options;
    const log = { durable, replicaId, entries, outbox: this.#outbox, segmentBytesMax, directBytesMax };
    const { replica, journal } = await orDiskFull(
      () =>
        this.#state === 'empty'
          ? foundFolder(this.fileSystem, this.folder, log)
          : foundAnew(this.fileSystem, this.folder, this.#replica, log),
      () => undefined,
    );
    this.#replica = replica;
    this.#journal = journal;
    this.#files.begin(NO_CONTENT, { isStart: false });
    this.#state = 'sound';
  }

  async append(entries: readonly Entry[], commit: CommitNumber): Promise<void> {
    const { journal, replica } = this.#sound();
    await journal.append(entries, commit, replica.record.logView);
    this.#commit = maxOp(this.#commit, commit);
  }

  async persist(durable: DurableState): Promise<void> {
    assert(this.#state === 'sound' || this.#state === 'damaged', 'a folder is loaded or initialised before it is used');
    // Once damaged, damaged until another log is taken: what was forgotten stays forgotten (rule 6).
    if (this.#replica !== undefined) {
      return this.#replica.write(durable, this.#state === 'damaged' ? 'lost' : this.#replica.record.log);
    }
    this.#replica = await orDiskFull(
      () => createLost(this.fileSystem, this.folder, this.options.replicaId ?? '', durable),
      () => undefined,
    );
  }

  async switchLog({ durable, from, entries, salvaged }: LogSwitch): Promise<void> {
    const { journal } = this.#sound();
    assert(from > this.#base.op, 'nothing at or below the checkpoint is ever cut');
    assert(from <= journal.end.op + 1, 'a switch leaves no gap in the log');
    await this.#outbox.add(salvaged);
    const before = makeOp(from - 1);
    await this.#switch(durable, { op: before, chain: journal.chainAt(before) }, entries);
  }

  flushTables(): void {
    this.#files.flush();
  }

  checkpoint(head: CheckpointHead): Promise<void> {
    this.#isCheckpointing = true;
    const done = this.#checkpoint(head).finally(() => {
      this.#isCheckpointing = false;
    });
    this.#checkpointing = done.catch(() => undefined);
    return done;
  }

  offer(): CheckpointOffer | undefined {
    // What was not read since the start is vouched for to nobody.
    return this.#state === 'sound' && this.#files.isRead ? this.#checkpoints.offer() : undefined;
  }

  readChunk(op: OpNumber, file: string, offset: number, length: number): Uint8Array | undefined {
    return this.#state === 'sound' ? this.#checkpoints.read(op, file, offset, length) : undefined;
  }

  beginStaging(kept: ReadonlyMap<string, number>): void {
    this.#incoming.begin(kept);
  }

  stageChunk(file: string, offset: number, bytes: Uint8Array): void {
    this.#incoming.stage(file, offset, bytes);
  }

  verifyStaged(offer: CheckpointOffer): CheckpointHead | undefined {
    return this.#incoming.verify(offer) ? this.#incoming.head(offer) : undefined;
  }

  async install({ durable, offer, entries, salvaged }: CheckpointInstall): Promise<void> {
    this.#sound();
    // One that waits until the tables were read is of no use any more; nor are they read while a switch is under way.
    this.#files.giveUpWaiting();
    await this.#checkpointing;
    const { base } = offer.head;
    assert(this.#incoming.verify(offer), 'only a verified checkpoint is installed');
    assert(base.op > 0 && base.op + entries.length >= this.#commit, 'an install cuts nothing that is committed');
    await this.#outbox.add(salvaged);
    const hashes = this.#incoming.hashes();
    const documents = await orDiskFull(
      () => this.#incoming.prepare(offer, (name) => this.#files.isDocument(name)),
      () => undefined,
    );
    const tables = offer.files.filter(({ name }) => !documents.has(name) && serviceOfSnapshot(name) === undefined);
    await this.#switch(durable, base, entries, base);
    this.#base = base;
    this.#commit = maxOp(this.#commit, base.op);
    const content = {
      documents,
      tables: new Map(
        tables.map(({ name, length }) => [name, { length, hash: hashes.get(name) ?? createHash('sha256') }]),
      ),
    };
    this.#files.begin(content, { isStart: false });
    this.#health.restart();
    this.#checkpoints.watch();
  }

  async appendOutbox(items: readonly OutboxItem[]): Promise<void> {
    this.#sound();
    await this.#outbox.add(items);
  }

  async setAside(items: readonly UnsoundItem[]): Promise<Damage[]> {
    return this.#outbox.setAside(items);
  }

  async settleOutbox(requestIds: readonly string[]): Promise<void> {
    await this.#outbox.settle(requestIds);
  }

  inspect(): Damage[] {
    return this.#health.inspect();
  }

  mend(): Promise<Damage[]> {
    return this.#health.mend();
  }

  scrub(part: number): Promise<{ damage: Damage[]; mended: Damage[] }> {
    return this.#health.scrub(part);
  }

  content(): FolderContent {
    return this.#files.content();
  }

  readDocument(name: string): Uint8Array | undefined {
    return this.#files.isDocument(name) ? this.#files.readDocument(name) : undefined;
  }

  held(): { journalFrom: OpNumber; checkpointOp: OpNumber } {
    const first = this.#journal?.segments[0]?.firstOp ?? makeOp(0);
    return { journalFrom: first, checkpointOp: this.#base.op };
  }

  distrustIndexes(): void {
    this.#files.distrust();
  }

  leaveDoubt(why: string): Promise<void> {
    return leaveDoubt(this.fileSystem, this.folder, why);
  }

  close(): void {
    this.#incoming.clear();
    this.#files.flush();
    this.#files.close();
    this.#journal?.close();
    this.#replica?.close();
    this.lock.release();
  }

  #parts(): FolderParts | undefined {
    if (this.#isSwitching || this.#state !== 'sound') return undefined;
    return {
      ...this.#sound(),
      files: this.#files,
      checkpoints: this.#checkpoints,
      outbox: this.#outbox,
      base: this.#base.op,
      isCheckpointing: this.#isCheckpointing,
    };
  }

  #uncertain(): Entry[] {
    return readableEntries(this.fileSystem, this.#journalFolder);
  }

  #sound(): { journal: Journal; replica: ReplicaFile } {
    assert(
      this.#journal !== undefined && this.#replica !== undefined,
      'a log is sound or initialised before it is used',
    );
    return { journal: this.#journal, replica: this.#replica };
  }

  /**
   * The switch of rule 2 (b): the new segment is durable beside the journal, then replica.json commits it, then it goes to
   * its place. `base` is there when a checkpoint that was handed over is part of it.
   */
  async #switch(durable: DurableState, before: LogEnd, entries: readonly Entry[], base?: LogBase): Promise<void> {
    const { replica, journal } = this.#sound();
    const first = entries[0];
    assert(first === undefined || chainFollows(first, before.chain), 'the entries of a switch follow the chain');
    // A new number for every attempt: replica.json may have got to name one that was told to have failed.
    const number = ++this.#number;
    const { logView } = durable;
    const checkpoint = base?.op ?? null;
    const shape = await orDiskFull(
      () => writeUnfinished(this.fileSystem, this.#journalFolder, { number, logView, before, entries, checkpoint }),
      () => removeUnfinished(this.fileSystem, this.#journalFolder, number),
    );
    this.#isSwitching = true;
    this.#health.restart();
    try {
      if (base !== undefined) await this.#incoming.handOver(number);
      await this.#commitSwitch(replica, durable, shape);
      await finishSwitch(this.fileSystem, this.#journalFolder, shape);
      const damage = await finishInstall(this.fileSystem, this.folder, number, checkpoint);
      assert(damage === undefined, 'what was prepared for an install can be read');
      const segments = segmentsOf(this.fileSystem.list(this.#journalFolder)).log;
      if (segments.length === 0) throw new DamagedFileError(JOURNAL_FOLDER, 'it was deleted while it was replaced');
      const position = {
        ...this.options,
        segments,
        end: { op: shape.op, chain: shape.chain },
        offset: shape.bytes,
        number,
        base: base ?? this.#base,
        commit: this.#commit,
        entries,
      };
      this.#journal = await journal.switched(position);
    } finally {
      this.#isSwitching = false;
      this.#health.restart();
    }
  }

  async #commitSwitch(replica: ReplicaFile, durable: DurableState, shape: LogShape): Promise<void> {
    try {
      await replica.write(durable, shape);
    } catch (error) {
      // What an install has staged is handed over: it cannot be called again, but the next start finishes or drops it.
      if (error instanceof DiskFullError && shape.checkpoint !== null) {
        throw new Error('no room to overwrite replica.json in place', { cause: error });
      }
      throw error;
    }
  }

  async #checkpoint(head: CheckpointHead): Promise<void> {
    // Everything up to the first await sees the tables of this moment.
    const { tables, documents } = this.#files.capture();
    const copies = new Map(documents);
    for (const [service, text] of Object.entries(head.snapshots)) copies.set(snapshotName(service), text);
    const read = await Promise.all(
      tables.map(async ({ table, length, hash }) => ({ table, length, hash: await hash })),
    );
    const files = [
      ...read.map(({ table, length, hash }) => ({ name: table.name, kind: 'table' as const, length, hash })),
      ...[...copies].map(([name, text]) => ({
        name,
        kind: documents.has(name) ? ('document' as const) : ('snapshot' as const),
        length: Buffer.byteLength(text),
        hash: hashOf(text),
      })),
    ];
    await orDiskFull(
      async () => {
        for (const { table } of tables) await table.sync();
        // One that was moved aside at the start and made anew must not come back with a loss of power.
        await this.fileSystem.syncFolder(this.folder);
        // After a loss of power the mark must reach as far as the checkpoint: older segments go.
        await this.#sound().journal.mark.sync();
        await addCheckpoint(this.fileSystem, this.folder, { base: head.base, files }, copies);
        for (const table of tables) table.keepSums();
        this.#base = head.base;
        const oldest = await keepNewest(this.fileSystem, this.folder);
        this.#checkpoints.watch();
        await this.#journal?.removeThrough(oldest, () => this.#outbox.isEmpty);
      },
      () => undefined,
    );
  }
}

/** A folder that looks sound and is not to be believed. */
function distrusted(found: LoadedFolder, why: string): LoadedFolder {
  if (found.kind !== 'sound') return found;
  const { replica, outbox } = found;
  return { kind: 'damaged', replica, damage: [{ file: JOURNAL_FOLDER, what: why }], outbox };
}
