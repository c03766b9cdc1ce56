import { majorityOf } from '../../base/numbers.js';
import type { ReplicaStatus } from '../../ports/calls.js';

/** Heartbeats, and ms at least, without a primary before another replica tells in its place: a failover takes less. */
const WITHOUT_PRIMARY_FOR = 20;
const WITHOUT_PRIMARY_MS_MIN = 2_000;

/**
 * Which of the replicas that see the same tells people of it: the acting primary, as long as it reaches a majority; where there is
 * none for a while, the first member of those that hear each other.
 */
export class Teller {
  #withoutPrimaryMs: number | undefined;
  #status: ReplicaStatus | undefined;
  #nowMs = 0;

  constructor(
    private readonly replicaIds: readonly string[],
    private readonly heartbeatMs: number,
  ) {}

  /** How the replica sees itself now. */
  look(status: ReplicaStatus, nowMs: number): void {
    this.#status = status;
    this.#nowMs = nowMs;
    this.#withoutPrimaryMs = this.#seesPrimary(status) ? undefined : (this.#withoutPrimaryMs ?? nowMs);
  }

  /** Whether it hears this replica, or is it. */
  hears(id: string): boolean {
    const peer = this.#status?.peers.find((one) => one.id === id);
    return id === this.#status?.id || (peer !== undefined && peer.health !== 'unhealthy');
  }

  /** Whether there is a primary that reaches a majority, as far as this replica knows. */
  get hasPrimary(): boolean {
    return this.#withoutPrimaryMs === undefined;
  }

  /** Whether it reaches a majority, itself counted. */
  get isInMajority(): boolean {
    return this.replicaIds.filter((id) => this.hears(id)).length >= majorityOf(this.replicaIds.length);
  }

  /** Whether it tells what others see too. What it misses while it is cut off itself is none of the others' failure. */
  isTeller(kind: string): boolean {
    const status = this.#status;
    if (status === undefined || status.role === 'recovering' || status.role === 'founding') return false;
    const { isInMajority } = this;
    if (!isInMajority && (kind === 'unhealthy' || kind === 'healthy')) return false;
    if (status.role === 'primary' && isInMajority) return true;
    const patienceMs = Math.max(WITHOUT_PRIMARY_MS_MIN, WITHOUT_PRIMARY_FOR * this.heartbeatMs);
    if (this.#withoutPrimaryMs === undefined || this.#nowMs - this.#withoutPrimaryMs < patienceMs) return false;
    return this.replicaIds.find((id) => this.hears(id)) === status.id;
  }

  #seesPrimary({ role, primaryId, id }: ReplicaStatus): boolean {
    if (role === 'primary') return this.isInMajority;
    return role === 'backup' && primaryId !== '' && primaryId !== id && this.hears(primaryId);
  }
}
