import type { CheckpointOffer } from '../../src/base/checkpoint.js';
import { present } from '../../src/base/assert.js';
import { op, type ReplicaIndex } from '../../src/base/numbers.js';
import type { Service } from '../../src/base/service.js';
import type { Effect, Outcome } from '../../src/vsr/effect.js';
import type { Event } from '../../src/vsr/event.js';
import { invariants } from '../../src/vsr/invariants.js';
import { entryAt, lastOp } from '../../src/vsr/log.js';
import type { Message } from '../../src/vsr/message.js';
import { receiptsTable } from '../../src/vsr/receipts.js';
import { start } from '../../src/vsr/start.js';
import { actsAsPrimary, type CoreConfig, type State } from '../../src/vsr/state.js';
import { step } from '../../src/vsr/step.js';
import { hashOf, MemoryFiles } from '../support/memory-files.js';
import { Violation, type Checkers } from './checkers.js';
import type { Prng } from './prng.js';
import type { Schedule } from './schedule.js';
import { addToOutbox, SimulatedFolder, type DiskWrite } from './simulated-folder.js';

/** What a replica needs of the simulated world. */
export interface World {
  readonly schedule: Schedule;
  readonly prng: Prng;
  readonly checkers: Checkers;
  send(from: number, to: ReplicaIndex, clusterId: string, message: Message): void;
  onOutcome(replica: number, token: number, outcome: Outcome): void;
  /** A replica has made a step; `nowMs` of its own clock. */
  onStep(replica: number, state: State, nowMs: number): void;
  onNotice(replica: number, notice: { readonly kind: string }): void;
  /** A durable transition of this kind is about to be written. */
  onTransition(replica: SimulatedReplica, kind: string): void;
}

/** Distribution of everything without its kind's clock. */
type Untimed = Event extends infer E ? (E extends Event ? Omit<E, 'nowMs' | 'wallMs' | 'randomU32'> : never) : never;

interface QueuedWrite {
  readonly write: DiskWrite;
  readonly done: () => Untimed;
}

const TICK_MS = 10;

/** One replica: the real core over a simulated folder, its disk queue and its clock. */
export class SimulatedReplica {
  readonly folder = new SimulatedFolder();
  state: State | undefined;
  /** Added to the world's clock for entries' times; jumps. */
  wallOffsetMs = 0;
  /** How fast its monotonic clock runs. */
  clockRate = 1;
  isPaused = false;
  diskDelayMs = 2;
  isDiskFull = false;
  #incarnation = 0;
  #queue: QueuedWrite[] = [];
  #isWriting = false;
  #inboxWhilePaused: Untimed[] = [];
  /** A write that ended while the process was stopped: it learns of it when it goes on. */
  #endedWhilePaused: (() => void) | undefined;
  #applied = 0;
  #staged = new Map<string, Uint8Array>();
  readonly reached = new Set<string>();

  constructor(
    readonly index: ReplicaIndex,
    private readonly config: CoreConfig,
    private readonly makeService: (files: MemoryFiles) => Service,
    private readonly world: World,
  ) {}

  /** This machine's monotonic clock: it has its own beginning and rate. */
  monotonicMs(): number {
    return (this.index + 1) * 1_000_000 + this.world.schedule.nowMs * this.clockRate;
  }

