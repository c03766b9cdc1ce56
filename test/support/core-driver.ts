import type { CheckpointOffer } from '../../src/base/checkpoint.js';
import { present } from '../../src/base/assert.js';
import type { Entry } from '../../src/base/entry.js';
import { majorityOf, op, replicaIndex, type ReplicaIndex } from '../../src/base/numbers.js';
import type { Effect, Notice, Outcome } from '../../src/vsr/effect.js';
import type { Event, ReadRequest } from '../../src/vsr/event.js';
import { invariants } from '../../src/vsr/invariants.js';
import { entryAt, lastChain, lastOp } from '../../src/vsr/log.js';
import type { Message } from '../../src/vsr/message.js';
import { receiptsTable } from '../../src/vsr/receipts.js';
import { start } from '../../src/vsr/start.js';
import { actsAsPrimary, type CoreConfig, type State } from '../../src/vsr/state.js';
import { step } from '../../src/vsr/step.js';
import { Checkers } from '../simulation/checkers.js';
import { LedgerService } from '../simulation/ledger-service.js';
import { Prng } from '../simulation/prng.js';
import { addToOutbox, SimulatedFolder, type DiskWrite } from '../simulation/simulated-folder.js';
import { hashOf, MemoryFiles } from './memory-files.js';

type Untimed = Event extends infer E ? (E extends Event ? Omit<E, 'nowMs' | 'wallMs' | 'randomU32'> : never) : never;

/** ms between two heartbeats of every driven cluster. */
export const HEARTBEAT_MS = 50;
const TICK_MS = 10;

/** A message that was sent and not yet delivered. */
export interface InFlight {
  readonly from: number;
  readonly to: number;
  readonly clusterId: string;
  readonly message: Message;
}

/** A message of one kind, with what that kind holds. */
export type InFlightOf<K extends Message['kind']> = InFlight & { readonly message: Extract<Message, { kind: K }> };

/** A write or a read as its caller sees it. */
export interface Call {
  readonly token: number;
  outcome: Outcome | undefined;
}

interface Written {
  readonly write: DiskWrite;
  readonly kind: Effect['kind'];
  readonly done: () => Untimed;
}

/** One replica of a driven cluster: the real core over a folder of whole records. Nothing happens unless a test says so. */
export class DrivenCore {
  readonly folder = new SimulatedFolder();
  readonly notices: Notice[] = [];
  /** Why it wanted to end and believe nothing of its folder. */
  readonly distrusts: string[] = [];
  /** Durable effects that wait, the first under way. */
  disk: Written[] = [];
  later: (() => void)[] = [];
  isDiskFull = false;
  #state: State | undefined;
  #applied = 0;
  #staged = new Map<string, string>();

  constructor(
    readonly index: ReplicaIndex,
    readonly config: CoreConfig,
    private readonly cluster: Cluster,
  ) {}

  get isUp(): boolean {
    return this.#state !== undefined;
  }

