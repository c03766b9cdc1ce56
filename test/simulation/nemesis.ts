import { majorityOf } from '../../src/base/numbers.js';
import { actsAsPrimary } from '../../src/vsr/state.js';
import type { Checkers } from './checkers.js';
import type { Conditions } from './conditions.js';
import type { Network } from './network.js';
import type { Prng } from './prng.js';
import type { Schedule } from './schedule.js';
import type { SimulatedReplica } from './simulated-replica.js';

/** Names of what `#harm` draws by number. */
const HARMS = [
  'crash',
  'crash',
  'crash',
  'minorityDown',
  'cut',
  'cut',
  'isolate',
  'pause',
  'pause',
  'slowDisk',
  'clockJump',
  'fillDisk',
  'blackout',
  'wipe',
  'diskSlow',
  'stall',
  'stall',
  'stall',
  'pauseAlone',
  'resign',
  'resign',
] as const;

/** A fault as it happened. */
export interface PastFault {
  /** Its place among all of the run, from 0. */
  readonly place: number;
  readonly atMs: number;
  readonly kind: (typeof HARMS)[number];
  readonly replica: number;
}

/** Does harm, within what the guarantees allow (design 2): one disk lost at a time, any number of crashes. */
export class Nemesis {
  #isDone = false;
  faults = 0;
  /** Those that were not left out. */
  readonly past: PastFault[] = [];
  wipes = 0;

  constructor(
    private readonly prng: Prng,
    private readonly schedule: Schedule,
    private readonly checkers: Checkers,
    private readonly conditions: Conditions,
    private readonly network: Network,
    private readonly replicas: readonly SimulatedReplica[],
    private readonly trace: (line: () => string) => void,
    /** Places of faults that are left out. */
    private readonly omitted: ReadonlySet<number> = new Set(),
  ) {}

  begin(): void {
    const { prng, schedule } = this;
    const act = (): void => {
      if (this.#isDone) return;
      const place = this.faults++;
      if (!this.omitted.has(place)) this.#act(place);
      schedule.after(prng.between(1, 2 * this.conditions.pace), act);
    };
    schedule.after(this.conditions.isFoundingUnkind ? prng.between(0, 100) : prng.between(200, 1_000), act);
  }

  #act(place: number): void {
    const { prng } = this;
    const isWipe = prng.chance(this.conditions.wiping);
    const victim = this.#victim();
    const number = isWipe ? HARMS.indexOf('wipe') : prng.between(0, HARMS.length - 1);
    const kind = HARMS[number] ?? 'wipe';
    this.past.push({ place, atMs: this.schedule.nowMs, kind, replica: victim.index });
    this.#harm(victim, number);
  }

  /** Ends all harm and mends what was done. */
  heal(): void {
    this.#isDone = true;
    this.network.heal();
    for (const replica of this.replicas) {
      replica.diskDelayMs = 2;
      this.#makeRoom(replica);
      if (replica.isPaused) replica.resume(true);
      if (!replica.isUp) replica.boot();
    }
  }

  /** A durable transition begins: the process may die before, within or just after it. */
  onTransition(replica: SimulatedReplica): void {
    const { prng } = this;
    if (this.#isDone || !prng.chance(this.conditions.crashAtTransition)) return;
    this.schedule.after(prng.unit() * 2 * (replica.diskDelayMs + 1), () => {
      if (this.#isDone) return;
      if (prng.chance(0.2)) this.#wipe(replica);
      this.#crash(replica, prng.between(0, prng.pick([10, 300])));
    });
  }

  /** Often the primary: it has most to lose. */
  #victim(): SimulatedReplica {
    const { prng, replicas } = this;
    const acting = replicas.find(({ state }) => state !== undefined && actsAsPrimary(state));
    return acting !== undefined && prng.chance(0.3) ? acting : prng.pick(replicas);
  }

  #harm(victim: SimulatedReplica, number: number): void {
    const { prng, replicas } = this;
    switch (number) {
      case 0:
      case 1:
      case 2:
        return this.#crash(victim, prng.between(0, prng.pick([20, 800])));
      case 3:
        return this.#crashMinority(prng.between(200, 2_500));
      case 4:
      case 5:
        return this.network.cutSome();
      case 15:
      case 16:
      case 17:
        return this.network.stallSome();
      case 6:
        return this.network.isolate(victim.index);
      case 7:
      case 8:
        return this.#pause(victim, prng.between(20, 1_500));
      case 9:
        victim.diskDelayMs = prng.pick([0, 2, 10, 100]);
        return;
      case 10:
        victim.wallOffsetMs += prng.between(-5_000, 5_000);
        return;
      case 11:
        return this.#fillDisk(victim, prng.between(50, 1_000));
      case 12:
        for (const replica of replicas) this.#crash(replica, prng.between(0, 300));
        return;
      case 13:
        return this.#wipe(victim);
      case 18:
        // It is deposed and does not know: cut off and stopped, it goes on as if no time had passed.
        this.network.isolate(victim.index);
        return this.#pause(victim, prng.between(200, 1_500));
      case 14:
        if (victim.isUp) victim.dispatch({ kind: 'diskSlow' });
        return;
      default:
        if (victim.isUp) victim.dispatch({ kind: 'resign', why: 'told to' });
    }
  }

  #crash(replica: SimulatedReplica, downMs: number): void {
    if (!replica.isUp) return;
    this.trace(() => `r${replica.index} crashes`);
    replica.crash();
    this.schedule.after(downMs, () => {
      if (replica.isUp) return;
      replica.boot();
      this.trace(() => `r${replica.index} boots: ${replica.describe()}`);
    });
  }

  /** As many at once as the cluster bears: two of five. */
  #crashMinority(downMs: number): void {
    const { prng, replicas } = this;
    for (let left = replicas.length - majorityOf(replicas.length); left > 0; left--)
      this.#crash(prng.pick(replicas), downMs);
  }

  /**
   * One disk at a time is lost, as the guarantee has it: the others hold their promises, nobody else is recovering. From the first
   * acknowledged order on (op 3) that must be enough; before, all others hold op 2.
   */
  #wipe(replica: SimulatedReplica): void {
    const others = this.replicas.filter((other) => other !== replica);
    const isFair = others.every(({ folder }) => {
      const { promises } = folder.durable;
      const isFounded = folder.lastOp >= 2 || this.checkers.acknowledgedOp >= 3;
      return promises !== undefined && !promises.recovering && isFounded;
    });
    if (!isFair || !replica.isUp) return;
    this.trace(() => `r${replica.index} is wiped`);
    this.wipes++;
    replica.crash();
    replica.folder.wipe();
    this.checkers.onWiped(replica.index);
    this.schedule.after(this.prng.between(0, 300), () => {
      if (!replica.isUp) replica.boot();
    });
  }

  #pause(replica: SimulatedReplica, forMs: number): void {
    if (!replica.isUp || replica.isPaused) return;
    replica.isPaused = true;
    this.schedule.after(forMs, () => {
      // What waits in the sockets may be read before the first timer fires, or after.
      if (replica.isPaused) replica.resume(this.prng.chance(0.5));
    });
  }

  #fillDisk(replica: SimulatedReplica, forMs: number): void {
    replica.isDiskFull = true;
    this.schedule.after(forMs, () => this.#makeRoom(replica));
  }

  #makeRoom(replica: SimulatedReplica): void {
    if (!replica.isDiskFull) return;
    replica.isDiskFull = false;
    replica.dispatch({ kind: 'diskHasRoom' });
  }
}
