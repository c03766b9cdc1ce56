import type { Entry } from '../base/entry.js';
import { present } from '../base/assert.js';
import type { CommitNumber, OpNumber } from '../base/numbers.js';
import type { OutboxItem } from '../base/service.js';
import type { Clock, Timers } from '../ports/machine.js';
import { DiskFullError, type ReplicaStorage } from '../ports/storage.js';
import type { DiskMeter } from '../ports/meters.js';

/** An fsync that takes longer makes a primary give up its office (rule 3), in ms. */
const FSYNC_SLOW_MS = 1_000;
/** Bytes of rows written as one batch at most. */
const BATCH_BYTES_MAX = 8 << 20;
/** How long a transition waits for room before it is tried again, in ms. */
const RETRY_MS = 100;

type Item =
  | { readonly kind: 'append'; readonly entries: readonly Entry[]; readonly commit: CommitNumber }
  | { readonly kind: 'outbox'; readonly items: readonly OutboxItem[] }
  | { readonly kind: 'transition'; readonly number: number; readonly run: () => Promise<void> };

/** What the queue tells the core, each as an event. */
export interface DiskQueueEvents {
  onAppended(op: OpNumber): void;
  onTransitionDone(number: number): void;
  onOutboxAppended(requestIds: readonly string[]): void;
  /** There was no room for these items. */
  onOutboxFull(requestIds: readonly string[]): void;
  onDiskFull(): void;
  onDiskSlow(): void;
  /** A write failed for another reason than room; what that means for the folder is judged in disk-failure.ts (rule 10). */
  onFailed(error: unknown): void;
}

/**
 * The one way to the disk for all that must be durable: one write at a time, each after the previous one's fsync. Appends that
 * wait are written as one batch (group commit).
 */
export class DiskQueue {
  readonly #items: Item[] = [];
  #isRunning = false;
  #isFailed = false;
  #idle: (() => void)[] = [];

  constructor(
    private readonly storage: Pick<ReplicaStorage, 'append' | 'appendOutbox'>,
    private readonly events: DiskQueueEvents,
    private readonly timers: Timers,
    private readonly count?: {
      readonly clock: Pick<Clock, 'monotonicMs'>;
      readonly meter: Pick<DiskMeter, 'wrote'> | undefined;
    },
  ) {}

  append(entries: readonly Entry[], commit: CommitNumber): void {
    this.#add({ kind: 'append', entries, commit });
  }

  appendOutbox(items: readonly OutboxItem[]): void {
    this.#add({ kind: 'outbox', items });
  }

  transition(number: number, run: () => Promise<void>): void {
    this.#add({ kind: 'transition', number, run });
  }

  /** Entries and transitions that are not on disk yet. */
  get length(): number {
    return this.#items.length;
  }

  /** Resolves when nothing is under way or waiting. */
  idle(): Promise<void> {
    if (!this.#isRunning) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #add(item: Item): void {
    if (this.#isFailed) return;
    this.#items.push(item);
    if (this.#isRunning) return;
    this.#isRunning = true;
    // What else this turn of the event loop brings goes into the same batch.
    queueMicrotask(() => void this.#run());
  }

  async #run(): Promise<void> {
    while (this.#items.length > 0 && !this.#isFailed) {
      const cancelSlow = this.timers.after(FSYNC_SLOW_MS, () => this.events.onDiskSlow());
      try {
        if (this.#items[0]?.kind === 'append') await this.#writeBatch();
        else if (this.#items[0]?.kind === 'outbox') await this.#writeOutbox();
        else await this.#makeTransition();
      } catch (error) {
        if (error instanceof DiskFullError) await this.#onFull();
        else this.#fail(error);
      } finally {
        cancelSlow();
      }
    }
    this.#isRunning = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #writeBatch(): Promise<void> {
    const entries: Entry[] = [];
    let bytes = 0;
    let taken = 0;
    let commit: CommitNumber | undefined;
    for (const item of this.#items) {
      if (item.kind !== 'append' || bytes >= BATCH_BYTES_MAX) break;
      for (const entry of item.entries) {
        entries.push(entry);
        bytes += entry.row.length;
      }
      commit = item.commit;
      taken++;
    }
    const last = present(entries.at(-1), 'an append has entries');
    const begunMs = this.count?.clock.monotonicMs() ?? 0;
    await this.storage.append(entries, present(commit, 'an append carries the commit number'));
    const ms = (this.count?.clock.monotonicMs() ?? 0) - begunMs;
    this.count?.meter?.wrote({ entries: entries.length, bytes, ms });
    this.#items.splice(0, taken);
    this.events.onAppended(last.op);
  }

  /** What waits is written as one; without room it is given up, and nothing behind it with it. */
  async #writeOutbox(): Promise<void> {
    const items: OutboxItem[] = [];
    let taken = 0;
    for (const item of this.#items) {
      if (item.kind !== 'outbox') break;
      items.push(...item.items);
      taken++;
    }
    const requestIds = items.map(({ requestId }) => requestId);
    let hasRoom = true;
    try {
      await this.storage.appendOutbox(items);
    } catch (error) {
      if (!(error instanceof DiskFullError)) throw error;
      hasRoom = false;
    }
    this.#items.splice(0, taken);
    if (hasRoom) this.events.onOutboxAppended(requestIds);
    else this.events.onOutboxFull(requestIds);
  }

  async #makeTransition(): Promise<void> {
    const item = this.#items[0];
    if (item?.kind !== 'transition') return;
    await item.run();
    this.#items.shift();
    this.events.onTransitionDone(item.number);
  }

  /** Appends up to the next transition are given up: the core cuts them from its log. A transition waits for room. */
  async #onFull(): Promise<void> {
    while (this.#items[0]?.kind === 'append') this.#items.shift();
    this.events.onDiskFull();
    if (this.#items[0]?.kind === 'transition')
      await new Promise<void>((resolve) => void this.timers.after(RETRY_MS, resolve));
  }

  #fail(error: unknown): void {
    this.#isFailed = true;
    this.#items.length = 0;
    this.events.onFailed(error);
  }
}