  get state(): State {
    return present(this.#state, `replica ${this.index} is up`);
  }

  get lastOp(): number {
    return lastOp(this.state.log);
  }

  /** Chain at the last op. */
  get chain(): string {
    return lastChain(this.state.log);
  }

  get isPrimary(): boolean {
    return this.#state !== undefined && actsAsPrimary(this.#state);
  }

  /** Values of the ledger's committed ids. */
  has(id: string): boolean {
    return this.state.services.get('ledger')?.hasCommitted(id) === true;
  }

  boot(started = this.folder.load()): void {
    const service = new LedgerService();
    const table = receiptsTable(this.folder.files);
    this.#applied = started.kind === 'intact' ? started.checkpoint.base.op : 0;
    this.cluster.checkers.onDisk(this.index, this.folder.facts());
    const services = new Map([[service.name, service]]);
    const { state, effects } = start(this.config, services, table, started, this.cluster.now());
    this.#state = state;
    this.#tellApplied();
    this.#run(effects);
  }

  /** Names of the files that are staged. */
  get stagedFiles(): string[] {
    return [...this.#staged.keys()];
  }

  /** Turns over the first byte of a staged file. */
  spoilStaged(name: string): void {
    const text = this.#staged.get(name) ?? '';
    this.#staged.set(name, `?${text.slice(1)}`);
  }

  /** kill −9: a write under way is on disk (`whole`) or not; what waits behind it never is. */
  crash({ whole = false } = {}): void {
    const underWay = this.disk[0]?.write;
    if (whole && underWay !== undefined) this.folder.complete(underWay);
    this.#state = undefined;
    this.disk = [];
    this.later = [];
    this.cluster.checkers.onDisk(this.index, this.folder.facts());
  }

  wipe(): void {
    if (this.isUp) this.crash();
    this.folder.wipe();
    this.cluster.checkers.onWiped(this.index);
  }

  dispatch(event: Untimed): void {
    if (this.#state === undefined) return;
    const effects = step(this.#state, { ...event, ...this.cluster.now() } as Event);
    invariants(this.#state);
    this.#tellApplied();
    this.#run(effects);
  }

  tick(): void {
    this.dispatch({ kind: 'tick' });
  }

  /** Ends the first waiting write, or all of them. */
  fsync(howMany = Infinity): void {
    for (let left = howMany; left > 0; left--) {
      const next = this.disk[0];
      if (next === undefined) return;
      if (this.isDiskFull && next.write.kind === 'append') {
        while (this.disk[0]?.write.kind === 'append') this.disk.shift();
        this.dispatch({ kind: 'diskFull' });
        continue;
      }
      if (this.isDiskFull && next.write.kind === 'outbox') {
        const requestIds = next.write.items.map(({ requestId }) => requestId);
        this.disk.shift();
        this.dispatch({ kind: 'outboxFull', requestIds });
        continue;
      }
      this.folder.complete(next.write);
      this.cluster.checkers.onDisk(this.index, this.folder.facts());
      const event = next.done();
      this.disk.shift();
      this.dispatch(event);
    }
  }

  #tellApplied(): void {
    const { state } = this;
    if (state.applied < this.#applied) this.#applied = state.applied;
    for (let at = this.#applied + 1; at <= state.applied; at++) {
      const entry = entryAt(state.log, op(at));
      if (entry !== undefined) this.cluster.checkers.onApplied(this.index, entry);
    }
    this.#applied = state.applied;
  }

  #run(effects: readonly Effect[]): void {
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    const { cluster, folder, state } = this;
    switch (effect.kind) {
      case 'send':
        cluster.checkers.onSend(this.index, effect.message, folder.facts());
        cluster.send(this.index, effect.to, state.clusterId, effect.message);
        return;
      case 'reply':
        cluster.onOutcome(effect.token, effect.outcome);
        return;
      case 'distrust':
        this.distrusts.push(effect.why);
        return;
      case 'notice':
        this.notices.push(effect.notice);
        return;
      case 'append': {
        const { entries, commit } = effect;
        const last = present(entries.at(-1), 'an append has entries');
        this.#write(effect, { kind: 'append', entries }, () => {
          folder.durable.commit = Math.max(folder.durable.commit, Math.min(commit, last.op));
          return { kind: 'appended', op: last.op };
        });
        return;
      }
      case 'persist':
        this.#transition(effect, () => undefined);
        return;
      case 'initialise':
        this.#transition(effect, (durable) => {
          Object.assign(durable, { journal: [...effect.entries], checkpoint: undefined, older: undefined, commit: 0 });
        });
        return;
      case 'switchLog':
        this.#transition(effect, (durable) => {
          addToOutbox(durable, effect.salvaged);
          durable.journal = [...durable.journal.filter((entry) => entry.op < effect.from), ...effect.entries];
        });
        return;
      case 'installCheckpoint': {
        const files = new MemoryFiles();
        for (const [name, text] of this.#staged) files.table(name, text);
        const { offer, entries, salvaged } = effect;
        this.#transition(effect, (durable) => {
          addToOutbox(durable, salvaged);
          durable.journal = [...entries];
          Object.assign(durable, { checkpoint: { offer, files }, older: undefined, commit: offer.head.base.op });
        });
        return;
      }
      case 'beginStaging':
        for (const [name, text] of this.#staged) {
          const bytes = effect.kept.get(name);
          if (bytes === undefined) this.#staged.delete(name);
          else this.#staged.set(name, text.slice(0, bytes));
        }
        return;
      case 'stageChunk': {
        const before = this.#staged.get(effect.file) ?? '';
        if (before.length !== effect.offset) throw new Error('a chunk was staged at the wrong place');
        this.#staged.set(effect.file, before + Buffer.from(effect.bytes).toString());
        return;
      }
      case 'verifyStaged': {
        const isValid = effect.offer.files.every(({ name, hash }) => hashOf(this.#staged.get(name) ?? '') === hash);
        this.later.push(() => this.dispatch({ kind: 'checkpointVerified', nonce: effect.nonce, isValid }));
        return;
      }
      case 'offerCheckpoint': {
        const kept = folder.durable.checkpoint;
        if (kept === undefined) return;
        const { view, logView, nonce } = effect;
        const message: Message = { kind: 'checkpointOffered', view, logView, nonce, offer: kept.offer };
        cluster.send(this.index, effect.to, state.clusterId, message);
        return;
      }
      case 'sendChunk': {
        const { checkpoint, file, offset, length, nonce } = effect;
        const kept = [folder.durable.checkpoint, folder.durable.older].find(
          (one) => one?.offer.head.base.op === checkpoint,
        );
        const bytes = Buffer.from(kept?.files.contents()[file] ?? '').subarray(offset, offset + length);
        const message: Message = { kind: 'chunk', checkpoint, file, offset, bytes, isGone: kept === undefined, nonce };
        cluster.send(this.index, effect.to, state.clusterId, message);
        return;
      }
      case 'checkpoint': {
        const files = folder.files.copy();
        const offer: CheckpointOffer = { head: effect.head, files: files.offered() };
        this.later.push(() => {
          const { durable } = folder;
          durable.older = durable.checkpoint;
          durable.checkpoint = { offer, files };
          durable.journal = durable.journal.filter((entry) => entry.op > (durable.older?.offer.head.base.op ?? 0));
          this.dispatch({ kind: 'checkpointed', op: effect.head.base.op });
        });
        return;
      }
      case 'appendOutbox': {
        const { items } = effect;
        const requestIds = items.map(({ requestId }) => requestId);
        this.#write(effect, { kind: 'outbox', items }, () => ({ kind: 'outboxAppended', requestIds }));
        return;
      }
      case 'settleOutbox':
        folder.durable.outbox = folder.durable.outbox.filter((item) => !effect.requestIds.includes(item.requestId));
    }
  }

  #transition(
    effect: Extract<Effect, { transition: number }>,
    apply: Extract<DiskWrite, { kind: 'transition' }>['apply'],
  ): void {
    const { promises, transition } = effect;
    this.#write(effect, { kind: 'transition', promises, apply }, () => {
      if (effect.kind === 'installCheckpoint' || effect.kind === 'initialise') this.#replaceFiles();
      return { kind: 'transitionDone', transition };
    });
  }

  #replaceFiles(): void {
    const installed = this.folder.durable.checkpoint?.files.copy() ?? new MemoryFiles();
    for (const [name, table] of this.folder.files.tables)
      table.replace(installed.tables.get(name)?.text() ?? `${table.text().split('\r\n')[0]}\r\n`);
  }

  #write({ kind }: Effect, write: DiskWrite, done: () => Untimed): void {
    this.disk.push({ write, kind, done });
  }
}

