import { isAskedFor } from '../base/asked-for.js';
import { replicaIndex, type ReplicaIndex } from '../base/numbers.js';
import { createOperationsClient } from '../net/operations-client.js';
import type { ClusterTls } from '../net/tls.js';
import { EventLog } from '../operations/events/event-log.js';
import { eventOfNotice } from '../operations/events/event-of-notice.js';
import { keptFault } from '../operations/events/kept-fault.js';
import { createCommand } from '../operations/notify/command.js';
import { isShared } from '../operations/notify/conditions.js';
import { NoticeDesk } from '../operations/notify/notice-desk.js';
import { unhealthyIn } from '../operations/notify/restored.js';
import { createWebhook } from '../operations/notify/webhook.js';
import type { FileSystem } from '../ports/file-system.js';
import type { Clock, Timers } from '../ports/machine.js';
import type { Damage } from '../ports/storage.js';
import type { ReplicaStatus } from '../ports/calls.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { EventFact, EventPlace, NoticeWay, OperatorEvents, ReplicaEvent } from '../ports/events.js';
import type { Fatal } from '../runtime/fatal.js';
import { openLineFile } from '../storage/line-file.js';
import type { Notice } from '../vsr/effect.js';

/** In the folder `logs` of a replica's folder. */
export const EVENTS_FILE = 'events.jsonl';
/** ms that a process which must end waits for its last event to be written, on a disk that may hang. */
const LAST_WORDS_MS = 200;
/** ms within which the same is not noted again: a backup that lags copies pieces of log all the time. */
const SAME_AGAIN_MS = 10_000;
const OFTEN = new Set(['state-transfer', 'outbox-settled', 'outbox-kept']);

/** What the events of a replica are made of. */
export interface ReplicaEventsOptions {
  readonly configuration: ClusterConfiguration;
  readonly id: string;
  readonly fileSystem: FileSystem;
  /** How it proves itself to its peers; absent: plain text. */
  readonly tls?: ClusterTls | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Environment of this process, of which commands get the harmless part. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The events of one replica, from everything that tells of some, to everybody who is told. */
export class ReplicaEvents implements OperatorEvents {
  readonly #log: EventLog;
  readonly #replicaIds: readonly string[];
  readonly #lastOften = new Map<string, number>();
  #status: (() => ReplicaStatus) | undefined;
  #viewChange: Extract<Notice, { kind: 'viewChangeBegun' }> | undefined;
  #desk: NoticeDesk | undefined;
  #closePeers = (): void => undefined;

