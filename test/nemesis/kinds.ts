import type { Prng } from '../simulation/prng.js';
import { diskFaults } from './disk-faults.js';
import type { FaultMaker } from './fault.js';
import { networkFaults } from './network-faults.js';
import { processFaults } from './process-faults.js';

const makers = { ...processFaults, ...networkFaults, ...diskFaults };

/** Name of a fault as it is counted. */
export type FaultKind = keyof typeof makers;

/** Every kind. */
export const FAULT_KINDS = Object.keys(makers) as readonly FaultKind[];

/** Whether this is the name of a kind. */
export const isFaultKind = (name: string): name is FaultKind => name in makers;

/** Makes a fault of this kind. */
export const makerOf = (kind: FaultKind): FaultMaker => makers[kind];

/** Whether a disk loses something: one at a time may. */
export const isOfDisk = (kind: FaultKind): boolean => kind in diskFaults;

/** Every kind once, in an order of chance, then again in another one: short runs see much, long ones everything. */
export class KindBag {
  #left: FaultKind[] = [];

  constructor(
    readonly chance: Prng,
    /** What is in it; at least one. */
    readonly content: readonly FaultKind[] = FAULT_KINDS,
  ) {}

  /** The next kind for which `fits` holds; `undefined` when it holds for none of them. */
  next(fits: (kind: FaultKind) => boolean = () => true): FaultKind | undefined {
    const found = this.#left.findIndex(fits);
    if (found >= 0) return this.#left.splice(found, 1)[0];
    if (!this.content.some(fits)) return undefined;
    const kinds = [...this.content];
    for (let at = kinds.length - 1; at > 0; at--) {
      const other = this.chance.between(0, at);
      [kinds[at], kinds[other]] = [kinds[other] as FaultKind, kinds[at] as FaultKind];
    }
    this.#left.push(...kinds);
    return this.next(fits);
  }
}
