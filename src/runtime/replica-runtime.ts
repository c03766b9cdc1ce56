import { BEING_STOPPED } from '../base/asked-for.js';
import { op, replicaIndex, type OpNumber, type ReplicaIndex } from '../base/numbers.js';
import { refusal, type Refusal } from '../base/refusal.js';
import { DamagedFileError, type OutboxItem } from '../base/service.js';
import { ASKED_FOR_COPY } from '../ports/storage.js';
import type { OutgoingBackup } from '../ports/backup.js';
import type {
  CopyProgress,
  IncomingCall,
  PlannedEnd,
  ReplicaCalls,
  ReplicaStatus,
  SwitchoverOutcome,
} from '../ports/calls.js';
import type { ReplicaGauges } from '../ports/gauges.js';
import type { Transport } from '../ports/transport.js';
import type { Effect, Notice } from '../vsr/effect.js';
import type { Event, ReadRequest, Untimed, WriteRequest } from '../vsr/event.js';
import { healthOf } from '../vsr/health.js';
import type { Envelope } from '../vsr/message.js';
import { lastOp } from '../vsr/log.js';
import { receiptsTable } from '../vsr/receipts.js';
import { start } from '../vsr/start.js';
import { actsAsPrimary, type State } from '../vsr/state.js';
import { step } from '../vsr/step.js';
import { beginBackup } from './backup-source.js';
import { CallBook } from './call-book.js';
import { DurableTimes } from './durable-times.js';
import { isDiskInDoubt } from './disk-failure.js';
import { DiskQueue } from './disk-queue.js';
import { EffectPerformer } from './effect-performer.js';
import { FolderWatch, INSPECT_EVERY_MS, SCRUB_EVERY_MS } from './folder-watch.js';
import { PeerHealthWatch } from './peer-health.js';
import { gaugesOf } from './gauges.js';
import { PrimaryProgress } from './primary-progress.js';
import { OperatorRequests } from './operator-requests.js';
import { damageOf, faultsOf, startedOf } from './found-folder.js';
import type { Fatal } from './fatal.js';
import type { ReplicaParts } from './replica-parts.js';
import { LastFault } from './last-fault.js';
import { PresentDamage } from './present-damage.js';
import { ReplicaInspection } from './replica-inspection.js';
import { watchedTable } from './state-notes.js';
import { copyProgressOf } from './copying.js';
import { statusOf } from './status.js';

/** ms between two looks whether a full disk has room again. */
const ROOM_EVERY_MS = 250;
/** ms between two writes to the tables' files under load: nothing relies on them but people who read along. */
const FLUSH_EVERY_MS = 20;
/** ms that a process whose disk failed waits for the note that says so. */
const DOUBT_PATIENCE_MS = 1_000;
/** ms that a stopping primary waits for its last writes, and then for the others to take over. */
const STOP_PATIENCE_MS = 1_500;
const FIRST_OP = op(1);
/** ms for an answer to leave before a process that was asked to throw its copy away ends. */
const LAST_WORDS_MS = 100;

/** The loop around the core: takes an event, steps, does the effects in order. */
export class ReplicaRuntime implements ReplicaCalls {
  readonly #parts: ReplicaParts;
  readonly #disk: DiskQueue;
  readonly #effects: EffectPerformer;
  readonly #watch: FolderWatch;
  readonly #calls = new CallBook();
  readonly #state: State;
  readonly #startedMs: number;
  readonly #cancelTimers = new Set<() => void>();
  readonly #inbox: Untimed[] = [];
  readonly #damage: PresentDamage;
  readonly #peerHealth: PeerHealthWatch;
  readonly #operator: OperatorRequests;
  readonly #progress = new PrimaryProgress();
  readonly #lastFault: LastFault;
  readonly #durableTimes = new DurableTimes();
  readonly inspection: ReplicaInspection;
  /** First op that the durable change under way replaces in the log. */
  #replacedFrom: OpNumber | undefined;
  #transport: Transport | undefined;
  #reads = 0;
  #flushedMs = -Infinity;
  #isStepping = false;
  #isAnsweringMore = false;
  #isStopping = false;
  #isWaitingForRoom = false;
  #isDead = false;

