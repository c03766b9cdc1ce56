import type { ReplicaIndex } from '../base/numbers.js';
import type { Damage, Loaded } from '../ports/storage.js';
import type { Notice } from '../vsr/effect.js';
import type { State } from '../vsr/state.js';

/** Lines of it that `status` shows at most. */
const LINES_MAX = 20;

/**
 * What is wrong with a replica's files now, for `status`. What was put right at once is an event, not a state: it is told when it
 * happens and does not stand there for ever.
 */
export class PresentDamage {
  readonly #found: readonly Damage[];
  readonly #differences = new Map<ReplicaIndex, string>();

  constructor(
    loaded: Loaded,
    private readonly replicaIds: readonly string[],
  ) {
    this.#found = loaded.kind === 'damaged' ? loaded.damage : [];
  }

  /** Another replica holds another history. */
  noteDifference({ peer, op }: Extract<Notice, { kind: 'diverged' }>): void {
    const what = `op ${op} is another one at ${this.replicaIds[peer] ?? peer}: there are two histories`;
    // The folder may be the only one that has what it has.
    this.#differences.set(peer, `journal: ${what}. Delete neither folder; compare their orders.csv`);
  }

  /** What still lasts: damage until the others' data have taken the place of what was lost, a difference while it is seen. */
  lines({ status, diverged }: Pick<State, 'status' | 'diverged'>): string[] {
    const found = status === 'recovering' ? this.#found.map(textOf) : [];
    const differences = [...this.#differences].filter(([peer]) => diverged.has(peer));
    return [...found, ...differences.map(([, text]) => text)].slice(0, LINES_MAX);
  }
}

const textOf = ({ file, row, what }: Damage): string => `${file}${row === undefined ? '' : `, row ${row}`}: ${what}`;
