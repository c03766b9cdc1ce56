import { majorityOf, replicaIndex } from '../../src/base/numbers.js';
import type { Message } from '../../src/vsr/message.js';
import { actsAsPrimary } from '../../src/vsr/state.js';
import type { Checkers } from './checkers.js';
import type { Conditions } from './conditions.js';
import { HANDED_OVER } from './handovers.js';
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
  'switchOver',
] as const;

/** A fault as it happened. */
export interface PastFault {
  /** Its place among all of the run, from 0. */
  readonly place: number;
  readonly atMs: number;
  readonly kind: (typeof HARMS)[number] | 'depose' | 'forget' | 'handToForgetful';
  /** Whom it befell; `undefined` where that is chosen later. */
  readonly replica: number | undefined;
}

/** What a replica says that another then builds on. */
const RELIED_ON: ReadonlySet<Message['kind']> = new Set([
  'prepare',
  'prepareOk',
  'startViewChange',
  'doViewChange',
  'startView',
  'newState',
  'recoveryResponse',
]);

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
    schedule.after(
      this.conditions.isFoundingUnkind ? prng.between(0, 100) : prng.between(200, this.conditions.calmMs),
      act,
    );
  }

  #act(place: number): void {
    const { prng, conditions } = this;
    if (prng.chance(conditions.wiping)) return this.#do(place, this.#victim(), HARMS.indexOf('wipe'));
    if (conditions.deposing > 0 && prng.chance(conditions.deposing)) {
      this.#note(place, 'depose', this.#primary());
      return this.#depose();
    }
    if (conditions.forgetting > 0 && prng.chance(conditions.forgetting)) {
      this.#note(place, 'forget', undefined);
      return this.#forget();
    }
    if (conditions.handing > 0 && prng.chance(conditions.handing)) {
      this.#note(place, 'handToForgetful', undefined);
      return this.#handToForgetful();
    }
    return this.#do(place, this.#victim(), prng.between(0, HARMS.length - 1));
  }

  #do(place: number, victim: SimulatedReplica, number: number): void {
    this.#note(place, HARMS[number] ?? 'wipe', victim);
    this.#harm(victim, number);
  }

  #note(place: number, kind: PastFault['kind'], replica: SimulatedReplica | undefined): void {
    this.past.push({ place, atMs: this.schedule.nowMs, kind, replica: replica?.index });
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

  /** Something was sent that others will rely on: whoever said it, or hears it, may be gone in the next moment. */
  onSend(from: number, to: number, message: Message['kind']): void {
    const { prng, replicas } = this;
    if (this.#isDone || this.conditions.harmAtSend === 0 || !RELIED_ON.has(message)) return;
    if (!prng.chance(this.conditions.harmAtSend)) return;
    this.faults++;
    const sender = replicas[from];
    const receiver = replicas[to];
    if (sender === undefined || receiver === undefined) return;
    // After the step: the other effects of a step that has begun are done.
    this.schedule.after(prng.pick([0, 0, 1, 5]), () => {
      if (this.#isDone) return;
      switch (prng.between(0, 5)) {
        case 0:
        case 1:
          return this.#crash(sender, prng.between(0, prng.pick([5, 150])));
        case 2:
          return this.#crash(receiver, prng.between(0, prng.pick([5, 150])));
        case 3:
          return this.network.isolate(from);
        case 4:
          return this.#pause(sender, prng.between(50, 400));
        default:
          return sender.isUp ? sender.dispatch({ kind: 'resign', why: 'told to' }) : undefined;
      }
    });
  }

  /** Often the primary: it has most to lose. */
  #victim(): SimulatedReplica {
    const { prng, replicas } = this;
    const acting = this.#primary();
    return acting !== undefined && prng.chance(0.3) ? acting : prng.pick(replicas);
  }

  #primary(): SimulatedReplica | undefined {
    return this.replicas.find(({ state }) => state !== undefined && actsAsPrimary(state));
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
        return this.#depose(victim, 1_500);
      case 14:
        if (victim.isUp) victim.dispatch({ kind: 'diskSlow' });
        return;
      case HARMS.indexOf('switchOver'):
        return this.#switchOver();
      default:
        if (victim.isUp) victim.dispatch({ kind: 'resign', why: 'told to' });
    }
  }

  /** The primary is told to hand over, to each of the others in turn; what else happens meanwhile, happens. */
  #switchOver(): void {
    const primary = this.#primary();
    if (primary === undefined || !primary.isUp || primary.isPaused) return;
    const { length } = this.replicas;
    const to = replicaIndex((primary.index + 1 + (this.faults % (length - 1))) % length);
    primary.dispatch({ kind: 'switchOver', to, why: HANDED_OVER });
  }

  /** It is deposed and does not know: cut off and stopped, it goes on as if no time had passed. */
  #depose(replica = this.#primary(), stoppedMs = 600): void {
    if (replica === undefined) return;
    this.network.isolate(replica.index);
    this.#pause(replica, this.prng.between(200, stoppedMs));
  }

  /** A backup wishes, votes and forgets all of it; what it said arrives when it may have joined again. */
  #forget(): void {
    const { prng, schedule, network } = this;
    const primary = this.#primary();
    const backup = prng.pick(this.replicas);
    if (primary === undefined || primary === backup) return;
    this.#pause(primary, prng.between(240, 400));
    schedule.after(prng.between(150, 300), () => {
      if (!this.#isDone) network.holdBack(backup.index, prng.between(50, 250), prng.pick([300, 500, 800]));
    });
    schedule.after(prng.between(260, 450), () => {
      if (!this.#isDone) this.#wipe(backup);
    });
  }

  /** A backup loses its disk; in that moment the primary, which knows nothing of it, is told to hand over to that one. */
  #handToForgetful(): void {
    const backup = this.prng.pick(this.replicas);
    const primary = this.#primary();
    if (primary === undefined || primary === backup) return;
    this.#wipe(backup);
    this.schedule.after(this.prng.between(0, 3), () => {
      if (primary.isUp && !primary.isPaused && !this.#isDone)
        primary.dispatch({ kind: 'switchOver', to: backup.index, why: HANDED_OVER });
    });
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
   * One disk at a time is lost, as the guarantee has it (two of five, if the conditions say so): the others hold their promises. From
   * the first acknowledged order on (op 3) that must be enough; before, all others hold op 2.
   */
  #wipe(replica: SimulatedReplica): void {
    const others = this.replicas.filter((other) => other !== replica);
    const lost = others.filter(({ folder: { durable } }) => durable.promises?.recovering !== false);
    const isFounded =
      this.checkers.acknowledgedOp >= 3 ||
      others.every((other) => other.folder.lastOp >= 2 || (this.wipes > 0 && lost.includes(other)));
    if (lost.length >= this.conditions.wipedMax || !isFounded || !replica.isUp) return;
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