  constructor(parts: ReplicaParts) {
    this.#parts = parts;
    this.#startedMs = parts.clock.monotonicMs();
    const events = {
      onAppended: (op: OpNumber) => {
        this.#durableTimes.note(op, parts.clock.wallMs());
        this.#dispatch({ kind: 'appended', op });
      },
      onTransitionDone: (transition: number) => this.#dispatch({ kind: 'transitionDone', transition }),
      onOutboxAppended: (requestIds: readonly string[]) => this.#dispatch({ kind: 'outboxAppended', requestIds }),
      onOutboxFull: (requestIds: readonly string[]) => this.#dispatch({ kind: 'outboxFull', requestIds }),
      onDiskFull: () => this.#onDiskFull(),
      onDiskSlow: () => this.#dispatch({ kind: 'diskSlow' }),
      onFailed: (error: unknown) => this.#onDiskFailed(error),
    };
    this.#disk = new DiskQueue(parts.storage, events, parts.timers, { clock: parts.clock, meter: parts.meter });
    this.#effects = new EffectPerformer({
      storage: parts.storage,
      disk: this.#disk,
      send: (to, message) => this.#transport?.send(to, message),
      settle: (token, outcome) => {
        if (outcome.kind === 'read') this.#reads++;
        this.#calls.settle(token, outcome);
      },
      tell: (notice) => this.#tell(notice),
      dispatch: (event) => {
        if (!this.#isDead) this.#dispatch(event);
      },
      onDiskFailed: (error) => this.#onDiskFailed(error),
      onDistrust: (why) => this.#die({ kind: 'setBack', why }),
      whenRoom: (run) => this.#whenRoom(run),
      after: (ms, run) => this.#after(ms, run),
      nowMs: () => parts.clock.monotonicMs(),
    });
    this.#watch = new FolderWatch({
      storage: parts.storage,
      isJudgeable: () => !this.#isDead && this.#state.status !== 'founding' && this.#state.transition === undefined,
      onDamaged: (damage) => this.#die({ kind: 'damaged', damage }),
      onMended: (damage) => {
        this.#lastFault.noteDamage(damage, parts.clock.wallMs());
        parts.onMended(damage);
      },
      onDiskFailed: (error) => this.#onDiskFailed(error),
    });
    const { config, services, storage, loaded, timers, clock } = parts;
    this.#damage = new PresentDamage(loaded, config.replicaIds);
    this.#lastFault = new LastFault(parts.faultBefore);
    this.#lastFault.noteDamage(faultsOf(loaded), clock.wallMs());
    this.#peerHealth = new PeerHealthWatch({
      peers: config.replicaIds.map((_, index) => replicaIndex(index)).filter((index) => index !== config.self),
      heartbeatMs: config.heartbeatMs,
      startedMs: this.#startedMs,
      unhealthyBefore: parts.unhealthyBefore ?? new Set(),
      tell: (notice) => {
        if (notice.kind === 'healthy') this.#operator.noteBack(notice.peer);
        this.#tell(notice);
      },
    });
    this.#operator = new OperatorRequests({
      config,
      clock,
      state: () => this.#state,
      now: () => this.#now(),
      dispatch: (event) => this.#dispatch(event),
      until: (isDone, patienceMs) => this.#until(isDone, patienceMs),
      isEnding: () => this.#isDead || this.#isStopping,
      throwAway: () => this.#die({ kind: 'resync', why: ASKED_FOR_COPY }),
      onRestart: () => parts.onRestart?.(),
      onLeave: (peer, why) => this.#peerHealth.takesLeave(peer, why, clock.monotonicMs()),
      askPeers: async (end) => parts.askPeers?.(end) ?? [],
    });
    const receipts = receiptsTable(storage.files);
    this.inspection = new ReplicaInspection({
      storage,
      services,
      receipts,
      timers,
      durableTimes: this.#durableTimes,
      state: () => this.#state,
      onDamaged: (error) => this.#die({ kind: 'damaged', damage: [damageOf(error)] }),
    });
    const watched = watchedTable(receipts, () => this.inspection.notes.onBoundary());
    const { state, effects } = start(config, services, watched, startedOf(loaded), this.#now());
    this.#state = state;
    this.#pending = effects;
    this.#durableTimes.note(state.durable, clock.wallMs());
  }

  #pending: readonly Effect[];

  /** The cluster's id; empty while the folder is. */
  get clusterId(): string {
    return this.#state.clusterId;
  }

  /** Begins: from here on messages are sent. */
  begin(transport: Transport): void {
    this.#transport = transport;
    const { heartbeatMs } = this.#parts.config;
    for (const effect of this.#pending) this.#effects.perform(effect);
    this.#parts.storage.flushTables();
    this.#every(Math.max(5, Math.min(20, heartbeatMs / 5)), () => {
      this.#dispatch({ kind: 'tick' });
      this.#lookAtPeers();
    });
    this.#every(INSPECT_EVERY_MS, () => this.#watch.inspect());
    this.#every(SCRUB_EVERY_MS, () => void this.#watch.scrub());
    this.#every(1_000, () => this.#calls.forgetExpired(this.#parts.clock.monotonicMs()));
  }

  onEnvelope(envelope: Envelope): void {
    const { heardMs } = this.#state;
    const beforeMs = heardMs[envelope.from];
    this.#progress.note(envelope);
    this.#dispatch({ kind: 'message', envelope });
    // What an empty or a recovering replica says does not make it heard as a member.
    if (heardMs[envelope.from] !== beforeMs) this.#peerHealth.heard(envelope.from, this.#parts.clock.monotonicMs());
  }

  onRefused(peer: ReplicaIndex): void {
    this.#dispatch({ kind: 'connectionRefused', peer });
  }

  submit(calls: readonly IncomingCall[]): void {
    const { clock, meter } = this.#parts;
    const toMonotonic = clock.monotonicMs() - clock.wallMs();
    const writes: WriteRequest[] = [];
    const alone: WriteRequest[] = [];
    const reads: ReadRequest[] = [];
    for (const call of calls) {
      const deadlineMs = call.deadlineWallMs + toMonotonic;
      const { service } = call;
      if (call.kind === 'read') {
        const { query, consistency, minOp } = call;
        reads.push({ token: this.#calls.enter(call.done, deadlineMs), service, query, consistency, minOp, deadlineMs });
      } else if (this.#isStopping) {
        const why = refusal('NO_PRIMARY', 'This replica is stopping; another one takes over. Try again in a moment.');
        call.done({ kind: 'refused', refusal: why, primary: undefined });
      } else {
        const { request, isAlone } = call;
        const write = { token: this.#calls.enter(call.done, deadlineMs), service, request, deadlineMs };
        (isAlone === true ? alone : writes).push(write);
      }
    }
    if (writes.length > 0) {
      meter?.received('writes', writes.length);
      this.#dispatch({ kind: 'writes', requests: writes });
    }
    if (alone.length > 0) {
      meter?.received('aloneOrders', alone.length);
      this.#dispatch({ kind: 'aloneOrders', requests: alone });
    }
    if (reads.length > 0) {
      meter?.received('reads', reads.length);
      this.#dispatch({ kind: 'reads', requests: reads });
    }
  }

  outbox(after: string, limit: number): readonly OutboxItem[] {
    const { outbox } = this.#state;
    const from = after === '' ? 0 : outbox.findIndex(({ requestId }) => requestId === after) + 1;
    return outbox.slice(from, from + limit);
  }

  status(): ReplicaStatus {
    const { clock } = this.#parts;
    const uptimeMs = clock.monotonicMs() - this.#startedMs;
    return statusOf(this.#state, this.#now(), {
      healthShown: (peer, health) => this.#peerHealth.shownAs(peer, health),
      uptimeMs,
      damage: this.#damage.lines(this.#state),
      orders: [...this.#parts.services.values()].reduce((sum, one) => sum + (one.counts?.()['orders'] ?? 0), 0),
      reads: this.#reads,
      diskFreeBytes: this.#freeBytes(),
      lastFault: this.#lastFault.last,
    });
  }

  /** A folder that is gone is told by the inspection, not by whoever asks for the status. */
  #freeBytes(): number | undefined {
    try {
      return this.#parts.freeBytes?.();
    } catch {
      return undefined;
    }
  }

  /** Further numbers for metrics and readiness. */
  gauges(): ReplicaGauges {
    const commitHeard = this.#progress.commitIn(this.#state.view);
    return gaugesOf(this.#state, commitHeard, this.#disk.length, this.#parts.clock.wallMs());
  }

  resign(why: string): void {
    this.#dispatch({ kind: 'resign', why });
  }

  switchOver(toId: string, why: string): Promise<SwitchoverOutcome> {
    return this.#operator.switchOver(toId, why);
  }

  resync(): Promise<string | undefined> {
    return this.#operator.resync();
  }

  restart(): Promise<string | undefined> {
    return this.#operator.restart();
  }

  agreeToEnd(end: PlannedEnd): string | undefined {
    return this.#operator.agreeToEnd(end);
  }

  copyProgress(): CopyProgress {
    return copyProgressOf(this.#state);
  }

  backup(): OutgoingBackup | Refusal {
    const inTurn = (who: object, run: () => void): void => {
      if (!this.#isDead) this.#orDie(() => this.#effects.inTurn(who, run));
    };
    return beginBackup(this.#state, { storage: this.#parts.storage, inTurn });
  }

  /** Stops in order: last writes are finished, a primary hands over first, the disk comes to rest, the folder is released. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (!this.#isDead && actsAsPrimary(this.#state)) {
      await this.#until(() => this.#state.pending.size === 0, STOP_PATIENCE_MS);
      this.resign(BEING_STOPPED);
      const { view: office } = this.#state;
      await this.#until(() => this.#state.view > office && this.#state.status === 'normal', STOP_PATIENCE_MS);
    }
    this.#end();
    await this.#disk.idle();
    await this.#transport?.close();
    this.#parts.storage.flushTables();
    this.#parts.storage.close();
  }

  async #until(isDone: () => boolean, patienceMs: number): Promise<void> {
    const { clock, timers } = this.#parts;
    const giveUpMs = clock.monotonicMs() + patienceMs;
    while (!isDone() && !this.#isDead && clock.monotonicMs() < giveUpMs)
      await new Promise<void>((resolve) => void timers.after(5, resolve));
  }

  #every(ms: number, run: () => void): void {
    this.#cancelTimers.add(this.#parts.timers.every(ms, run));
  }

  #after(ms: number, run: () => void): void {
    const cancel = this.#parts.timers.after(ms, () => {
      this.#cancelTimers.delete(cancel);
      this.#orDie(run);
    });
    this.#cancelTimers.add(cancel);
  }

  #end(): void {
    this.#isDead = true;
    for (const cancel of this.#cancelTimers) cancel();
  }

  #now() {
    const { clock, random } = this.#parts;
    return { nowMs: clock.monotonicMs(), wallMs: clock.wallMs(), randomU32: random.next() };
  }

  #dispatch(event: Untimed): void {
    this.#inbox.push(event);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      this.#orDie(() => {
        for (let next = this.#inbox.shift(); next !== undefined && !this.#isDead; next = this.#inbox.shift())
          this.#take(next);
      });
    } finally {
      this.#isStepping = false;
    }
  }

  /** What throws was broken off half way: this process may neither answer nor go on. */
  #orDie(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (error instanceof DamagedFileError) this.#die({ kind: 'damaged', damage: [damageOf(error)] });
      else this.#die({ kind: 'bug', error });
    }
  }

  #take(event: Untimed): void {
    const timed = { ...event, ...this.#now() } as Event;
    const effects = step(this.#state, timed);
    this.#parts.onStep?.(timed, this.#state, effects);
    if (event.kind === 'transitionDone' || this.#state.transition !== undefined) this.#noteReplaced(event, effects);
    for (const effect of effects) this.#effects.perform(effect);
    this.#flushWhenDue(timed.nowMs);
    this.#answerMoreReads();
  }

  /** Reads that were too much for one step are answered in later turns: what came meanwhile, heartbeats above all, comes first. */
  #answerMoreReads(): void {
    if (!this.#state.areReadsDue || this.#isAnsweringMore) return;
    this.#isAnsweringMore = true;
    this.#after(1, () => {
      this.#isAnsweringMore = false;
      this.#dispatch({ kind: 'reads', requests: [] });
    });
  }

  /**
   * While more is on its way the rows of several batches reach the tables' files with one write; when all is committed the files
   * have all of it, at once.
   */
  #flushWhenDue(nowMs: number): void {
    const isMoreComing = this.#state.applied < lastOp(this.#state.log);
    if (isMoreComing && nowMs - this.#flushedMs < FLUSH_EVERY_MS) return;
    this.#flushedMs = nowMs;
    this.#parts.storage.flushTables();
    this.inspection.notes.afterStep();
  }

  /** What a durable change of the log means for when its ops were on disk. */
  #noteReplaced(event: Untimed, effects: readonly Effect[]): void {
    if (event.kind === 'transitionDone') {
      if (this.#replacedFrom !== undefined) this.#durableTimes.forgetFrom(this.#replacedFrom);
      this.#replacedFrom = undefined;
      this.#durableTimes.note(this.#state.durable, this.#parts.clock.wallMs());
    }
    for (const effect of effects) {
      if (effect.kind === 'switchLog') this.#replacedFrom = effect.from;
      // A checkpoint stands for everything before it too.
      else if (effect.kind === 'installCheckpoint') this.#replacedFrom = FIRST_OP;
    }
  }

  #tell(notice: Notice): void {
    const { view, durable, commit } = this.#state;
    if (notice.kind === 'switchoverGivenUp') this.#operator.noteGivenUp(notice.why);
    if (notice.kind === 'diverged') this.#damage.noteDifference(notice);
    const { clock, config } = this.#parts;
    this.#lastFault.noteNotice(notice, clock.wallMs(), (peer) => config.replicaIds[peer] ?? String(peer));
    this.#parts.onNotice(notice, { view, op: durable, commit });
  }

  /** One that stops hears nobody, for a reason of its own. */
  #lookAtPeers(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#isStopping || this.#isDead) return;
    if (this.#state.status === 'founding') this.#peerHealth.beginAt(nowMs);
    else this.#peerHealth.look((peer) => healthOf(this.#state, peer, nowMs), nowMs);
  }

  #onDiskFull(): void {
    this.#lastFault.noteDiskFull(this.#parts.clock.wallMs());
    this.#dispatch({ kind: 'diskFull' });
    if (this.#isWaitingForRoom) return;
    this.#isWaitingForRoom = true;
    this.#tell({ kind: 'diskFull' });
    this.#whenRoom(() => {
      this.#isWaitingForRoom = false;
      this.#tell({ kind: 'diskHasRoom' });
      this.#dispatch({ kind: 'diskHasRoom' });
    });
  }

  #whenRoom(run: () => void): void {
    const cancel = this.#parts.timers.every(ROOM_EVERY_MS, () => {
      if (!this.#parts.hasRoom()) return;
      cancel();
      this.#cancelTimers.delete(cancel);
      run();
    });
    this.#cancelTimers.add(cancel);
  }

  /** A write failed for another reason than room, or into a file that somebody deleted: what the next start may believe (rule 10). */
  #onDiskFailed(error: unknown): void {
    if (this.#isDead) return;
    if (error instanceof DamagedFileError) this.#die({ kind: 'damaged', damage: [damageOf(error)] });
    else this.#die({ kind: isDiskInDoubt(error) ? 'diskFailed' : 'writeFailed', error });
  }

  #die(why: Fatal): void {
    if (this.#isDead) return;
    this.#end();
    if (why.kind === 'damaged' || why.kind === 'bug') this.#parts.storage.distrustIndexes();
    if (why.kind === 'diskFailed') void this.#leaveDoubt(why, String(why.error));
    else if (why.kind === 'setBack') void this.#leaveDoubt(why, why.why);
    else if (why.kind === 'resync') void this.#leaveDoubt(why, why.why, LAST_WORDS_MS);
    else this.#parts.onFatal(why);
  }

  /** The next start must not believe the folder, whoever makes it; but a disk that hangs must not keep this process alive. */
  async #leaveDoubt(why: Fatal, text: string, atLeastMs = 0): Promise<void> {
    const { storage, timers } = this.#parts;
    const patience = new Promise<void>((resolve) => void timers.after(DOUBT_PATIENCE_MS, resolve));
    const left = storage.leaveDoubt(text);
    const leastly = new Promise<void>((resolve) => void timers.after(atLeastMs, resolve));
    await Promise.all([leastly, Promise.race([left.catch(() => undefined), patience])]);
    this.#parts.onFatal(why);
  }
}
