/** Which simulation is to catch a bug; see `simulations/`. */
export type SimulationName =
  | 'core'
  | 'core-outcomes'
  | 'core-long'
  | 'storage'
  | 'reading'
  | 'late'
  | 'ordering'
  | 'services'
  | 'log'
  | 'tuples'
  | 'records';

/** One change of a source file. The original runs unless the bug is switched on. */
export interface Edit {
  /** Path from the root, below `src/`. */
  readonly file: string;
  /** A larger piece of the file, there exactly once, in which `find` is looked for; the whole file where not given. */
  readonly within?: string;
  /** An exact piece of the file, there exactly once (in `within`): one expression, or whole statements. */
  readonly find: string;
  /** The mistaken code in its place; may be empty where statements are left out. */
  readonly replace: string;
  readonly kind: 'expression' | 'statements';
  /** Import lines that `replace` needs and the file has not. */
  readonly imports?: string;
}

/** A mistake that the simulators must find. */
export interface PlantedBug {
  /** The switch: lower case and hyphens. */
  readonly name: string;
  /** What is left out or done wrong: the rule of the design (sections 4 and 5), or the mistake that it is known as. */
  readonly clause: string;
  readonly edits: readonly Edit[];
  readonly simulation: SimulationName;
  /**
   * Why nothing goes wrong though the clause is left out: another guard covers it. Such an entry is run for the record and must not
   * be caught; the entry that leaves out both is beside it.
   */
  readonly coveredBy?: string;
}

/** Puts an expression in the place of another. */
export const expression = (
  file: string,
  find: string,
  replace: string,
  more: Pick<Edit, 'within' | 'imports'> = {},
): Edit => ({ kind: 'expression', file, find, replace, ...more });

/** Puts statements, perhaps none, in the place of others. */
export const statements = (
  file: string,
  find: string,
  replace: string,
  more: Pick<Edit, 'within' | 'imports'> = {},
): Edit => ({ kind: 'statements', file, find, replace, ...more });
