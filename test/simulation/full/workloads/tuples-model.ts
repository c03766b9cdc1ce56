import { isDeepStrictEqual } from 'node:util';
import type { Selection, TuplesRequest } from '../../../../src/services/tuples/requests.js';
import { Violation } from '../../checkers.js';
import { shown } from '../shown.js';

/** An update as an entry holds it. */
export type WrittenUpdate =
  | {
      readonly kind: 'put' | 'post';
      readonly pairs: readonly (readonly [index: number, key: string, value: string])[];
      readonly notUsed: readonly number[];
    }
  | {
      readonly kind: 'delete';
      readonly removed: readonly (readonly [key: string, value: string])[];
      readonly next: number;
      readonly problem?: { readonly kind: string; readonly reason: string };
    };

/** Pairs in the order in which they were added; `serial` counts those ever added. */
export type State = readonly { readonly serial: number; readonly key: string; readonly value: string }[];

interface Step {
  readonly op: number;
  readonly requestId: string;
  readonly update: WrittenUpdate | undefined;
  /** As it is from this op on. */
  readonly state: State;
}

/** What was sent under an id. */
export interface Sent {
  readonly bodies: readonly TuplesRequest[];
  /** One asked for fewer disks than a majority: what its caller was told may be carried out later, as far as it then can. */
  readonly mayBeSalvaged: boolean;
}

/** The tuple space as its entries make it, written a second time and plainly: a list of pairs, and the engine of JavaScript. */
export class TupleModel {
  readonly #steps: Step[] = [{ op: 0, requestId: '', update: undefined, state: [] }];
  #lastSerial = 0;

