import type { OpNumber, ReplicaIndex } from '../base/numbers.js';
import type { ReplicaStorage } from '../ports/storage.js';
import type { Message } from '../vsr/message.js';

/**
 * ms between two pieces, whoever asks: 25 MB/s at most. Reading and encoding one takes this process about a millisecond, in which
 * no order is answered; a peer that copies everything must not become the customers' delay. Every 5 ms made their p99 1.7 × as long.
 */
const CHUNK_EVERY_MS = 10;
/** … and at least this many times as long as the piece took: a process that has little of a core left gives a fifth of it. */
const REST_PER_WORK = 4;

/** A piece that a peer has asked for. */
export interface ChunkRequest {
  readonly to: ReplicaIndex;
  readonly checkpoint: OpNumber;
  readonly file: string;
  readonly offset: number;
  /** Bytes at most. */
  readonly length: number;
  readonly nonce: number;
}

/** What it acts on. */
export interface ChunkWorld {
  readonly storage: Pick<ReplicaStorage, 'readChunk'>;
  send(to: ReplicaIndex, message: Message): void;
  after(ms: number, run: () => void): void;
  /** Monotonic clock, ms. */
  nowMs(): number;
}

/** Serves pieces of checkpoints, one at a time and with pauses. Of each peer only the last request counts: it asks for one. */
export class ChunkSender {
  readonly #waiting = new Map<ReplicaIndex | object, () => void>();
  #isPausing = false;

  constructor(private readonly world: ChunkWorld) {}

  /** Serves it now when nothing was served a moment ago, else in its turn. Throws DamagedFileError when a file has become shorter. */
  ask(request: ChunkRequest): void {
    this.inTurn(request.to, () => this.#serve(request));
  }

  /** Runs now when nothing was served a moment ago, else in its turn; of each `who` only the last counts. Throws what `run` throws. */
  inTurn(who: ReplicaIndex | object, run: () => void): void {
    this.#waiting.set(who, run);
    if (!this.#isPausing) this.#serveNext();
  }

  #serveNext(): void {
    const next = this.#waiting.entries().next();
    if (next.done === true) return;
    const [who, run] = next.value;
    this.#waiting.delete(who);
    this.#isPausing = true;
    const begunMs = this.world.nowMs();
    run();
    const rest = Math.max(CHUNK_EVERY_MS, REST_PER_WORK * (this.world.nowMs() - begunMs));
    this.world.after(rest, () => {
      this.#isPausing = false;
      this.#serveNext();
    });
  }

  #serve({ to, checkpoint, file, offset, length, nonce }: ChunkRequest): void {
    const bytes = this.world.storage.readChunk(checkpoint, file, offset, length);
    const isGone = bytes === undefined;
    this.world.send(to, { kind: 'chunk', checkpoint, file, offset, bytes: bytes ?? new Uint8Array(), isGone, nonce });
  }
}
