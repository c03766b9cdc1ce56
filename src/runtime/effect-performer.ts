import { assertNever } from '../base/assert.js';
import type { CheckpointHead } from '../base/checkpoint.js';
import type { ReplicaIndex } from '../base/numbers.js';
import { CheckpointGivenUpError, DiskFullError, type ReplicaStorage } from '../ports/storage.js';
import type { Effect, Notice, Outcome } from '../vsr/effect.js';
import type { Token, Untimed } from '../vsr/event.js';
import type { Message } from '../vsr/message.js';
import { ChunkSender } from './chunk-sender.js';
import { isRefusedBySystem } from './disk-failure.js';
import type { DiskQueue } from './disk-queue.js';

/** How long after a checkpoint that could not be written the next is tried, in ms. */
const CHECKPOINT_RETRY_MS = 10_000;

/** What effects act on. */
export interface EffectWorld {
  readonly storage: ReplicaStorage;
  readonly disk: DiskQueue;
  send(to: ReplicaIndex, message: Message): void;
  settle(token: Token, outcome: Outcome): void;
  tell(notice: Notice): void;
  /** Hands an event to the core; after the process was given up it does nothing. */
  dispatch(event: Untimed): void;
  onDiskFailed(error: unknown): void;
  /** The core found that the folder is not what it promised by. */
  onDistrust(why: string): void;
  /** Runs once when a full disk has room again. */
  whenRoom(run: () => void): void;
  /** Runs once after so many ms, unless the process was given up before. */
  after(ms: number, run: () => void): void;
  /** Monotonic clock, ms. */
  nowMs(): number;
}

/** Does what the core wants done. Durable effects go through the disk queue and come back as events. */
export class EffectPerformer {
  readonly #chunks: ChunkSender;

  constructor(private readonly world: EffectWorld) {
    this.#chunks = new ChunkSender(world);
  }

  /** Reads a piece for whoever copies files, when it is its turn. Throws what `run` throws, if it runs at once. */
  inTurn(who: object, run: () => void): void {
    this.#chunks.inTurn(who, run);
  }

  perform(effect: Effect): void {
    const { storage } = this.world;
    switch (effect.kind) {
      case 'send':
        this.world.send(effect.to, effect.message);
        return;
      case 'append':
        this.world.disk.append(effect.entries, effect.commit);
        return;
      case 'persist':
        this.world.disk.transition(effect.transition, () => storage.persist(effect.promises));
        return;
      case 'initialise':
        this.world.disk.transition(effect.transition, () => storage.initialise(effect.promises, effect.entries));
        return;
      case 'switchLog': {
        const { promises, from, entries, salvaged } = effect;
        this.world.disk.transition(effect.transition, () =>
          storage.switchLog({ durable: promises, from, entries, salvaged }),
        );
        return;
      }
      case 'installCheckpoint': {
        const { promises, offer, entries, salvaged } = effect;
        this.world.disk.transition(effect.transition, () =>
          storage.install({ durable: promises, offer, entries, salvaged }),
        );
        return;
      }
      case 'beginStaging':
        storage.beginStaging(effect.kept);
        return;
      case 'stageChunk':
        this.#stage(effect.file, effect.offset, effect.bytes);
        return;
      case 'verifyStaged': {
        const { nonce } = effect;
        const head = storage.verifyStaged(effect.offer);
        this.world.dispatch({
          kind: 'checkpointVerified',
          nonce,
          isValid: head !== undefined,
          ...(head === undefined ? {} : { snapshots: head.snapshots }),
        });
        return;
      }
      case 'sendChunk':
        this.#chunks.ask(effect);
        return;
      case 'offerCheckpoint': {
        const offer = storage.offer();
        const { to, view, logView, nonce } = effect;
        if (offer !== undefined) this.world.send(to, { kind: 'checkpointOffered', view, logView, nonce, offer });
        return;
      }
      case 'checkpoint':
        void this.#checkpoint(effect.head);
        return;
      case 'appendOutbox':
        this.world.disk.appendOutbox(effect.items);
        return;
      case 'settleOutbox':
        void this.#settleOutbox(effect.requestIds);
        return;
      case 'distrust':
        this.world.onDistrust(effect.why);
        return;
      case 'reply':
        this.world.settle(effect.token, effect.outcome);
        return;
      case 'notice':
        this.world.tell(effect.notice);
        return;
      default:
        assertNever(effect);
    }
  }

  async #checkpoint(head: CheckpointHead): Promise<void> {
    const { storage } = this.world;
    try {
      storage.flushTables();
      await storage.checkpoint(head);
      this.world.dispatch({ kind: 'checkpointed', op: head.base.op });
    } catch (error) {
      if (error instanceof CheckpointGivenUpError) this.world.dispatch({ kind: 'checkpointFailed' });
      else if (error instanceof DiskFullError)
        this.world.whenRoom(() => this.world.dispatch({ kind: 'checkpointFailed' }));
      else if (isRefusedBySystem(error)) this.#postpone(head, error as Error);
      else this.world.onDiskFailed(error);
    }
  }

  /**
   * Without a checkpoint nothing is lost: the journal holds everything, it only grows. So a folder that may not be written now
   * does not cost the replica; it is told, and the next checkpoint is tried in a while.
   */
  #postpone(head: CheckpointHead, error: Error): void {
    this.world.tell({ kind: 'checkpointPostponed', at: head.base.op, why: error.message });
    this.world.after(CHECKPOINT_RETRY_MS, () => this.world.dispatch({ kind: 'checkpointFailed' }));
  }

  async #settleOutbox(requestIds: readonly string[]): Promise<void> {
    try {
      await this.world.storage.settleOutbox(requestIds);
    } catch (error) {
      // What cannot be removed now stays in the file, and is found to be settled again at the next start.
      if (!(error instanceof DiskFullError) && !isRefusedBySystem(error)) this.world.onDiskFailed(error);
    }
  }

  #stage(file: string, offset: number, bytes: Uint8Array): void {
    try {
      this.world.storage.stageChunk(file, offset, bytes);
    } catch (error) {
      // A hole where there was no room fails the verification, and the fetch begins anew. It is no `diskFull` for the core:
      // appends may be on their way that will find room.
      if (!(error instanceof DiskFullError)) throw error;
    }
  }
}