  /** Takes the next entry. Throws Violation unless it is what one of these requests makes of the state before it. */
  take(op: number, requestId: string, update: WrittenUpdate, { bodies, mayBeSalvaged }: Sent): void {
    const { state: before } = this.at(op);
    const expect = (isTrue: boolean, what: string): void => {
      if (!isTrue) throw new Violation(`op ${op} (${requestId}): ${what}`);
    };
    const written = plain(update);
    const isExact = bodies.some((body) => isDeepStrictEqual(written, resultOf(before, body)));
    const isPart = mayBeSalvaged && bodies.some((body) => isPartOf(body, update));
    expect(isExact || isPart, `${shown(written)} is no result of ${shown(bodies)} on ${shown(before)}`);
    let state = before;
    if (update.kind === 'delete') {
      for (const [key, value] of update.removed) {
        expect(
          state.some((one) => one.key === key && one.value === value),
          `${key}=${value} was removed and not there`,
        );
        state = state.filter((one) => one.key !== key);
      }
    } else
      for (const [, key, value] of update.pairs) {
        const isThere = state.some((one) => one.key === key);
        expect(
          isThere === (update.kind === 'post'),
          `a ${update.kind} of ${key}, which was ${isThere ? '' : 'not '}there`,
        );
        state = isThere
          ? state.map((one) => (one.key === key ? { ...one, value } : one))
          : [...state, { serial: ++this.#lastSerial, key, value }];
      }
    this.#steps.push({ op, requestId, update, state });
  }

  /** The state at an op, and the op of the last change in it. */
  at(op: number): Step {
    const step = this.#steps.findLast((one) => one.op <= op);
    if (step === undefined) throw new Error('there is a state before the first op');
    return step;
  }

  /** What a request must be answered that the entry at this op stands for. */
  answerAt(op: number, requestId: string, body: TuplesRequest): unknown {
    const { op: foundOp, requestId: ofEntry, update } = this.at(op);
    if (foundOp !== op || ofEntry !== requestId || update === undefined)
      throw new Violation(`${requestId}: it is answered by op ${op}, which is another one`);
    if (update.kind === 'delete') {
      const pairs = update.removed.map(([key, value]) => ({ key: key.split(' '), value: value.split(' ') }));
      return { pairs, next: update.next, problem: update.problem?.kind };
    }
    const pairs = body.kind === 'delete' ? [] : body.pairs;
    const refused = new Set(update.notUsed);
    const notUsed = pairs.flatMap((pair, index) => {
      if (!isWell(pair.key) || !isWell(pair.value)) return [{ index, pair, reason: 'malformed' }];
      return refused.has(index) ? [{ index, pair, reason: update.kind === 'put' ? 'present' : 'absent' }] : [];
    });
    return { used: pairs.length - notUsed.length, notUsed };
  }
}

const isWell = (tuple: readonly string[]): boolean =>
  tuple.length > 0 && tuple.every((element) => /^[0-9A-Za-z]+$/.test(element));

/** The update without what says how it was asked for. */
function plain(update: WrittenUpdate): unknown {
  return update.kind === 'delete'
    ? { kind: update.kind, removed: update.removed, next: update.next, problem: update.problem?.kind }
    : { kind: update.kind, pairs: update.pairs, notUsed: update.notUsed };
}

/** What a request makes of a state, as `plain` has it. */
function resultOf(state: State, body: TuplesRequest): unknown {
  if (body.kind === 'delete') {
    const { pairs, next, problem } = found(state, { ...body, keys: body.keys ?? [] });
    return { kind: body.kind, removed: pairs.map(({ key, value }) => [key.join(' '), value.join(' ')]), next, problem };
  }
  const present = new Set(state.map(({ key }) => key));
  const pairs: unknown[] = [];
  const notUsed: number[] = [];
  for (const [index, { key, value }] of body.pairs.entries()) {
    if (!isWell(key) || !isWell(value)) continue;
    const text = key.join(' ');
    if (present.has(text) === (body.kind === 'put')) notUsed.push(index);
    else {
      pairs.push([index, text, value.join(' ')]);
      present.add(text);
    }
  }
  return { kind: body.kind, pairs, notUsed };
}

/** Whether an update does nothing that a request did not ask for, and forgets none of its pairs. */
function isPartOf(body: TuplesRequest, update: WrittenUpdate): boolean {
  if (body.kind !== update.kind) return false;
  if (body.kind === 'delete')
    return (
      update.kind === 'delete' &&
      update.removed.every(([key, value]) => isMatch(body.keys ?? [], key) && isMatch(body.values, value))
    );
  if (update.kind === 'delete') return false;
  const used = update.pairs.map(([index]) => index);
  const well = [...body.pairs.entries()].filter(([, { key, value }]) => isWell(key) && isWell(value));
  return (
    isDeepStrictEqual(
      [...used, ...update.notUsed].toSorted((a, b) => a - b),
      well.map(([index]) => index),
    ) &&
    update.pairs.every(([index, key, value]) => {
      const pair = body.pairs[index];
      return pair?.key.join(' ') === key && pair.value.join(' ') === value;
    })
  );
}

/** What a search finds in a state. */
export function found(state: State, { keys, values, limit, after }: Selection) {
  const all = [...(keys ?? []), ...(values ?? [])];
  const isMalformed = keys?.length === 0 || values?.length === 0 || all.some((one) => one === '(' || one === '*');
  if (isMalformed) return { pairs: [], next: 0, problem: 'malformed' };
  // A key that is named exactly needs no search.
  const isExact = keys?.every((one) => /^[0-9A-Za-z]+$/.test(one)) === true;
  const pairs: { key: string[]; value: string[] }[] = [];
  let last = 0;
  for (const { serial, key, value } of state.filter((one) => one.serial > after)) {
    if (pairs.length === limit && !isExact) return { pairs, next: last, problem: undefined };
    last = serial;
    if (isMatch(keys, key) && isMatch(values, value)) pairs.push({ key: key.split(' '), value: value.split(' ') });
  }
  return { pairs, next: 0, problem: undefined };
}

function isMatch(patterns: readonly string[] | undefined, text: string): boolean {
  if (patterns === undefined) return true;
  const elements = text.split(' ');
  return (
    elements.length === patterns.length &&
    patterns.every((pattern, index) => new RegExp(`^(?:${pattern})$`).test(elements[index] ?? ''))
  );
}
