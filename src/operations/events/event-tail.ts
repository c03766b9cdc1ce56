import type { ReplicaEvent } from '../../ports/events.js';
import { inOrder } from './merged-events.js';

/** Reads the events of one replica. */
export interface EventReader {
  events(after: number, limit: number, deadlineMs?: number): Promise<ReplicaEvent[]>;
  close(): void;
}

/** One replica to be asked. */
export interface EventSource {
  readonly id: string;
  readonly reader: EventReader;
}

/** What one round of asking brought. */
export interface TailRound {
  /** New ones, in order; those of the last moments wait for what others may still bring of the same time. */
  readonly events: readonly ReplicaEvent[];
  /** Replicas that did not answer, and why, for people. */
  readonly unreachable: ReadonlyMap<string, string>;
}

/** Events of one page. */
const PAGE = 1_000;
/** Pages of one replica in a round at most: as many as a replica keeps. */
const PAGES_MAX = 20;

/** ms for which an event waits for earlier ones of other replicas. */
export const HELD_MS = 500;

/** Follows the events of several replicas, each from where it was read to, over any time in which it cannot be reached. */
export class EventTail {
  readonly #after = new Map<string, number>();
  #held: { readonly event: ReplicaEvent; readonly untilMs: number }[] = [];

  /** `wallMs`: of one that cannot be asked yet only what comes from then on; numbers are times. */
  constructor(
    private readonly sources: readonly EventSource[],
    private readonly wallMs: number,
  ) {}

  /** The newest `limit` of each replica; all that it keeps where that is `Infinity`. */
  async first(limit: number): Promise<TailRound> {
    return this.#round(async ({ id, reader }) => {
      // Number 1 is before every event, and behind 0 are the newest.
      const events = limit === Infinity ? await allAfter(reader, 1) : await reader.events(0, Math.min(limit, PAGE));
      this.#after.set(id, events.at(-1)?.number ?? 1);
      return events;
    });
  }

  /** What is new; `nowMs` is monotonic. */
  async next(nowMs: number): Promise<TailRound> {
    const { events, unreachable } = await this.#round(async ({ id, reader }) => {
      const found = await allAfter(reader, this.#after.get(id) ?? Math.floor(this.wallMs));
      const last = found.at(-1);
      if (last !== undefined) this.#after.set(id, last.number);
      return found;
    });
    this.#held.push(...events.map((event) => ({ event, untilMs: nowMs + HELD_MS })));
    const ready = this.#held.filter(({ untilMs }) => untilMs <= nowMs).map(({ event }) => event);
    this.#held = this.#held.filter(({ untilMs }) => untilMs > nowMs);
    return { events: inOrder(ready), unreachable };
  }

  async #round(read: (source: EventSource) => Promise<readonly ReplicaEvent[]>): Promise<TailRound> {
    const unreachable = new Map<string, string>();
    const found = await Promise.all(
      this.sources.map(async (source) => {
        try {
          return await read(source);
        } catch (error) {
          unreachable.set(source.id, error instanceof Error ? error.message : String(error));
          return [];
        }
      }),
    );
    return { events: inOrder(found.flat()), unreachable };
  }
}

async function allAfter(reader: EventReader, after: number): Promise<ReplicaEvent[]> {
  const all: ReplicaEvent[] = [];
  for (let last = after, pages = 0; pages < PAGES_MAX; pages++) {
    const page = await reader.events(last, PAGE);
    all.push(...page);
    last = page.at(-1)?.number ?? last;
    if (page.length < PAGE) break;
  }
  return all;
}