/** What a test may choose of a cluster. */
export interface ClusterOptions {
  readonly replicas?: number;
  readonly checkpointIntervalOps?: number;
  readonly suffixBytesMax?: number;
  readonly chunkBytesMax?: number;
  readonly uncommittedOpsMax?: number;
  readonly checkpointIntervalBytes?: number;
  readonly uncommittedBytesMax?: number;
  readonly takesAlone?: boolean;
  /** Default: a majority. */
  readonly quorum?: number;
}

/** N cores. Messages wait in `network`, writes in each core's `disk`; time passes when told. */
export class Cluster {
  readonly cores: DrivenCore[] = [];
  readonly checkers: Checkers;
  readonly #cut = new Set<string>();
  readonly #lost = new Set<Message['kind']>();
  readonly #calls = new Map<number, Call>();
  readonly #prng = new Prng(1);
  network: InFlight[] = [];
  nowMs = 10_000;
  wallMs = 1_700_000_000_000;

  constructor(options: ClusterOptions = {}) {
    const count = options.replicas ?? 3;
    this.checkers = new Checkers(count);
    const replicaIds = Array.from({ length: count }, (_, index) => `replica-${index + 1}`);
    for (let index = 0; index < count; index++) {
      const config: CoreConfig = {
        self: replicaIndex(index),
        replicaIds,
        heartbeatMs: HEARTBEAT_MS,
        quorum: options.quorum ?? majorityOf(count),
        checkpointIntervalOps: options.checkpointIntervalOps ?? 1_000,
        uncommittedOpsMax: options.uncommittedOpsMax ?? 1_000,
        takesAlone: options.takesAlone ?? false,
        ...(options.suffixBytesMax === undefined ? {} : { suffixBytesMax: options.suffixBytesMax }),
        ...(options.checkpointIntervalBytes === undefined
          ? {}
          : { checkpointIntervalBytes: options.checkpointIntervalBytes }),
        ...(options.uncommittedBytesMax === undefined ? {} : { uncommittedBytesMax: options.uncommittedBytesMax }),
        ...(options.chunkBytesMax === undefined ? {} : { chunkBytesMax: options.chunkBytesMax }),
      };
      this.cores.push(new DrivenCore(replicaIndex(index), config, this));
    }
  }

