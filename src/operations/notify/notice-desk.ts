import type { Clock, Timers } from '../../ports/machine.js';
import type { ReplicaStatus } from '../../ports/calls.js';
import type {
  EventFact,
  EventKind,
  KnownNotice,
  Notice,
  NoticeWay,
  NoticeWayName,
  ReplicaEvent,
  SharedNotice,
} from '../../ports/events.js';
import type { EventLog } from '../events/event-log.js';
import { type Condition, Conditions, isShared, type Telling } from './conditions.js';
import { Delivery } from './delivery.js';
import { restoreConditions, untoldOf } from './restored.js';
import { Teller } from './teller.js';

/** ms that peers have to say what they know before something is told. */
const ASK_MS = 500;
/** ms after which a peer that is at it is asked again. */
const ASK_AGAIN_MS = 1_000;
/** ms after a start before what the process before saw is told, or told to be over: by then it is known whether it still is. */
const SETTLED_AFTER_MS = 5_000;

/** Heartbeats after which this replica sees itself what a peer saw, or it is not so: health is a matter of five. */
const SEEN_AFTER = 10;

/** What the desk is made of. */
export interface NoticeDeskOptions {
  /** Id of the replica. */
  readonly self: string;
  readonly replicaIds: readonly string[];
  readonly heartbeatMs: number;
  /** Kinds that people are told of. */
  readonly on: readonly EventKind[];
  readonly ways: readonly NoticeWay[];
  readonly log: EventLog;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly status: () => ReplicaStatus;
  /** Asks a peer; `undefined` when it does not answer in time. */
  readonly ask: (peer: string, notice: SharedNotice, withinMs: number) => Promise<KnownNotice | undefined>;
}

/**
 * Tells people of a replica's events. What only this replica can know (its disk, that it became primary) it tells itself, after a restart
 * too. What several see (a peer is unhealthy, orders are closed) one of them tells (`Teller`), after it has asked the others whether
 * it is told already, and says so to them; nothing of that is replicated. So a failure is told once; a second time only when the teller
 * dies between telling people and telling its peers, and then under the same key.
 */
export class NoticeDesk {
  readonly #options: NoticeDeskOptions;
  readonly #on: ReadonlySet<EventKind>;
  readonly #deliveries: readonly Delivery[];
  readonly #conditions: Conditions;
  readonly #teller: Teller;
  #viewChange: ReplicaEvent | undefined;
  #cancel = (): void => undefined;
  #isStopped = false;

  constructor(options: NoticeDeskOptions) {
    const { self, replicaIds, heartbeatMs, on, ways, timers } = options;
    this.#options = options;
    this.#on = new Set(on);
    this.#deliveries = ways.map((way) => new Delivery(way, timers));
    this.#conditions = new Conditions({ self, replicaIds });
    this.#teller = new Teller(replicaIds, heartbeatMs);
  }