  constructor(private readonly options: ReplicaEventsOptions) {
    const { configuration, id, fileSystem, clock } = options;
    const { replicas, notify } = configuration;
    this.#replicaIds = replicas.map((replica) => replica.id);
    const folder = replicas.find((replica) => replica.id === id)?.resources ?? '';
    const on: ReadonlySet<string> = new Set(notify?.on);
    this.#log = new EventLog({
      replica: id,
      file: openLineFile(fileSystem, folder, EVENTS_FILE),
      clock,
      keyOf: (event) => (on.has(event.kind) && !isShared(event.kind) ? keyOf(event) : ''),
    });
  }

  /** Peers that were unhealthy when the process before this one ended, by their index. */
  get unhealthyBefore(): ReadonlySet<ReplicaIndex> {
    const ids = unhealthyIn(this.#log.events);
    return new Set(this.#replicaIds.flatMap((id, index) => (ids.has(id) ? [replicaIndex(index)] : [])));
  }

  /** The last fault of the processes before this one. */
  get faultBefore(): ReplicaStatus['lastFault'] {
    return keptFault(this.#log.events);
  }

  /** The replica is there; begins to tell people, if the configuration says whom. */
  begin(status: () => ReplicaStatus): void {
    this.#status = status;
    const { configuration, id, tls, clock, timers, env } = this.options;
    const { notify, replicas, token, heartbeatMs } = configuration;
    if (notify === undefined) return;
    const ways: NoticeWay[] = [];
    if (notify.webhook !== undefined) ways.push(createWebhook(notify.webhook));
    if (notify.command !== undefined) ways.push(createCommand(notify.command, env));
    const peers = new Map(
      replicas.flatMap(({ id: peer, address }) =>
        peer === id ? [] : [[peer, createOperationsClient(address, token, tls)] as const],
      ),
    );
    this.#closePeers = () => peers.forEach((peer) => peer.close());
    this.#desk = new NoticeDesk({
      self: id,
      replicaIds: this.#replicaIds,
      heartbeatMs,
      on: notify.on,
      ways,
      log: this.#log,
      clock,
      timers,
      status,
      // A peer that does not answer knows nothing.
      ask: async (peer, notice, withinMs) =>
        peers
          .get(peer)
          ?.shareNotice(notice, withinMs)
          .catch(() => undefined),
    });
    this.#desk.begin();
  }

  list(after: number, limit: number): readonly ReplicaEvent[] {
    return this.#log.list(after, limit);
  }

  share(...[notice]: Parameters<OperatorEvents['share']>): ReturnType<OperatorEvents['share']> {
    return this.#desk?.share(notice) ?? { key: '', isMine: false, by: '', delivered: [] };
  }

  /** The core or the runtime tells something. */
  onNotice(notice: Notice, place: EventPlace): void {
    const fact = eventOfNotice(notice, this.#replicaIds);
    if (notice.kind === 'viewChangeBegun') this.#viewChange = notice;
    if (fact === undefined || (OFTEN.has(fact.kind) && this.#isTooOften(fact))) return;
    // Who became primary is asked why, and the replica knows since the change began.
    const why = notice.kind === 'becamePrimary' && this.#viewChange?.view === notice.view ? this.#viewChange.why : '';
    this.#log.record(why === '' ? fact : { ...fact, reason: why }, place);
  }

  /** Notes what the process itself knows. */
  note(fact: EventFact): void {
    const { view = 0, durableOp: op = 0, commit = 0 } = this.#status?.() ?? {};
    this.#log.record(fact, { view, op, commit });
  }

  /** Files were not as they were left: `repaired` where they are put right, else `damage`. */
  noteDamage(kind: 'damage' | 'repaired', damage: readonly Damage[]): void {
    const reason = damage
      // That a copy is thrown away on request is told as that.
      .filter(({ what }) => !isAskedFor(what))
      .map(({ file, row, what }) => `${file}${row === undefined ? '' : `, row ${row}`}: ${what}`)
      .join('; ');
    if (reason !== '') this.note({ kind, subject: '', reason: reason.slice(0, REASON_LENGTH_MAX) });
  }

  /** The last words of a process that must end; resolves when they are written, or in a moment. */
  async end(why: Fatal): Promise<void> {
    this.#desk?.stop();
    if (why.kind === 'damaged') this.noteDamage('damage', why.damage);
    else this.note(lastWords(why));
    const late = new Promise<void>((resolve) => void this.options.timers.after(LAST_WORDS_MS, resolve));
    await Promise.race([this.#log.idle(), late]);
  }

  /** Stops in order, for this reason: from now on nobody is told. */
  stop(why: string): void {
    this.#desk?.stop();
    this.#closePeers();
    this.note({ kind: 'stopping', subject: '', reason: why });
  }

  /** Resolves when everything is written that can be. */
  idle(): Promise<void> {
    return this.#log.idle();
  }

  #isTooOften({ kind, subject }: EventFact): boolean {
    const nowMs = this.options.clock.monotonicMs();
    const lastMs = this.#lastOften.get(`${kind} ${subject}`) ?? -Infinity;
    if (nowMs - lastMs < SAME_AGAIN_MS) return true;
    this.#lastOften.set(`${kind} ${subject}`, nowMs);
    return false;
  }
}

const REASON_LENGTH_MAX = 1_000;

/** There is one primary of a view; everything else is of a replica and a moment. */
function keyOf({ kind, view, replica, number }: Omit<ReplicaEvent, 'key'>): string {
  return kind === 'became-primary' || kind === 'view-change' ? `${kind}/${view}` : `${kind}/${replica}/${number}`;
}

function lastWords(why: Exclude<Fatal, { kind: 'damaged' }>): EventFact {
  switch (why.kind) {
    case 'diskFailed':
      return failure('disk-failed', `a write to disk failed (${String(why.error)}): it starts again as recovering`);
    case 'setBack':
      return failure('damage', `the folder is not what it promised by (${why.why}): it starts again as recovering`);
    case 'resync':
      return failure('stopping', `${why.why}: it starts again and copies everything`);
    case 'writeFailed':
      return failure('disk-failed', `a write to disk could not be made (${String(why.error)}): it starts again`);
    case 'bug':
      // What an assertion says may hold data of customers: that is for the log of the replica alone.
      return failure('crashed', 'a rule of the program is broken: it starts again; its log says which');
  }
}

const failure = (kind: EventFact['kind'], reason: string): EventFact => ({
  kind,
  subject: '',
  reason: reason.slice(0, REASON_LENGTH_MAX),
});
