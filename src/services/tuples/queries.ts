import { assertNever } from '../../base/assert.js';
import type { QueryAnswer } from '../../base/service.js';
import type { CommittedState } from './committed-state.js';
import { searchPage } from './page.js';
import type { CountAnswer, PairsAnswer } from './replies.js';
import type { GetPairs, TuplesQuery } from './requests.js';
import { compileSearch } from './search.js';
import { tupleOfText } from './tuple.js';

/** Answers a query on committed state. */
export function answer(state: CommittedState, query: TuplesQuery): QueryAnswer {
  switch (query.kind) {
    case 'get':
      return pairs(state, query);
    case 'count':
      return { kind: 'done', body: count(state) };
    default:
      return assertNever(query);
  }
}

/** Time is told as the bytes that could be read in it: about a nanosecond each. */
const BYTES_PER_WORK = 16;
const BYTES_PER_PATTERN_CHARACTER = 100;

function pairs({ store }: CommittedState, query: GetPairs): QueryAnswer {
  // Compiled for every page anew: what RE2 learns of a pattern while it matches can grow to megabytes, and is dropped with it.
  const compiled = compileSearch(query.keys, query.values);
  const bytesToCompile = charactersOf(query) * BYTES_PER_PATTERN_CHARACTER;
  if (compiled.kind === 'none') return done({ pairs: [], next: 0, problem: compiled.problem }, bytesToCompile);
  const { search } = compiled;
  const { found, next } = searchPage(store, search, query);
  const pairsFound = found.map(({ key, value }) => ({ key: tupleOfText(key), value: tupleOfText(value) }));
  return done({ pairs: pairsFound, next, problem: undefined }, bytesToCompile + search.work * BYTES_PER_WORK);
}

const done = (body: PairsAnswer, bytes: number): QueryAnswer => ({ kind: 'done', body, bytes });

const charactersOf = ({ keys = [], values = [] }: GetPairs): number =>
  [...keys, ...values].reduce((sum, { length }) => sum + length, 0);

function count({ store, op }: CommittedState): CountAnswer {
  return { tuples: store.count, hash: store.hash, op };
}
