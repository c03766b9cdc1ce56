import type { ReplicaIndex } from '../base/numbers.js';
import type { Notice } from '../vsr/effect.js';
import type { Health } from '../vsr/health.js';

/** Heartbeats that an unhealthy peer must be heard after: what it sent before it died may arrive late. */
const HEALTHY_AFTER = 2;
/** Heartbeats, and ms at least, in which a peer that was never heard is not missed: after a start of all, some start later. */
const MISSED_AFTER = 50;
const MISSED_AFTER_MS_MIN = 5_000;

/** ms that a peer which has said that it ends to be started again may be away before it is missed. */
const AWAY_MS_MAX = 30_000;

/** What the watch is made of. */
export interface PeerHealthOptions {
  readonly peers: readonly ReplicaIndex[];
  readonly heartbeatMs: number;
  /** When the process began, monotonic. */
  readonly startedMs: number;
  /** Peers that were unhealthy when the process before this one ended. */
  readonly unhealthyBefore: ReadonlySet<ReplicaIndex>;
  readonly tell: (notice: Extract<Notice, { kind: Health | 'restarting' }>) => void;
}

interface Peer {
  readonly index: ReplicaIndex;
  told: Health;
  /** When it was last told to be worse, and last heard; monotonic ms. */
  worseMs: number;
  heardMs: number;
  /** It has said that it ends, and why; it is missed from then on. */
  leave: { readonly why: string; readonly missedFromMs: number } | undefined;
  isAway: boolean;
}

const WORSE: Record<Health, number> = { healthy: 0, suspected: 1, unhealthy: 2 };

/**
 * Tells when the health of a peer changes. Worse is what the core says; better only a peer that was really heard since: the core
 * also forgives silence, after a pause of its own or before a view change.
 */
export class PeerHealthWatch {
  readonly #peers: readonly Peer[];
  #startedMs: number;

  constructor(private readonly options: PeerHealthOptions) {
    const { startedMs, unhealthyBefore } = options;
    this.#startedMs = startedMs;
    this.#peers = options.peers.map((index) => ({
      index,
      told: unhealthyBefore.has(index) ? 'unhealthy' : 'healthy',
      worseMs: startedMs,
      heardMs: -Infinity,
      leave: undefined,
      isAway: false,
    }));
  }

  /** A message of this replica, as a member, has come. */
  heard(from: ReplicaIndex, nowMs: number): void {
    const peer = this.#peers.find(({ index }) => index === from);
    if (peer !== undefined) peer.heardMs = nowMs;
  }

  /** A peer ends on request and is to be started again: for a while its silence is told as that. */
  takesLeave(from: ReplicaIndex, why: string, nowMs: number): void {
    const peer = this.#peers.find(({ index }) => index === from);
    if (peer !== undefined) peer.leave = { why, missedFromMs: nowMs + AWAY_MS_MAX };
  }

  /** Everything before this counts for nothing: before a cluster is founded none of its members is heard as one. */
  beginAt(nowMs: number): void {
    this.#startedMs = nowMs;
    for (const peer of this.#peers) peer.heardMs = -Infinity;
  }

  /**
   * How a peer is shown: no better than it was told. What the core forgives for a moment (its own pause, on a busy machine) is no
   * sign of life, and an operator would be told that it is safe to stop another one.
   */
  shownAs(of: ReplicaIndex, health: Health): Health {
    const told = this.#peers.find(({ index }) => index === of)?.told ?? health;
    return WORSE[told] > WORSE[health] ? told : health;
  }

  /** Looks at all of them; `healthOf` is what the core says. */
  look(healthOf: (peer: ReplicaIndex) => Health, nowMs: number): void {
    for (const peer of this.#peers) {
      const health = healthOf(peer.index);
      if (this.#isOnLeave(peer, health, nowMs)) continue;
      if (WORSE[health] > WORSE[peer.told] ? this.#isMissed(peer, nowMs) : this.#isBack(peer, health)) {
        peer.told = health;
        peer.worseMs = nowMs;
        this.options.tell({ kind: health, peer: peer.index });
      }
    }
  }

  /** Whether what there is to tell of its health is that it is away, or back. */
  #isOnLeave(peer: Peer, health: Health, nowMs: number): boolean {
    const { leave } = peer;
    if (leave === undefined) return false;
    if (peer.isAway && this.#isBack({ ...peer, told: 'unhealthy' }, health)) {
      peer.leave = undefined;
      peer.isAway = false;
      this.options.tell({ kind: 'healthy', peer: peer.index });
      return true;
    }
    if (nowMs >= leave.missedFromMs) {
      peer.leave = undefined;
      peer.isAway = false;
      return false;
    }
    if (!peer.isAway && health !== 'healthy') {
      peer.isAway = true;
      peer.worseMs = nowMs;
      this.options.tell({ kind: 'restarting', peer: peer.index, why: leave.why });
    }
    return peer.isAway;
  }

  #isMissed({ heardMs }: Peer, nowMs: number): boolean {
    const { heartbeatMs } = this.options;
    return heardMs !== -Infinity || nowMs - this.#startedMs > Math.max(MISSED_AFTER_MS_MIN, MISSED_AFTER * heartbeatMs);
  }

  #isBack({ told, worseMs, heardMs }: Peer, health: Health): boolean {
    if (health !== 'healthy' || told === 'healthy') return false;
    return heardMs > worseMs + (told === 'unhealthy' ? HEALTHY_AFTER * this.options.heartbeatMs : 0);
  }
}
