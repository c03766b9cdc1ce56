/** One request as its caller saw it: it took effect at one moment between `beginMs` and `endMs`. */
export interface Operation<Act> {
  /** What was asked, and what was answered. */
  readonly act: Act;
  readonly beginMs: number;
  /** Infinity: the outcome is unknown. It took effect at any time after its begin, or never. */
  readonly endMs: number;
  /** For the report: who asked. */
  readonly who: string;
}

/** Whether its outcome is unknown. */
export const isOpen = ({ endMs }: Operation<unknown>): boolean => endMs === Infinity;
