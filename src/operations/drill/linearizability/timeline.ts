import { isOpen, type Operation } from './operation.js';

/** The moment at which an operation had been answered: by then it must have taken effect. */
export interface Return {
  /** Index of the operation. */
  readonly operation: number;
  /** Indices of all operations that had begun by then and had not been answered before, this one first; the open ones last. */
  readonly pending: readonly number[];
}

/**
 * The answers of a history in the order of time. What ends at the very moment another begins overlaps it: clocks are no finer
 * than that, and a checker must not refuse what may be right.
 */
export function returnsOf(operations: readonly Operation<unknown>[]): Return[] {
  const indices = operations.map((_, index) => index);
  const at = (index: number): Operation<unknown> => operations[index] as Operation<unknown>;
  const byBegin = indices.toSorted((a, b) => at(a).beginMs - at(b).beginMs);
  const byEnd = indices.filter((index) => !isOpen(at(index))).sort((a, b) => at(a).endMs - at(b).endMs);
  const [running, open] = [new Set<number>(), new Set<number>()];
  let next = 0;
  return byEnd.map((operation) => {
    for (let one = byBegin[next]; one !== undefined && at(one).beginMs <= at(operation).endMs; one = byBegin[++next])
      (isOpen(at(one)) ? open : running).add(one);
    running.delete(operation);
    return { operation, pending: [operation, ...running, ...open] };
  });
}