  #now() {
    const { schedule, prng } = this.world;
    return {
      nowMs: this.monotonicMs(),
      wallMs: 1_700_000_000_000 + Math.floor(schedule.nowMs) + this.wallOffsetMs,
      randomU32: prng.u32(),
    };
  }

  get isUp(): boolean {
    return this.state !== undefined;
  }

  boot(): void {
    const { schedule, prng } = this.world;
    const incarnation = ++this.#incarnation;
    const started = this.folder.load();
    const service = this.makeService(this.folder.files);
    this.#applied = started.kind === 'intact' ? started.checkpoint.base.op : 0;
    this.world.checkers.onDisk(this.index, this.folder.facts());
    const { state, effects } = start(
      this.config,
      new Map([[service.name, service]]),
      receiptsTable(this.folder.files),
      started,
      this.#now(),
    );
    this.state = state;
    this.#run(effects);
    const tick = (): void => {
      if (this.#incarnation !== incarnation) return;
      if (!this.isPaused) this.dispatch({ kind: 'tick' });
      schedule.after(TICK_MS, tick);
    };
    schedule.after(prng.between(1, TICK_MS), tick);
  }

  /** kill −9 or a power cut: everything in memory is gone. */
  crash(): void {
    this.#incarnation++;
    this.state = undefined;
    this.isPaused = false;
    this.#inboxWhilePaused = [];
    this.#endedWhilePaused = undefined;
    this.folder.crash(this.#isWriting ? this.#queue[0]?.write : undefined, this.world.prng);
    this.world.checkers.onDisk(this.index, this.folder.facts());
    this.#queue = [];
    this.#isWriting = false;
  }

  /** SIGCONT: what came meanwhile is read after the first tick, or before it. */
  resume(isTickFirst: boolean): void {
    this.isPaused = false;
    if (isTickFirst) this.dispatch({ kind: 'tick' });
    const ended = this.#endedWhilePaused;
    this.#endedWhilePaused = undefined;
    if (isTickFirst) ended?.();
    for (const event of this.#inboxWhilePaused.splice(0)) this.dispatch(event);
    if (!isTickFirst) ended?.();
  }

  dispatch(event: Untimed): void {
    if (this.state === undefined) return;
    if (this.isPaused) {
      if (event.kind !== 'tick') this.#inboxWhilePaused.push(event);
      return;
    }
    const timed = { ...event, ...this.#now() } as Event;
    this.reached.add(event.kind === 'message' ? event.envelope.message.kind : event.kind);
    const effects = step(this.state, timed);
    invariants(this.state);
    this.#tellCheckers(this.state);
    this.world.onStep(this.index, this.state, timed.nowMs);
    this.#run(effects);
  }

  #tellCheckers(state: State): void {
    const { checkers } = this.world;
    // A table that was replaced by a checkpoint begins at it.
    if (state.applied < this.#applied) this.#applied = state.applied;
    for (let at = this.#applied + 1; at <= state.applied; at++) {
      const entry = entryAt(state.log, op(at));
      if (entry !== undefined) checkers.onApplied(this.index, entry);
    }
    this.#applied = state.applied;
  }

  #run(effects: readonly Effect[]): void {
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    const { world, folder } = this;
    const state = present(this.state, 'effects come of a running replica');
    switch (effect.kind) {
      case 'send':
        world.checkers.onSend(this.index, effect.message, folder.facts());
        world.send(this.index, effect.to, state.clusterId, effect.message);
        return;
      case 'reply':
        if (effect.outcome.kind === 'written' && actsAsPrimary(state))
          world.checkers.onActsAsPrimary(this.index, state.view);
        world.onOutcome(this.index, effect.token, effect.outcome);
        return;
      case 'distrust':
        throw new Violation(`replica ${this.index} distrusts a disk that nobody set back: ${effect.why}`);
      case 'notice':
        world.onNotice(this.index, effect.notice);
        return;
      case 'append': {
        const { entries } = effect;
        const last = entries.at(-1);
        if (last === undefined) return;
        const commit = effect.commit;
        this.#write({ kind: 'append', entries }, () => {
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
          durable.journal = [...effect.entries];
          durable.checkpoint = undefined;
          durable.older = undefined;
          durable.commit = 0;
        });
        return;
      case 'switchLog':
        this.#transition(effect, (durable) => {
          addToOutbox(durable, effect.salvaged);
          durable.journal = [...durable.journal.filter((entry) => entry.op < effect.from), ...effect.entries];
        });
        return;
      case 'installCheckpoint': {
        const files = filesOf(this.#staged);
        this.#transition(effect, (durable) => {
          addToOutbox(durable, effect.salvaged);
          durable.checkpoint = { offer: effect.offer, files };
          durable.older = undefined;
          durable.journal = [...effect.entries];
          durable.commit = effect.offer.head.base.op;
        });
        return;
      }
      case 'beginStaging':
        if (effect.kept.size > 0) this.reached.add('beginStaging: goes on');
        for (const [name, bytes] of this.#staged) {
          const kept = effect.kept.get(name);
          if (kept === undefined) this.#staged.delete(name);
          else this.#staged.set(name, bytes.subarray(0, kept));
        }
        return;
      case 'stageChunk': {
        const before = this.#staged.get(effect.file) ?? new Uint8Array();
        if (before.length !== effect.offset) throw new Error('a chunk was staged at the wrong place');
        this.#staged.set(effect.file, Buffer.concat([before, effect.bytes]));
        return;
      }
      case 'verifyStaged': {
        const isValid = effect.offer.files.every(({ name, hash }) => hashOf(this.#staged.get(name) ?? '') === hash);
        world.schedule.after(
          1,
          this.#ifAlive(() => this.dispatch({ kind: 'checkpointVerified', nonce: effect.nonce, isValid })),
        );
        return;
      }
      case 'offerCheckpoint': {
        const kept = folder.durable.checkpoint;
        if (kept === undefined) return;
        const { view, logView, nonce } = effect;
        const message: Message = { kind: 'checkpointOffered', view, logView, nonce, offer: kept.offer };
        world.send(this.index, effect.to, state.clusterId, message);
        return;
      }
      case 'sendChunk': {
        const { checkpoint, file, offset, length, nonce } = effect;
        const kept = [folder.durable.checkpoint, folder.durable.older].find(
          (one) => one?.offer.head.base.op === checkpoint,
        );
        const text = kept === undefined ? undefined : Buffer.from(kept.files.contents()[file] ?? '');
        const bytes = text?.subarray(offset, offset + length) ?? new Uint8Array();
        const message: Message = { kind: 'chunk', checkpoint, file, offset, bytes, isGone: text === undefined, nonce };
        world.send(this.index, effect.to, state.clusterId, message);
        return;
      }
      case 'checkpoint': {
        const files = folder.files.copy();
        const offer: CheckpointOffer = {
          head: effect.head,
          files: files.offered(),
        };
        const at = effect.head.base.op;
        world.schedule.after(
          world.prng.between(1, 40),
          this.#ifAlive(() => {
            const { durable } = folder;
            // A checkpoint of a peer may have been installed meanwhile.
            if (at > (durable.checkpoint?.offer.head.base.op ?? 0)) {
              durable.older = durable.checkpoint;
              durable.checkpoint = { offer, files };
              durable.journal = durable.journal.filter((entry) => entry.op > (durable.older?.offer.head.base.op ?? 0));
            }
            this.dispatch({ kind: 'checkpointed', op: at });
          }),
        );
        return;
      }
      case 'appendOutbox': {
        const { items } = effect;
        const requestIds = items.map(({ requestId }) => requestId);
        this.#write({ kind: 'outbox', items }, () => ({ kind: 'outboxAppended', requestIds }));
        return;
      }
      case 'settleOutbox':
        folder.durable.outbox = folder.durable.outbox.filter((item) => !effect.requestIds.includes(item.requestId));
        return;
    }
  }

  #transition(
    effect: Extract<Effect, { transition: number }>,
    apply: Extract<DiskWrite, { kind: 'transition' }>['apply'],
  ): void {
    const { promises, transition } = effect;
    this.reached.add(effect.kind);
    this.world.onTransition(this, effect.kind);
    this.#write({ kind: 'transition', promises, apply }, () => {
      if (effect.kind === 'installCheckpoint' || effect.kind === 'initialise') this.#replaceFiles();
      return { kind: 'transitionDone', transition };
    });
  }

  /** The same table objects show the installed content, as storage promises. */
  #replaceFiles(): void {
    const installed = this.folder.durable.checkpoint?.files.copy() ?? new MemoryFiles();
    for (const [name, table] of this.folder.files.tables) {
      const text = installed.tables.get(name)?.text();
      table.replace(text ?? `${table.text().split('\r\n')[0]}\r\n`);
    }
    for (const [name, text] of installed.documents) this.folder.files.documents.set(name, text);
  }

  #write(write: DiskWrite, done: () => Untimed): void {
    this.#queue.push({ write, done });
    if (!this.#isWriting) this.#writeNext();
  }

  #writeNext(): void {
    const next = this.#queue[0];
    if (next === undefined) return;
    this.#isWriting = true;
    const { schedule, prng } = this.world;
    const delay = prng.between(0, this.diskDelayMs) + prng.unit();
    const end = this.#ifAlive(() => {
      if (this.isPaused) this.#endedWhilePaused = end;
      else this.#endWrite(next);
    });
    schedule.after(delay, end);
  }

  #endWrite({ write, done }: QueuedWrite): void {
    if (this.isDiskFull && write.kind === 'outbox') {
      this.#queue.shift();
      this.#isWriting = false;
      // The rows may have got to the disk before there was no room for their name.
      if (this.world.prng.chance(0.5)) this.folder.complete(write);
      this.dispatch({ kind: 'outboxFull', requestIds: write.items.map(({ requestId }) => requestId) });
    } else if (this.isDiskFull && write.kind === 'append') {
      // Everything that waits behind it, up to a transition, is given up with it.
      while (this.#queue[0]?.write.kind === 'append') this.#queue.shift();
      this.#isWriting = false;
      this.dispatch({ kind: 'diskFull' });
    } else {
      this.folder.complete(write);
      this.world.checkers.onDisk(this.index, this.folder.facts());
      const event = done();
      this.#queue.shift();
      this.#isWriting = false;
      this.dispatch(event);
    }
    if (!this.#isWriting) this.#writeNext();
  }

  /** One line on where it stands. */
  describe(): string {
    const { state } = this;
    if (state === undefined) return 'down';
    const { status, view, logView, log, durable, commit, outbox, resigned, transition, fetch } = state;
    const facts = [`${status} ${view}/${logView} op ${lastOp(log)} durable ${durable} commit ${commit}`];
    if (outbox.length > 0) facts.push(`outbox ${outbox.length}`);
    if (resigned?.view === view) facts.push('resigned');
    if (transition !== undefined) facts.push(transition.next);
    if (fetch !== undefined) facts.push(`fetch ${fetch.purpose}`);
    return facts.join(' ');
  }

  #ifAlive(run: () => void): () => void {
    const incarnation = this.#incarnation;
    return () => {
      if (this.#incarnation === incarnation) run();
    };
  }
}

function filesOf(staged: ReadonlyMap<string, Uint8Array>): MemoryFiles {
  const files = new MemoryFiles();
  for (const [name, bytes] of staged) {
    const text = Buffer.from(bytes).toString('utf8');
    if (name.endsWith('.csv') && name !== 'menu.csv') files.table(name, text);
    else files.document(name).write(text);
  }
  return files;
}
