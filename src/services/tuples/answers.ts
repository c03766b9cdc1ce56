import { assert } from '../../base/assert.js';
import { tupleOfText, pairProblem } from './tuple.js';
import type { ChangeAnswer, NotUsed, NotUsedReason, PairsAnswer, PatternsProblem } from './replies.js';
import type { ChangePairs } from './requests.js';
import type { ChangeUpdate, DeleteUpdate, Update } from './updates.js';

/** What is remembered of an answer: for Put and Post the places that were not used, the rest is in the request itself. */
type DeleteAnswerText = Pick<DeleteUpdate, 'removed' | 'next'> & { readonly problem?: PatternsProblem };

/** What is remembered of the answer to a request, one line: a repeat is answered from it and from the request itself. */
export function answerTextOf(update: Update): string {
  if (update.kind !== 'delete') return JSON.stringify(update.notUsed);
  const { removed, next, problem } = update;
  const answer: DeleteAnswerText = { removed, next, ...(problem === undefined ? {} : { problem }) };
  return JSON.stringify(answer);
}

/** The answer to a Put or Post of which the pairs at `refused` were well-formed and not used. */
export function changeAnswer({ kind, pairs }: ChangePairs, refused: readonly number[]): ChangeAnswer {
  const places = new Set(refused);
  const state = kind === 'put' ? PRESENT : ABSENT;
  const notUsed = pairs.flatMap((pair, index): NotUsed[] => {
    const problem = pairProblem(pair);
    if (problem !== undefined) return [{ index, pair, reason: 'malformed', message: problem }];
    return places.has(index) ? [{ index, pair, ...state }] : [];
  });
  return { used: pairs.length - notUsed.length, notUsed };
}

const PRESENT = { reason: 'present', message: 'its key is there already; Post changes its value' } as const satisfies {
  reason: NotUsedReason;
  message: string;
};
const ABSENT = { reason: 'absent', message: 'there is no such key; Put adds it' } as const satisfies {
  reason: NotUsedReason;
  message: string;
};

/** The answer to a Put or Post as its text remembers it. */
export function changeAnswerOfText(request: ChangePairs, text: string): ChangeAnswer {
  const refused: unknown = JSON.parse(text);
  assert(Array.isArray(refused), 'the answer to a Put or Post is remembered as a list');
  return changeAnswer(request, refused as number[]);
}

/** The answer to a Delete of these pairs. */
export function deleteAnswer({ removed, next, problem }: DeleteAnswerText): PairsAnswer {
  const pairs = removed.map(([key, value]) => ({ key: tupleOfText(key), value: tupleOfText(value) }));
  return { pairs, next, problem };
}

/** The answer to a Delete as its text remembers it. */
export function deleteAnswerOfText(text: string): PairsAnswer {
  return deleteAnswer(JSON.parse(text) as DeleteAnswerText);
}

/** The answer to a salvaged Put or Post: its list is not known any more, only what of it is used. */
export function salvagedAnswer({ pairs }: ChangeUpdate): ChangeAnswer {
  return { used: pairs.length, notUsed: [] };
}
