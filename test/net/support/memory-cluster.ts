import { createHash } from 'node:crypto';
import { encodeEntry, GENESIS_CHAIN, type Entry } from '../../../src/base/entry.js';
import { op, replicaIndex, view, type ReplicaIndex } from '../../../src/base/numbers.js';
import { refusal, type Refusal, type RefusalReason } from '../../../src/base/refusal.js';
import type { OutboxItem, Service, ServiceFiles } from '../../../src/base/service.js';
import type { OutgoingBackup } from '../../../src/ports/backup.js';
import type {
  CopyProgress,
  IncomingCall,
  PlannedEnd,
  ReplicaCalls,
  ReplicaStatus,
  SwitchoverOutcome,
} from '../../../src/ports/calls.js';
import { Ordering, ORDERING } from '../../../src/services/ordering/ordering.js';
import { DurableTimes } from '../../../src/runtime/durable-times.js';
import { ReplicaInspection } from '../../../src/runtime/replica-inspection.js';
import { systemTimers } from '../../../src/runtime/system-timers.js';
import type { Outcome } from '../../../src/vsr/effect.js';
import { appendReceipt, receiptsTable } from '../../../src/vsr/receipts.js';
import { MemoryFiles } from '../../support/memory-files.js';

export const MENU_CSV = [
  'item,price,category,description,allergens,stock',
  'Tomato Soup,4.50,Starters,"Warm, with bread",Celery;Gluten,',
  'Fish Pie,11.95,Mains,,Fish;Milk,5',
  '',
].join('\r\n');

type Write = Extract<IncomingCall, { kind: 'write' }>;
type Read = Extract<IncomingCall, { kind: 'read' }>;

/** The real ordering service without replication: what the replicas of a rig share, as if each had a copy. */
export class MemoryCluster {
  readonly files = new MemoryFiles({ 'menu.csv': MENU_CSV, 'motd.txt': 'Welcome' });
  readonly receipts = receiptsTable(this.files);
  readonly ordering: Ordering;
  /** By name, ordering and those that were asked for. */
  readonly services: ReadonlyMap<string, Service>;
  readonly entries: Entry[] = [];
  readonly durableTimes = new DurableTimes();
  readonly replicas: readonly MemoryReplica[];
  primary: ReplicaIndex | undefined = replicaIndex(0);

  constructor(
    readonly ids: readonly string[],
    more: readonly ((files: ServiceFiles) => Service)[] = [],
  ) {
    this.ordering = new Ordering(this.files);
    const made = more.map((create) => create(this.files));
    for (const service of made) service.restore('');
    this.services = new Map([this.ordering, ...made].map((service) => [service.name, service]));
    const seed = this.ordering.foundingSeed();
    this.ordering.found(seed, this.#append('', seed));
    this.replicas = ids.map((id, index) => new MemoryReplica(this, id, replicaIndex(index)));
  }

  write({ service: name, request, done }: Write): void {
    const service = this.#service(name);
    const next = this.entries.length + 1;
    const context = { op: op(next), view: view(0), timeMs: Date.now(), replicaCount: this.ids.length };
    const execution = service.execute(request, context);
    if (execution.kind === 'refused') {
      done({ kind: 'refused', refusal: execution.refusal, primary: undefined });
      return;
    }
    if (execution.kind === 'entry') {
      const entry = this.#append(request.requestId, execution.update, name, context.timeMs);
      service.speculate(entry);
      service.commit(entry);
    }
    const at = execution.kind === 'known' ? execution.op : op(next);
    const chain = this.entries[at - 1]?.chain ?? GENESIS_CHAIN;
    const receipt = { op: at, view: view(0), copies: request.copiesNeeded, committed: true, chain };
    done({ kind: 'written', reply: execution.reply, receipt });
    for (const replica of this.replicas) replica.onProgress();
  }

  /** An entry of the core itself: no event of the service. */
  coreEntry(): void {
    this.#append('', '', 'core');
    for (const replica of this.replicas) replica.onProgress();
  }

  read({ service, query, done }: Read): void {
    const asOf = { op: op(this.entries.length), view: view(0), timeMs: Date.now(), complete: true };
    done({ kind: 'read', answer: this.#service(service).query(query), asOf });
  }

  #service(name: string): Service {
    const service = this.services.get(name);
    if (service === undefined) throw new Error(`the rig has no service ${name}`);
    return service;
  }

  #append(requestId: string, update: string, service: string = ORDERING, timeMs = Date.now()): Entry {
    const head = { op: op(this.entries.length + 1), view: view(0), timeMs, requestId, service, update };
    const entry = encodeEntry(head, this.entries.at(-1)?.chain ?? GENESIS_CHAIN);
    this.entries.push(entry);
    appendReceipt(this.receipts, entry);
    this.durableTimes.note(entry.op, timeMs);
    return entry;
  }
}

/** One replica's calls: answered by the shared state if it is primary, or as its mode says. */
export class MemoryReplica implements ReplicaCalls {
  /** `silent`: takes calls and never answers. A reason: refuses all with it. */
  mode: 'normal' | 'silent' | 'drop' | RefusalReason = 'normal';
  /** Sizes of the batches that came in. */
  readonly batches: number[] = [];
  readonly resignations: string[] = [];
  /** Its outbox. */
  held: OutboxItem[] = [];
  /** Whether it takes orders alone; a replica that does not is not able to. */
  takesAlone = false;
  /** Every call that came in, answered or not. */
  readonly seen: IncomingCall[] = [];
  /** The real one, over the shared files. */
  readonly inspection: ReplicaInspection;
  #waiting: Read[] = [];

