import { OPERATOR_ASKED } from '../base/asked-for.js';
import { majorityOf, replicaIndex, type ReplicaIndex } from '../base/numbers.js';
import type { Clock } from '../ports/machine.js';
import type { PlannedEnd, SwitchoverOutcome } from '../ports/calls.js';
import type { Now, Untimed } from '../vsr/event.js';
import { actsAsPrimary, primaryOf, type CoreConfig, type State } from '../vsr/state.js';
import { whyNoSwitchover } from '../vsr/switchover.js';
import { whyNoResync } from './copying.js';
import { type PeerConsent, PlannedEnds } from './planned-ends.js';
import { idOf } from './status.js';

/** ms for the drain of a switchover, and again for the next view to begin; the core gives the drain up sooner. */
const SWITCHOVER_PATIENCE_MS = 5_000;

/** The replica as operators' requests see it. */
export interface OperatedReplica {
  readonly config: CoreConfig;
  readonly clock: Clock;
  state(): State;
  now(): Now;
  dispatch(event: Untimed): void;
  /** Resolves when it is done, after `patienceMs`, or when the process ends. */
  until(isDone: () => boolean, patienceMs: number): Promise<void>;
  isEnding(): boolean;
  /** Throws the own copy away and ends the process. */
  throwAway(): void;
  /** Stops the process in order, to be started again. */
  onRestart(): void;
  /** A peer ends on request. */
  onLeave(peer: ReplicaIndex, why: string): void;
  /** Asks the peers whether this replica may end; those that do not answer are missing. */
  askPeers(end: PlannedEnd): Promise<readonly PeerConsent[]>;
}

/** What operators ask of a running replica: to hand its office over, to throw its copy away, to start again. */
export class OperatorRequests {
  readonly #replica: OperatedReplica;
  readonly #plannedEnds: PlannedEnds;
  #switchoverGivenUp = '';

  constructor(replica: OperatedReplica) {
    this.#replica = replica;
    const { clock, config } = replica;
    this.#plannedEnds = new PlannedEnds({
      self: config.replicaIds[config.self] ?? '',
      heartbeatMs: config.heartbeatMs,
      majority: majorityOf(config.replicaIds.length),
      nowMs: () => clock.monotonicMs(),
      ask: (end) => replica.askPeers(end),
    });
  }

  /** The core has given a switchover up. */
  noteGivenUp(why: string): void {
    this.#switchoverGivenUp = why;
  }

  /** A peer is heard again. */
  noteBack(peer: ReplicaIndex): void {
    this.#plannedEnds.isBack(this.#replica.config.replicaIds[peer] ?? '');
  }

  async switchOver(toId: string, why: string): Promise<SwitchoverOutcome> {
    const { clock, config } = this.#replica;
    const index = config.replicaIds.indexOf(toId);
    if (index < 0)
      return this.#switchedOver(`there is no replica ${toId}; there are ${config.replicaIds.join(', ')}.`, 0);
    const to = index as ReplicaIndex;
    const refused = whyNoSwitchover(this.#replica.state(), this.#replica.now(), to);
    if (refused !== undefined) return this.#switchedOver(refused, 0);
    const { view: office } = this.#replica.state();
    const beganMs = clock.monotonicMs();
    this.#replica.dispatch({ kind: 'switchOver', to, why });
    await this.#replica.until(() => this.#replica.state().switchover === undefined, SWITCHOVER_PATIENCE_MS);
    if (!actsAsPrimary(this.#replica.state()) || this.#replica.state().view !== office)
      await this.#replica.until(
        () => this.#replica.state().view > office && this.#replica.state().status === 'normal',
        SWITCHOVER_PATIENCE_MS,
      );
    const pauseMs = clock.monotonicMs() - beganMs;
    if (this.#replica.state().view === office && actsAsPrimary(this.#replica.state()))
      return this.#switchedOver(this.#switchoverGivenUp, pauseMs);
    const isPrimary =
      this.#replica.state().status === 'normal' && primaryOf(this.#replica.state(), this.#replica.state().view) === to;
    return this.#switchedOver(
      isPrimary ? '' : `${toId} did not take office in time; see 'just-hungry status'.`,
      pauseMs,
    );
  }

  #switchedOver(reason: string, pauseMs: number): SwitchoverOutcome {
    const { view, status } = this.#replica.state();
    const primaryId = status === 'normal' ? idOf(this.#replica.state(), primaryOf(this.#replica.state(), view)) : '';
    return { isDone: reason === '', reason, view, primaryId, pauseMs };
  }

  async resync(): Promise<string | undefined> {
    const why = this.#whyNoResync() ?? (await this.#plannedEnds.begin(true, `${OPERATOR_ASKED} for a new copy of it`));
    if (why !== undefined) return why;
    // Much may have happened since it was first asked.
    const whyNot = this.#whyNoResync();
    if (whyNot !== undefined) {
      this.#plannedEnds.giveUp();
      return whyNot;
    }
    // From this moment on it acknowledges nothing; the answer to the operator leaves while the note gets to disk.
    this.#replica.throwAway();
    return undefined;
  }

  #whyNoResync(): string | undefined {
    return this.#replica.isEnding() ? 'it is stopping.' : whyNoResync(this.#replica.state(), this.#replica.now());
  }

  async restart(): Promise<string | undefined> {
    if (this.#replica.isEnding()) return 'it is stopping already.';
    const why = await this.#plannedEnds.begin(false, `${OPERATOR_ASKED} for a restart of it`);
    if (why === undefined) this.#replica.onRestart();
    return why;
  }

  agreeToEnd(end: PlannedEnd): string | undefined {
    const from = this.#replica.config.replicaIds.indexOf(end.from);
    if (from < 0) return `${end.from} is none of its peers`;
    const why = this.#replica.isEnding() ? 'it is stopping' : this.#whyNoConsent(end);
    if (why === undefined) this.#replica.onLeave(replicaIndex(from), end.why);
    return why;
  }

  /** Whoever forgets relies on the memory of those that agree: they must be members. */
  #whyNoConsent(end: PlannedEnd): string | undefined {
    const { status, config } = this.#replica.state();
    if (end.forgets && status !== 'normal') return `${idOf(this.#replica.state(), config.self)} is ${status}`;
    return this.#plannedEnds.agree(end);
  }
}
