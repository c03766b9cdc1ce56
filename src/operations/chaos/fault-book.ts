import type { ChaosFault } from '../../ports/chaos.js';

type Kind = ChaosFault['kind'];
type FaultOf<K extends Kind> = Extract<ChaosFault, { readonly kind: K }>;

/** The faults that are in a replica now. */
export class FaultBook {
  readonly #faults = new Map<string, ChaosFault>();

  /** All of them, in the order in which they came. */
  get all(): readonly ChaosFault[] {
    return [...this.#faults.values()];
  }

  /** Adds a fault in the place of the one of its kind; ways to different peers are cut separately. */
  add(fault: ChaosFault): void {
    this.#faults.set(fault.kind === 'cut' ? `cut ${fault.peer}` : fault.kind, fault);
  }

  /** The fault of this kind; `undefined` when there is none. Of ways that are cut use `cutTo`. */
  find<K extends Exclude<Kind, 'cut'>>(kind: K): FaultOf<K> | undefined {
    return this.#faults.get(kind) as FaultOf<K> | undefined;
  }

  /** How the way to a peer is cut; `undefined` when it is not. */
  cutTo(peer: string): FaultOf<'cut'> | undefined {
    return this.#faults.get(`cut ${peer}`) as FaultOf<'cut'> | undefined;
  }

  /** The fault of this kind, once: it is gone then. */
  take<K extends Exclude<Kind, 'cut'>>(kind: K): FaultOf<K> | undefined {
    const found = this.find(kind);
    this.#faults.delete(kind);
    return found;
  }

  clear(): void {
    this.#faults.clear();
  }
}
