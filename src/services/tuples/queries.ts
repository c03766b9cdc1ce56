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
      return { kind: 'done', body: pairs(state, query) };
    case 'count':
      return { kind: 'done', body: count(state) };
    default:
      return assertNever(query);
  }
}

function pairs({ store }: CommittedState, query: GetPairs): PairsAnswer {
  // Compiled for every page anew: what RE2 learns of a pattern while it matches can grow to megabytes, and is dropped with it.
  const compiled = compileSearch(query.keys, query.values);
  if (compiled.kind === 'none') return { pairs: [], next: 0, problem: compiled.problem };
  const { found, next } = searchPage(store, compiled.search, query);
  return {
    pairs: found.map(({ key, value }) => ({ key: tupleOfText(key), value: tupleOfText(value) })),
    next,
    problem: undefined,
  };
}

function count({ store, op }: CommittedState): CountAnswer {
  return { tuples: store.count, hash: store.hash, op };
}
