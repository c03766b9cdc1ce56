import type { Clock } from '../../ports/machine.js';
import { EVENT_KINDS, type EventFact, type EventPlace, type LineFile, type ReplicaEvent } from '../../ports/events.js';
import { isoTime } from '../../base/iso-time.js';

/** Events kept in memory, the newest. */
const EVENTS_MAX = 10_000;

/** What an event log is made of. */
export interface EventLogOptions {
  /** Id of the replica. */
  readonly replica: string;
  readonly file: LineFile;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** The key of the notice that people get of an event; empty: none. */
  readonly keyOf: (event: Omit<ReplicaEvent, 'key'>) => string;
}

/** The events of one replica: in memory, and in a file that may be lost. */
export class EventLog {
  readonly #events: ReplicaEvent[];
  readonly #listeners = new Set<(event: ReplicaEvent) => void>();

  constructor(private readonly options: EventLogOptions) {
    this.#events = options.file.lines.flatMap((line) => eventOf(line) ?? []).slice(-EVENTS_MAX);
  }

  /** All that are known, oldest first. */
  get events(): readonly ReplicaEvent[] {
    return this.#events;
  }

  /** Tells everybody who listens of each event from now on. */
  onEvent(listener: (event: ReplicaEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** Notes that something has happened now; `key` where it is about a notice. */
  record(fact: EventFact, { view, op, commit }: EventPlace, key?: string): ReplicaEvent {
    const wallMs = this.options.clock.wallMs();
    // By the clock, so that numbers rise also when the file is lost; by one more where the clock stands or goes back.
    const number = Math.max(Math.floor(wallMs), (this.#events.at(-1)?.number ?? 0) + 1);
    const { kind, subject, reason } = fact;
    const { replica, file, keyOf } = this.options;
    const told = { number, time: isoTime(wallMs), replica, kind, view, op, commit, subject, reason };
    const event = { ...told, key: key ?? keyOf(told) };
    this.#events.push(event);
    if (this.#events.length > EVENTS_MAX) this.#events.shift();
    file.append(JSON.stringify(event));
    for (const listener of this.#listeners) listener(event);
    return event;
  }

  /** Up to `limit` events after the one with this number, oldest first; the newest `limit` when it is 0. */
  list(after: number, limit: number): readonly ReplicaEvent[] {
    if (after === 0) return this.#events.slice(-limit);
    const from = this.#events.findIndex(({ number }) => number > after);
    return from < 0 ? [] : this.#events.slice(from, from + limit);
  }

  /** Resolves when what was noted is in the file, or cannot be written now. */
  idle(): Promise<void> {
    return this.options.file.idle();
  }
}

const KINDS: ReadonlySet<unknown> = new Set(EVENT_KINDS);

/** The event of a line; `undefined` for what is none, such as a line that a kill has torn. */
function eventOf(line: string): ReplicaEvent | undefined {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof raw !== 'object' || raw === null) return undefined;
  const fields = raw as Readonly<Record<string, unknown>>;
  const areNumbers = ['number', 'view', 'op', 'commit'].every((name) => Number.isSafeInteger(fields[name]));
  const areTexts = ['time', 'replica', 'subject', 'reason', 'key'].every((name) => typeof fields[name] === 'string');
  return areNumbers && areTexts && KINDS.has(fields['kind']) ? (raw as ReplicaEvent) : undefined;
}