  constructor(
    readonly cluster: MemoryCluster,
    readonly id: string,
    readonly index: ReplicaIndex,
  ) {
    const { files, services, receipts, durableTimes } = cluster;
    this.inspection = new ReplicaInspection({
      storage: {
        content: () => ({
          tables: [...files.tables.values()].map((table) => ({
            table,
            length: table.length,
            hash: () => Promise.resolve(createHash('sha256').update(table.text()).digest('hex')),
          })),
          documents: files.documents,
        }),
        readDocument: (name) => Buffer.from(files.documents.get(name) ?? ''),
        held: () => ({ journalFrom: op(2), checkpointOp: op(1) }),
      },
      services,
      receipts,
      timers: systemTimers,
      durableTimes,
      state: () => ({
        applied: op(cluster.entries.length),
        durable: op(cluster.entries.length),
        status: 'normal',
        transition: undefined,
        view: view(3),
        outboxById: new Map(this.held.map((item) => [item.requestId, item])),
        log: { base: { op: op(0), chain: GENESIS_CHAIN, timeMs: 0 }, entries: cluster.entries },
      }),
      onDamaged: (error) => {
        throw error;
      },
    });
  }

  submit(calls: readonly IncomingCall[]): void {
    this.batches.push(calls.length);
    for (const call of calls) this.#take(call);
  }

  /** Reads that waited for an op look again. */
  onProgress(): void {
    this.inspection.notes.afterStep();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const read of waiting) this.#take(read);
  }

  #take(call: IncomingCall): void {
    this.seen.push(call);
    if (this.mode === 'silent') return;
    if (call.kind === 'write' && call.isAlone === true) return this.#takeAlone(call);
    if (this.mode === 'drop') return call.done({ kind: 'dropped' });
    if (this.mode !== 'normal') return call.done(refused(this.mode));
    const { cluster } = this;
    if (call.kind === 'read' && call.consistency !== 'linearizable') {
      if (call.minOp <= cluster.entries.length) cluster.read(call);
      else this.#waiting.push(call);
      return;
    }
    if (cluster.primary !== this.index) {
      return call.done({ ...refused('NO_PRIMARY'), primary: cluster.primary });
    }
    if (call.kind === 'write') cluster.write(call);
    else cluster.read(call);
  }

  #takeAlone({ request, done }: Write): void {
    if (!this.takesAlone) return done(refused('DAMAGED'));
    const context = { view: view(3), timeMs: Date.now(), held: undefined };
    const execution = this.cluster.ordering.alone.execute(request, context);
    if (execution.kind !== 'taken') throw new Error(`the rig does not know ${execution.kind}`);
    this.held.push(execution.item);
    const receipt = { op: op(0), view: view(3), copies: 1, committed: false, chain: '' };
    done({ kind: 'written', reply: execution.reply, receipt });
  }

  status(): ReplicaStatus {
    const { cluster, id } = this;
    const last = cluster.entries.length;
    return {
      id,
      role: cluster.primary === this.index ? 'primary' : 'backup',
      view: 3,
      logView: 2,
      op: last,
      durableOp: last,
      commit: last,
      applied: last,
      chain: cluster.entries.at(-1)?.chain ?? GENESIS_CHAIN,
      primaryId: cluster.primary === undefined ? '' : (cluster.ids[cluster.primary] ?? ''),
      writable: true,
      reason: '',
      peers: [{ id: 'other', health: 'suspected' }],
      outbox: 1,
      takesAlone: this.takesAlone,
      damage: ['orders.csv'],
      uptimeMs: 1234,
      orders: 7,
      reads: 5,
      diskFreeBytes: 5_000_000_000,
      lagMs: 250,
      lastFault: { at: '2026-01-02T03:04:05.000Z', what: 'the disk was full' },
    };
  }

  outbox(after: string, limit: number): readonly OutboxItem[] {
    const from = after === '' ? 0 : this.held.findIndex(({ requestId }) => requestId === after) + 1;
    return this.held.slice(from, from + limit);
  }

  resign(why: string): void {
    this.resignations.push(why);
  }

  async switchOver(toId: string, why: string): Promise<SwitchoverOutcome> {
    this.resignations.push(`to ${toId}: ${why}`);
    return { isDone: false, reason: 'it is a rig', view: 3, primaryId: this.id, pauseMs: 7 };
  }

  /** What was asked for, in this order. */
  readonly told: string[] = [];

  async resync(): Promise<string | undefined> {
    this.told.push('resync');
    return this.told.length === 1 ? undefined : 'it does so already';
  }

  async restart(): Promise<string | undefined> {
    this.told.push('restart');
    return this.told.filter((one) => one === 'restart').length > 1 ? 'another one is away' : undefined;
  }

  agreeToEnd({ from, forgets, why }: PlannedEnd): string | undefined {
    this.told.push(`${from} ends${forgets ? ' and forgets' : ''}: ${why}`);
    return forgets ? 'it is about to end itself' : undefined;
  }

  copyProgress(): CopyProgress {
    return { isCopying: true, bytesDone: 5_000_000_000, bytesTotal: 6_000_000_000, op: 8 };
  }

  /** What it sends when it is asked for a backup. */
  outgoing: OutgoingBackup | Refusal = refusal('NOT_FOUNDED', 'there is no backup of the rig');

  backup(): OutgoingBackup | Refusal {
    return this.outgoing;
  }
}

function refused(reason: RefusalReason): Extract<Outcome, { kind: 'refused' }> {
  return { kind: 'refused', refusal: refusal(reason, `${reason} of the rig`), primary: undefined };
}