  /** Takes up what the process before this one did not finish, and begins. */
  begin(): void {
    const { log, clock, timers, heartbeatMs } = this.#options;
    const nowMs = clock.monotonicMs();
    restoreConditions(this.#conditions, log.events, { nowMs, wallMs: clock.wallMs() });
    for (const { event, missing } of untoldOf(log.events, this.#wayNames, clock.wallMs()))
      this.#tellOwn(event, missing);
    log.onEvent((event) => this.#onEvent(event));
    this.#cancel = timers.every(Math.max(50, heartbeatMs), () => this.#look());
  }

  /** What a peer tells. */
  share(notice: SharedNotice): KnownNotice {
    return this.#conditions.share(notice, this.#options.clock.monotonicMs());
  }

  /** Tells nothing more: a replica that stops sees everything end. What it has not told itself it tells after its next start. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    for (const delivery of this.#deliveries) delivery.stop();
  }

  get #wayNames(): readonly NoticeWayName[] {
    return this.#deliveries.map(({ way }) => way.name);
  }

  #onEvent(event: ReplicaEvent): void {
    if (this.#isStopped) return;
    const { kind } = event;
    if (isShared(kind)) this.#conditions.note(event, this.#options.clock.monotonicMs());
    else if (kind === 'view-change') this.#viewChange = event;
    else if (event.key !== '' && kind !== 'notified' && kind !== 'not-notified') this.#tellOwn(event, this.#wayNames);
  }

  #tellOwn(event: ReplicaEvent, ways: readonly NoticeWayName[]): void {
    // All take part in a change of view; the one that it made primary tells.
    const change = this.#viewChange;
    if (event.kind === 'became-primary' && change?.view === event.view && change.key !== '') {
      this.#viewChange = undefined;
      void this.#tell(change, change.key, ways, () => undefined);
    }
    void this.#tell(event, event.key, ways, () => undefined);
  }

  /** Tells on each way until it is taken or given up. */
  async #tell(
    event: ReplicaEvent,
    key: string,
    ways: readonly NoticeWayName[],
    onSettled: (way: NoticeWayName) => void,
  ): Promise<void> {
    const { kind, time, replica, view, op, commit, subject, reason } = event;
    const notice: Notice = { key, kind, time, replica, view, op, commit, subject, reason };
    await Promise.all(
      this.#deliveries.map(async (delivery) => {
        const { name } = delivery.way;
        if (!ways.includes(name)) return;
        const outcome = await delivery.tell(notice);
        if (outcome.kind === 'stopped') return;
        const about = `${kind}${subject === '' ? '' : ` of ${subject}`}`;
        const fact: EventFact =
          outcome.kind === 'taken'
            ? { kind: 'notified', subject: name, reason: about }
            : { kind: 'not-notified', subject: name, reason: `${about}: ${outcome.why}` };
        this.#options.log.record(fact, this.#place(), key);
        onSettled(name);
      }),
    );
  }

  #look(): void {
    const { clock, status } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#teller.look(status(), nowMs);
    this.#conditions.forget(nowMs, (condition) => this.#isSeenWell(condition, nowMs));
    this.#endWhatIsOver(nowMs);
    const waiting = new Set<string>();
    for (const condition of this.#conditions.all) {
      const { subject, beginning, end } = condition;
      // In their order: what is unhealthy for the second time is told after it was healthy.
      for (const telling of [beginning, end]) {
        if (telling === undefined || waiting.has(subject) || this.#isSettled(telling)) continue;
        waiting.add(subject);
        if (this.#isToTell(condition, telling, nowMs)) void this.#tellShared(telling);
      }
    }
  }

  #isSeenWell({ kind, subject, sinceMs }: Condition, nowMs: number): boolean {
    if (nowMs - sinceMs < SEEN_AFTER * this.#options.heartbeatMs) return false;
    return kind === 'unhealthy' ? this.#teller.hears(subject) : this.#teller.hasPrimary;
  }

  #isSettled({ kind, settled }: Telling): boolean {
    return !this.#on.has(kind) || this.#wayNames.every((way) => settled.has(way));
  }

  #isToTell(condition: Condition, telling: Telling, nowMs: number): boolean {
    if (telling.stage !== 'waiting' || telling.event === undefined || nowMs < telling.notBeforeMs) return false;
    if (condition.isOpen && condition.isRestored && nowMs - condition.sinceMs < SETTLED_AFTER_MS) return false;
    const { by } = condition.beginning;
    // Who told the beginning tells the end, wherever the primary is by then.
    if (telling === condition.end && by !== '' && this.#teller.hears(by)) return by === this.#options.self;
    return this.#teller.isTeller(telling.kind);
  }

  async #tellShared(telling: Telling): Promise<void> {
    const { self, clock } = this.#options;
    telling.stage = 'asking';
    const answers = await this.#shareWithPeers(telling);
    // A peer that began at the same time, and comes first, has it.
    if (this.#stageOf(telling) !== 'asking') return this.#wait(telling);
    for (const { key, isMine, by, delivered } of answers) {
      if (key === '' || this.#conditions.isOver(key)) continue;
      telling.key = key;
      telling.by = by;
      for (const way of delivered) telling.settled.add(way);
      if (!isMine) continue;
      telling.stage = 'waiting';
      return this.#wait(telling);
    }
    const missing = this.#wayNames.filter((way) => !telling.settled.has(way));
    if (missing.length > 0 && telling.event !== undefined && !this.#isStopped) {
      telling.by = self;
      telling.stage = 'sending';
      await this.#tell(telling.event, telling.key, missing, (way) => {
        telling.settled.add(way);
        void this.#shareWithPeers(telling);
      });
    }
    telling.stage = 'waiting';
    telling.notBeforeMs = clock.monotonicMs() + ASK_AGAIN_MS;
  }

  /** Another call may have changed it meanwhile. */
  #stageOf(telling: Telling): Telling['stage'] {
    return telling.stage;
  }

  #wait(telling: Telling): void {
    telling.notBeforeMs = this.#options.clock.monotonicMs() + ASK_AGAIN_MS;
  }

  async #shareWithPeers({ kind, subject, key, settled }: Telling): Promise<KnownNotice[]> {
    const { self, replicaIds, ask } = this.#options;
    const notice: SharedNotice = { from: self, kind, subject, key, delivered: [...settled] };
    const peers = replicaIds.filter((id) => id !== self && this.#teller.hears(id));
    const answers = await Promise.all(peers.map((peer) => ask(peer, notice, ASK_MS)));
    return answers.flatMap((answer) => answer ?? []);
  }

  /** Orders were closed when the process before this one ended, and are not any more: nobody else has seen both. */
  #endWhatIsOver(nowMs: number): void {
    const open = this.#conditions.all.find((one) => one.kind === 'read-only' && one.isOpen && one.isRestored);
    if (open === undefined || nowMs - open.sinceMs < SETTLED_AFTER_MS || !this.#teller.hasPrimary) return;
    this.#options.log.record(
      { kind: 'writable', subject: '', reason: 'enough replicas are heard again after a restart' },
      this.#place(),
    );
  }

  #place() {
    const { view, durableOp, commit } = this.#options.status();
    return { view, op: durableOp, commit };
  }
}
