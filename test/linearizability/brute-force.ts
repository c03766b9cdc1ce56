import { isOpen, type Operation } from '../../src/operations/drill/linearizability/operation.js';
import type { SequentialModel } from '../../src/operations/drill/linearizability/sequential-model.js';

/**
 * The definition of linearizability, word for word: tries every order of the operations, with and without each one of unknown
 * outcome, that does not put an operation before another which had ended when it began. For small histories, as the judge of
 * the real checker.
 */
export function isLinearizableByDefinition<State, Act>(
  model: SequentialModel<State, Act>,
  operations: readonly Operation<Act>[],
): boolean {
  const tryRest = (state: State, rest: readonly Operation<Act>[]): boolean =>
    rest.every(isOpen) ||
    rest.some((one) => {
      if (rest.some((other) => other.endMs < one.beginMs)) return false;
      const next = model.step(state, one.act);
      return (
        next !== undefined &&
        tryRest(
          next,
          rest.filter((other) => other !== one),
        )
      );
    });
  return tryRest(model.initial, operations);
}

/** Whether `order` is what a checker may claim: it agrees with the model and with real time and holds every operation that was answered. */
export function isWitness<State, Act>(
  model: SequentialModel<State, Act>,
  operations: readonly Operation<Act>[],
  order: readonly Operation<Act>[],
): boolean {
  if (new Set(order).size !== order.length) return false;
  if (operations.some((one) => !isOpen(one) && !order.includes(one))) return false;
  let state = model.initial;
  for (const [index, one] of order.entries()) {
    if (order.slice(index + 1).some((later) => later.endMs < one.beginMs)) return false;
    const next = model.step(state, one.act);
    if (next === undefined) return false;
    state = next;
  }
  return true;
}
