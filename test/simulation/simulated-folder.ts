import type { CheckpointOffer } from '../../src/base/checkpoint.js';
import type { Entry } from '../../src/base/entry.js';
import type { OutboxItem } from '../../src/base/service.js';
import type { Promises } from '../../src/vsr/effect.js';
import type { Started } from '../../src/vsr/event.js';
import { GENESIS } from '../../src/vsr/log.js';
import type { DiskFacts } from './checkers.js';
import { MemoryFiles } from '../support/memory-files.js';
import type { Prng } from './prng.js';

/** A durable call as the disk sees it. */
export type DiskWrite =
  | { kind: 'append'; entries: readonly Entry[] }
  | { kind: 'outbox'; items: readonly OutboxItem[] }
  | { kind: 'transition'; promises: Promises; apply: (folder: DurableFolder) => void };

/** A checkpoint that is on disk, with a copy of every file as it was then. */
export interface KeptCheckpoint {
  readonly offer: CheckpointOffer;
  readonly files: MemoryFiles;
}

/** What survives a crash. */
export interface DurableFolder {
  promises: Promises | undefined;
  journal: Entry[];
  checkpoint: KeptCheckpoint | undefined;
  older: KeptCheckpoint | undefined;
  outbox: OutboxItem[];
  commit: number;
}

/** A replica's disk on the level of whole records: what storage promises, without its files. */
export class SimulatedFolder {
  durable: DurableFolder = emptyFolder();
  /** What the running process has in its tables; lost at a crash. */
  files = new MemoryFiles();

  /** A crash: a write under way may be there in part (entries) or whole (a transition is one atomic step). */
  crash(underWay: DiskWrite | undefined, prng: Prng): void {
    if (underWay === undefined) return;
    if (underWay.kind === 'append')
      this.durable.journal.push(...underWay.entries.slice(0, prng.between(0, underWay.entries.length)));
    else if (prng.chance(0.5)) this.complete(underWay);
  }

  complete(write: DiskWrite): void {
    if (write.kind === 'append') this.durable.journal.push(...write.entries);
    else if (write.kind === 'outbox') addToOutbox(this.durable, write.items);
    else {
      write.apply(this.durable);
      this.durable.promises = write.promises;
    }
  }

  /** The last op that is on disk. */
  get lastOp(): number {
    const { journal, checkpoint } = this.durable;
    return journal.at(-1)?.op ?? checkpoint?.offer.head.base.op ?? 0;
  }

  /** What the checkers ask of a disk. */
  facts(): DiskFacts {
    const { promises, journal, checkpoint, outbox } = this.durable;
    const base = checkpoint?.offer.head.base ?? GENESIS;
    const first = journal[0]?.op ?? 0;
    return {
      promises,
      lastOp: this.lastOp,
      hasInOutbox: (id) => outbox.some(({ requestId }) => requestId === id),
      chainAt: (at) => (at === base.op ? base.chain : journal[at - first]?.chain),
    };
  }

  wipe(): void {
    this.durable = emptyFolder();
  }

  /** What a starting process finds; the tables stand at the checkpoint. */
  load(): Started {
    const { promises, checkpoint, journal, outbox, commit } = this.durable;
    this.files = checkpoint?.files.copy() ?? new MemoryFiles();
    if (promises === undefined) return { kind: 'empty' };
    const head = checkpoint?.offer.head ?? { base: GENESIS, snapshots: {} };
    const entries = journal.filter((entry) => entry.op > head.base.op);
    return {
      kind: 'intact',
      clusterId: promises.clusterId,
      view: promises.view,
      logView: promises.logView,
      isRecovering: promises.recovering,
      checkpoint: head,
      entries,
      commit: Math.min(commit, head.base.op + entries.length) as Entry['op'],
      outbox: [...outbox],
    };
  }
}

/** Adds what is not there yet: an outbox holds an id once. */
export function addToOutbox({ outbox }: DurableFolder, items: readonly OutboxItem[]): void {
  for (const item of items) if (!outbox.some(({ requestId }) => requestId === item.requestId)) outbox.push(item);
}

const emptyFolder = (): DurableFolder => ({
  promises: undefined,
  journal: [],
  checkpoint: undefined,
  older: undefined,
  outbox: [],
  commit: 0,
});
