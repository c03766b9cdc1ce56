import type { Cluster, FrontEnd, Replica } from '../support/cluster.js';
import type { Prng } from '../simulation/prng.js';
import type { Keeper } from './keeper.js';

/** What a fault has in hand. */
export interface Scene {
  readonly cluster: Cluster;
  /** Starts again what dies by itself, as the supervisor does. */
  readonly keeper: Keeper;
  readonly chance: Prng;
  /** Longest pause of a process, ms. */
  readonly pauseMsMax: number;
}

/** Something bad that is done to a cluster, and undone. */
export interface Fault {
  /** Whom it hits and how, for the log. */
  readonly what: string;
  /** ms until it is undone. */
  readonly holdMs: number;
  /** The replica whose disk has lost something: no other disk may before it is a member again. */
  readonly lostDisk?: Replica;
  inflict(): Promise<void>;
  heal(): Promise<void>;
}

/** Makes a fault for the cluster as it is now; `primary` acts as such at this moment. */
export type FaultMaker = (scene: Scene, primary: Replica) => Fault;

/** ms between 300 and 1,500: long enough for a view change, short enough for many faults a minute. */
export const shortHoldMs = ({ chance }: Scene): number => chance.between(300, 1_500);

export const anyFrontEnd = ({ cluster, chance }: Scene): FrontEnd => chance.pick(cluster.frontEnds);
export const anyReplica = ({ cluster, chance }: Scene): Replica => chance.pick(cluster.replicas);
export const anyBackup = ({ cluster, chance }: Scene, primary: Replica): Replica =>
  chance.pick(cluster.others(primary));
