import { isOpen, type Operation } from './operation.js';
import type { SequentialModel } from './sequential-model.js';
import { returnsOf } from './timeline.js';

/** What a check found. */
export type Verdict<Act> =
  /** `order` explains every answer, agrees with real time, and holds the operations of unknown outcome that it needs. */
  | { readonly kind: 'linearizable'; readonly order: readonly Operation<Act>[]; readonly configurations: number }
  /** No order explains the answer of `stuckAt`, nor all those before it: `states` are those in which it was tried. */
  | {
      readonly kind: 'notLinearizable';
      readonly stuckAt: Operation<Act>;
      readonly overlapping: readonly Operation<Act>[];
      readonly states: readonly string[];
      readonly configurations: number;
    }
  /** Given up: too many operations of unknown outcome overlap. No verdict is a failed check, not a passed one. */
  | { readonly kind: 'undecided'; readonly configurations: number };

/** Configurations looked at before a check is given up. */
const CONFIGURATIONS_MAX = 2_000_000;
/** States told of a history that is refused. */
const STATES_TOLD_MAX = 5;

/** Where the search stands: all answers before `at` are explained. */
interface Configuration<State> {
  /** Index of the next answer that is not explained. */
  readonly at: number;
  /** Operations that have taken effect and are not answered yet. */
  readonly early: readonly number[];
  readonly state: State;
  readonly trail: Trail | undefined;
}

/** The operations that took effect so far, last first. */
interface Trail {
  readonly operation: number;
  readonly before: Trail | undefined;
}

/**
 * Whether a history of one object is linearizable (Herlihy & Wing 1990). Depth-first search for an order (Wing & Gong 1993),
 * with configurations seen before left out and writes taking effect only when an answer asks for it (Lowe 2017, "just in time"): so only operations that overlap are ever permuted, and a configuration is as large as its window, not as the history.
 */
export function checkLinearizable<State, Act>(
  model: SequentialModel<State, Act>,
  operations: readonly Operation<Act>[],
  configurationsMax = CONFIGURATIONS_MAX,
): Verdict<Act> {
  const returns = returnsOf(operations);
  const operation = (index: number): Operation<Act> => operations[index] as Operation<Act>;
  const seen = new Set<string>();
  const stack: Configuration<State>[] = [];
  const stuck = { at: -1, states: new Set<string>() };

  /**
   * Goes on past all answers that are explained, and keeps the configuration unless it is known. A read that can be answered
   * here takes effect at once: later it could not help anybody either. (A write that changes nothing here could.)
   */
  const reach = ({ at, early, state, trail }: Configuration<State>): void => {
    const ahead = new Set(early);
    for (let one = returns[at]; one !== undefined; one = returns[++at]) {
      for (const index of one.pending) {
        const { act } = operation(index);
        if (ahead.has(index) || isOpen(operation(index))) continue;
        if (!model.isRead(act) || model.step(state, act) !== state) continue;
        ahead.add(index);
        trail = { operation: index, before: trail };
      }
      if (!ahead.delete(one.operation)) break;
    }
    const reached = [...ahead].sort((a, b) => a - b);
    const stateKey = model.keyOf(state);
    const key = `${at}|${reached.join()}|${stateKey}`;
    if (seen.has(key)) return;
    seen.add(key);
    if (at > stuck.at) {
      stuck.at = at;
      stuck.states.clear();
    }
    if (at === stuck.at && stuck.states.size < STATES_TOLD_MAX) stuck.states.add(stateKey);
    stack.push({ at, early: reached, state, trail });
  };

  reach({ at: 0, early: [], state: model.initial, trail: undefined });
  for (let one = stack.pop(); one !== undefined; one = stack.pop()) {
    const expected = returns[one.at];
    if (expected === undefined) {
      const order = orderOf(one.trail).map(operation);
      return { kind: 'linearizable', order, configurations: seen.size };
    }
    if (seen.size > configurationsMax) return { kind: 'undecided', configurations: seen.size };
    // The last one pushed is tried first: the operation that is answered here, then those that run, the open ones at last.
    for (const index of expected.pending.toReversed()) {
      if (one.early.includes(index)) continue;
      const state = model.step(one.state, operation(index).act);
      if (state === undefined) continue;
      // What nobody was told of and changes nothing need not have happened.
      if (state === one.state && isOpen(operation(index))) continue;
      reach({ at: one.at, early: [...one.early, index], state, trail: { operation: index, before: one.trail } });
    }
  }
  const at = returns[stuck.at];
  if (at === undefined) throw new Error('a history without answers is linearizable');
  return {
    kind: 'notLinearizable',
    stuckAt: operation(at.operation),
    overlapping: at.pending.slice(1).map(operation),
    states: [...stuck.states],
    configurations: seen.size,
  };
}

function orderOf(trail: Trail | undefined): number[] {
  const order: number[] = [];
  for (let one = trail; one !== undefined; one = one.before) order.push(one.operation);
  return order.reverse();
}
