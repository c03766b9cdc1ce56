import type { Chain } from '../../src/base/entry.js';
import { lastChain, lastOp } from '../../src/vsr/log.js';
import type { State } from '../../src/vsr/state.js';
import { Violation, type DiskFacts } from './checkers.js';

/** Why a primary of a simulation hands over: nothing else leaves office for it. */
export const HANDED_OVER = 'handed over';

/** What of a primary's state is compared from step to step. */
export type Office = Pick<State, 'switchover' | 'suspects' | 'log' | 'commit' | 'view'>;

/** A replica as its last step left it. */
interface Past {
  readonly switchover: State['switchover'];
  readonly suspects: State['suspects'];
  readonly lastOp: number;
  /** When the switchover was asked for the disk of the one that shall take office was that of a member. */
  readonly wasMember: boolean;
}

/**
 * A switchover as rule 3 has it: while the log comes to rest nothing new is executed; the office is handed over only when all is
 * committed and on the disk of the next primary, which is a member; and when that takes too long the old one goes on. None of
 * it is needed for safety, which the view change gives: it is what keeps customers from noticing. Throws Violation.
 */
export class Handovers {
  /** By the state, which is another one after a restart. */
  readonly #past = new WeakMap<Office, Past>();
  /** Offices that were handed over. */
  done = 0;
  /** Switchovers that were given up. */
  givenUp = 0;

  constructor(private readonly diskOf: (replica: number) => DiskFacts | undefined) {}

  /** A replica has made a step. `nowMs`: of its own monotonic clock. */
  onStep(replica: number, state: Office, nowMs: number): void {
    const before = this.#past.get(state);
    const { switchover, suspects } = state;
    const end = lastOp(state.log);
    if (switchover !== undefined) {
      if (switchover === before?.switchover && end > before.lastOp)
        throw new Violation(`replica ${replica} executes op ${end} while it hands over`);
      if (nowMs >= switchover.giveUpMs)
        throw new Violation(`replica ${replica} keeps its customers waiting for a switchover that takes too long`);
    }
    if (before?.switchover !== undefined && switchover === undefined) {
      const isDone = suspects?.why === HANDED_OVER && before.suspects?.why !== HANDED_OVER;
      if (isDone) this.#onHandedOver(replica, before.switchover.to, state, before.wasMember);
      else this.givenUp++;
    }
    const isNew = switchover !== undefined && switchover !== before?.switchover;
    const wasMember = isNew ? isMember(this.diskOf(switchover.to)) : (before?.wasMember ?? true);
    this.#past.set(state, { switchover, suspects, lastOp: end, wasMember });
  }

  #onHandedOver(replica: number, to: number, state: Office, wasMember: boolean): void {
    this.done++;
    const end = lastOp(state.log);
    const refuse = (why: string): never => {
      throw new Violation(`replica ${replica} hands over to replica ${to}, but ${why}`);
    };
    if (state.commit < end) refuse(`op ${end} is not committed`);
    const disk = this.diskOf(to);
    // Its disk may be lost in the moment after it answered; but not before it was asked.
    if (!isMember(disk)) return wasMember ? undefined : refuse('that one has forgotten its promises');
    const chain: Chain = lastChain(state.log);
    // One that has left the view meanwhile may have another log by now.
    if (disk.promises.view > state.view) return;
    if (disk.chainAt(end) !== chain) refuse(`that one has no op ${end} of this log on its disk`);
  }
}

type MemberDisk = DiskFacts & { readonly promises: NonNullable<DiskFacts['promises']> };

const isMember = (disk: DiskFacts | undefined): disk is MemberDisk =>
  disk?.promises !== undefined && !disk.promises.recovering;
