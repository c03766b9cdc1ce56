import path from 'node:path';
import { mkdirSync, writeFileSync } from 'node:fs';
import { assert } from '../../src/base/assert.js';
import { encodeEntry, GENESIS_CHAIN, type Entry } from '../../src/base/entry.js';
import { majorityOf, op, view } from '../../src/base/numbers.js';
import { Ordering, ORDERING } from '../../src/services/ordering/ordering.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { nodeFileSystem } from '../../src/storage/node-file-system.js';
import type { ReplicaStorage } from '../../src/ports/storage.js';
import { CORE, encodeCoreUpdate } from '../../src/vsr/core-entries.js';
import { appendReceipt, receiptsTable } from '../../src/vsr/receipts.js';
import type { PastRequest } from './history.js';

/** As a replica does it (src/cli/replica.ts). */
const CHECKPOINT_INTERVAL_OPS = 10_000;
/** Entries that share a write and an fdatasync. */
const BATCH_ENTRIES = 1000;

/** The folder of a primary, written by the code that a replica runs, without the network: service, journal, tables, checkpoints. */
export class FolderOfPrimary {
  readonly #ordering: Ordering;
  readonly #receipts;
  #batch: Entry[] = [];
  #chain = GENESIS_CHAIN;
  #lastOp = 0;
  #checkpointed = 0;
  /** The batch that is being written while the next one is made. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    readonly storage: ReplicaStorage,
    readonly replicaCount: number,
  ) {
    this.#ordering = new Ordering(storage.files);
    this.#receipts = receiptsTable(storage.files);
  }

  /** Founds a cluster with this menu and message in an empty folder. */
  static async found(
    folder: string,
    seed: { readonly menu: string; readonly motd: string; readonly clusterId: string; readonly timeMs: number },
    replicaCount: number,
  ): Promise<FolderOfPrimary> {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'menu.csv'), seed.menu);
    writeFileSync(path.join(folder, 'motd.txt'), seed.motd);
    const storage = openReplicaStorage(nodeFileSystem, folder, { replicaId: path.basename(folder) });
    const loaded = await storage.load();
    assert(loaded.kind === 'empty', 'a cluster is founded in an empty folder');
    const primary = new FolderOfPrimary(storage, replicaCount);
    const { clusterId, timeMs } = seed;
    const seeds = { [ORDERING]: primary.#ordering.foundingSeed() };
    const first = primary.#encode(timeMs, '', CORE, encodeCoreUpdate({ kind: 'founding', clusterId, seeds }));
    await storage.initialise({ clusterId, view: view(0), logView: view(0), recovering: false }, [first]);
    primary.#ordering.restore('');
    appendReceipt(primary.#receipts, first);
    primary.#ordering.found(seeds[ORDERING] ?? '', first);
    const second = primary.#encode(timeMs, '', CORE, encodeCoreUpdate({ kind: 'founded' }));
    appendReceipt(primary.#receipts, second);
    primary.#batch.push(second);
    return primary;
  }

  /** Executes a request, which must be done, and applies it. */
  async take({ requestId, timeMs, body }: PastRequest): Promise<void> {
    const context = { op: op(this.#lastOp + 1), view: view(0), timeMs, replicaCount: this.replicaCount };
    const request = { requestId, body, copiesNeeded: majorityOf(this.replicaCount) };
    const execution = this.#ordering.execute(request, context);
    assert(execution.kind === 'entry' && execution.reply.kind === 'done', 'what is made up can be done');
    const entry = this.#encode(timeMs, requestId, ORDERING, execution.update);
    this.#ordering.speculate(entry);
    appendReceipt(this.#receipts, entry);
    this.#ordering.commit(entry);
    this.#batch.push(entry);
    const isCheckpointDue = this.#lastOp - this.#checkpointed >= CHECKPOINT_INTERVAL_OPS;
    if (this.#batch.length >= BATCH_ENTRIES || isCheckpointDue) await this.#write();
    if (isCheckpointDue) await this.#checkpoint(timeMs);
  }

  /** Writes what is left and releases the folder. Returns the last op. */
  async finish(): Promise<number> {
    await this.#write();
    await this.#writing;
    this.storage.flushTables();
    this.storage.close();
    return this.#lastOp;
  }

  #encode(timeMs: number, requestId: string, service: string, update: string): Entry {
    const head = { op: op(++this.#lastOp), view: view(0), timeMs, requestId, service, update };
    const entry = encodeEntry(head, this.#chain);
    this.#chain = entry.chain;
    return entry;
  }

  async #write(): Promise<void> {
    await this.#writing;
    this.storage.flushTables();
    this.#writing = this.storage.append(this.#batch, op(this.#lastOp));
    this.#batch = [];
  }

  async #checkpoint(timeMs: number): Promise<void> {
    const base = { op: op(this.#lastOp), chain: this.#chain, timeMs };
    this.#checkpointed = this.#lastOp;
    await this.#writing;
    await this.storage.checkpoint({ base, snapshots: { [ORDERING]: this.#ordering.snapshot() } });
  }
}