  /** A founded cluster in view 0: replica 0 is its primary, op 2 is on every disk, nothing is in flight. */
  static founded(options: ClusterOptions = {}): Cluster {
    const cluster = new Cluster(options);
    for (const core of cluster.cores) core.boot();
    cluster.pass(300);
    for (const core of cluster.cores) if (core.state.applied < 2) throw new Error('the cluster was not founded');
    return cluster;
  }

  core(index: number): DrivenCore {
    return present(this.cores[index], `there is a replica ${index}`);
  }

  now() {
    return { nowMs: this.nowMs, wallMs: this.wallMs, randomU32: this.#prng.u32() };
  }

  // Network.

  send(from: number, to: number, clusterId: string, message: Message): void {
    if (!this.#cut.has(`${from}→${to}`) && !this.#lost.has(message.kind))
      this.network.push({ from, to, clusterId, message });
  }

  /** From now on nothing that `from` sends to `to` arrives. */
  cut(from: number, to: number): void {
    this.#cut.add(`${from}→${to}`);
    this.network = this.network.filter((one) => one.from !== from || one.to !== to);
  }

  /** From now on no message of this kind arrives. */
  lose(kind: Message['kind']): void {
    this.#lost.add(kind);
    this.network = this.network.filter(({ message }) => message.kind !== kind);
  }

  /** From now on `one` neither hears nor is heard. */
  isolate(one: number): void {
    for (const { index } of this.cores)
      if (index !== one) {
        this.cut(one, index);
        this.cut(index, one);
      }
  }

  mend(): void {
    this.#cut.clear();
    this.#lost.clear();
  }

  /** Messages in flight of one kind, from and to whom a test says. */
  inFlight<K extends Message['kind']>(kind: K, { from, to }: { from?: number; to?: number } = {}): InFlightOf<K>[] {
    return this.network.filter(
      (one): one is InFlightOf<K> =>
        one.message.kind === kind && (from === undefined || one.from === from) && (to === undefined || one.to === to),
    );
  }

  /** Delivers chosen messages, in this order; each leaves the network. Returns how many there were. */
  deliver(chosen: readonly InFlight[]): number {
    for (const one of chosen) {
      this.network = this.network.filter((other) => other !== one);
      this.deliverAgain(one);
    }
    return chosen.length;
  }

  /** Delivers one message once more: the network may repeat it. */
  deliverAgain({ from, to, clusterId, message }: InFlight): void {
    this.core(to).dispatch({ kind: 'message', envelope: { from: replicaIndex(from), clusterId, message } });
  }

  /** Takes chosen messages out of the network, to be delivered late or never. */
  hold<T extends InFlight>(chosen: readonly T[]): T[] {
    this.network = this.network.filter((one) => !chosen.includes(one as T));
    return [...chosen];
  }

  // Time and everything at once.

  /** Delivers and writes until nothing is left to do; time stands still. What `take` takes is not delivered. */
  settle(
    only: readonly number[] = this.cores.map(({ index }) => index),
    take: (one: InFlight) => boolean = () => false,
  ): void {
    for (let rounds = 0; rounds < 10_000; rounds++) {
      this.network = this.network.filter((one) => !take(one));
      const next = this.network.find(({ to }) => only.includes(to));
      const busy = this.cores.find(
        (core) => only.includes(core.index) && (core.disk.length > 0 || core.later.length > 0),
      );
      if (next !== undefined) this.deliver([next]);
      else if (busy !== undefined) {
        busy.fsync();
        for (const run of busy.later.splice(0)) run();
      } else return;
    }
    throw new Error('the cluster does not come to rest');
  }

  /** Time passes, with ticks and everything settled, for these replicas (all by default). */
  pass(ms: number, only: readonly number[] = this.cores.map(({ index }) => index)): void {
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      this.sleep(TICK_MS);
      for (const index of only) this.core(index).tick();
      this.settle(only);
    }
  }

  /** Time passes and nothing else happens. */
  sleep(ms: number): void {
    this.nowMs += ms;
    this.wallMs += ms;
  }

  // Callers.

  write(at: number, id: string, options: { copies?: number; withinMs?: number; value?: number } = {}): Call {
    return present(this.writeAll(at, [id], options)[0], 'one id gives one call');
  }

  /** One batch of writes. */
  writeAll(at: number, ids: readonly string[], { copies = 2, withinMs = 5_000, value = 1 } = {}): Call[] {
    const calls = ids.map((id) => ({ id, call: this.#call() }));
    const requests = calls.map(({ id, call }) => ({
      token: call.token,
      service: 'ledger',
      request: { requestId: id, body: value, copiesNeeded: copies },
      deadlineMs: this.nowMs + withinMs,
    }));
    this.core(at).dispatch({ kind: 'writes', requests });
    return calls.map(({ call }) => call);
  }

  /** An order for which no primary was found. */
  writeAlone(at: number, id: string, { withinMs = 5_000, value = 1 } = {}): Call {
    const call = this.#call();
    const request = { requestId: id, body: value, copiesNeeded: 2 };
    const deadlineMs = this.nowMs + withinMs;
    const requests = [{ token: call.token, service: 'ledger', request, deadlineMs }];
    this.core(at).dispatch({ kind: 'aloneOrders', requests });
    return call;
  }

  read(at: number, consistency: ReadRequest['consistency'] = 'linearizable', minOp = 0, withinMs = 5_000): Call {
    const call = this.#call();
    const query = { body: '' };
    const deadlineMs = this.nowMs + withinMs;
    const request = { token: call.token, service: 'ledger', query, consistency, minOp: op(minOp), deadlineMs };
    this.core(at).dispatch({ kind: 'reads', requests: [request] });
    return call;
  }

  #call(): Call {
    const call: Call = { token: this.#calls.size + 1, outcome: undefined };
    this.#calls.set(call.token, call);
    return call;
  }

  onOutcome(token: number, outcome: Outcome): void {
    const call = present(this.#calls.get(token), `token ${token} was asked`);
    if (call.outcome !== undefined) throw new Error(`token ${token} was answered twice`);
    call.outcome = outcome;
  }

  /** The replica that acts as primary of the highest view. */
  get primary(): DrivenCore {
    const acting = this.cores.filter((core) => core.isPrimary).toSorted((a, b) => b.state.view - a.state.view);
    return present(acting[0], 'there is a primary');
  }
}

/** The entry of a log that a test knows to be there. */
export const entryOf = (core: DrivenCore, at: number): Entry =>
  present(entryAt(core.state.log, op(at)), `op ${at} is in the log of replica ${core.index}`);
