import type { ReplicaIndex } from '../base/numbers.js';

/** ms for which a replica that let a read wait in vain is asked after all others. */
const SILENT_FOR_MS = 1_000;

/**
 * Who is asked for what any replica may answer: a backup, so that the primary has its time for orders; of these the one with the
 * fewest reads under way from here, in turn where they are equal. One that has been silent comes last until it answers.
 */
export class ReaderChoice {
  readonly #underWay: number[];
  /** When each let a read wait in vain, monotonic ms. */
  readonly #silentMs: number[];
  #turn = 0;

  constructor(private readonly replicas: readonly ReplicaIndex[]) {
    this.#underWay = replicas.map(() => 0);
    this.#silentMs = replicas.map(() => -Infinity);
  }

  /** The best of those that may be asked; `undefined`: there is none. `primary`: as far as it is known. */
  best(
    mayBeAsked: (replica: ReplicaIndex) => boolean,
    primary: ReplicaIndex | undefined,
    nowMs: number,
  ): ReplicaIndex | undefined {
    let best: ReplicaIndex | undefined;
    let bestCost = Infinity;
    for (let offset = 0; offset < this.replicas.length; offset++) {
      const replica = this.replicas[(this.#turn + offset) % this.replicas.length];
      if (replica === undefined || !mayBeAsked(replica)) continue;
      const cost = this.#costOf(replica, primary, nowMs);
      if (cost >= bestCost) continue;
      best = replica;
      bestCost = cost;
    }
    if (best !== undefined) this.#turn = (best + 1) % this.replicas.length;
    return best;
  }

  asked(replica: ReplicaIndex): void {
    this.#underWay[replica] = (this.#underWay[replica] ?? 0) + 1;
  }

  /** It answered, whatever it said. */
  answered(replica: ReplicaIndex): void {
    this.givenUp(replica);
    this.#silentMs[replica] = -Infinity;
  }

  /** Nobody waits for its answer any more. */
  givenUp(replica: ReplicaIndex): void {
    this.#underWay[replica] = (this.#underWay[replica] ?? 0) - 1;
  }

  /** It has had a read for so long that others are asked. */
  wasSilent(replica: ReplicaIndex, nowMs: number): void {
    this.#silentMs[replica] = nowMs;
  }

  /** Reads under way; who is primary, and above all who is silent, counts for more than any number of them. */
  #costOf(replica: ReplicaIndex, primary: ReplicaIndex | undefined, nowMs: number): number {
    const isSilent = nowMs - (this.#silentMs[replica] ?? -Infinity) < SILENT_FOR_MS;
    return (this.#underWay[replica] ?? 0) + (replica === primary ? 1e6 : 0) + (isSilent ? 1e7 : 0);
  }
}
