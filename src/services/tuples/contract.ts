import {
  readMethod,
  writeMethod,
  type ServiceContract,
  type StreamContract,
  type WireMessage,
} from '../../base/service-contract.js';
import { readPairs, readSelection, type WirePair, type WireSelection } from './gate.js';
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from './limits.js';
import type { ChangeAnswer, CountAnswer, NotUsed, PairsAnswer } from './replies.js';
import type { ChangePairs, TuplesQuery, TuplesRequest } from './requests.js';
import type { Pair } from './tuple.js';

const change = (name: 'Put' | 'Post', respond: (answer: ChangeAnswer) => WireMessage) =>
  writeMethod<{ readonly pairs: readonly WirePair[] }, TuplesRequest, ChangeAnswer>({
    name,
    access: 'customer',
    decode({ pairs: given }) {
      const kind: ChangePairs['kind'] = name === 'Put' ? 'put' : 'post';
      const read = readPairs(given);
      return read.kind === 'refused' ? read : { kind: 'asked', body: { kind, pairs: read.pairs } };
    },
    respond,
  });

const put = change('Put', ({ used, notUsed }) => ({ added: used, not_added: notUsed.map(wireNotUsed) }));
const post = change('Post', ({ used, notUsed }) => ({ updated: used, not_used: notUsed.map(wireNotUsed) }));

const remove = writeMethod<WireSelection, TuplesRequest, PairsAnswer>({
  name: 'Delete',
  access: 'customer',
  decode(request) {
    const read = readSelection(request, PAGE_SIZE_MAX);
    return read.kind === 'refused' ? read : { kind: 'asked', body: { kind: 'delete', ...read.selection } };
  },
  respond: (answer) => ({ removed: answer.pairs.map(wirePair), ...wireEnd(answer) }),
});

const get = readMethod<WireSelection, TuplesQuery, PairsAnswer>({
  name: 'Get',
  access: 'customer',
  decode(request) {
    const read = readSelection(request, PAGE_SIZE_DEFAULT);
    return read.kind === 'refused' ? read : { kind: 'asked', body: { kind: 'get', ...read.selection } };
  },
  respond: (answer) => ({ pairs: answer.pairs.map(wirePair), ...wireEnd(answer) }),
});

/** The response of Get, as far as Scan looks at it. */
interface GetPage {
  readonly pairs: readonly WireMessage[];
  readonly next_page_token: string;
  readonly problem: string;
  readonly reason: string;
}

const scan: StreamContract = {
  kind: 'stream',
  name: 'Scan',
  access: 'customer',
  page: 'Get',
  first(request) {
    const { keys, values, page_token } = request as unknown as Omit<WireSelection, 'page_size'>;
    return { kind: 'page', request: { keys, values, page_token, page_size: PAGE_SIZE_MAX } };
  },
  next(page, request) {
    const { pairs, next_page_token, problem, reason } = page as unknown as GetPage;
    const messages = pairs.length > 0 || reason !== '' ? [{ pairs, next_page_token, problem, reason }] : [];
    if (next_page_token === '') return { messages };
    return { messages, following: { request: { ...request, page_token: next_page_token }, isCaughtUp: false } };
  },
};

const count = readMethod<object, TuplesQuery, CountAnswer>({
  name: 'Count',
  access: 'customer',
  decode: () => ({ kind: 'asked', body: { kind: 'count' } }),
  respond: ({ tuples, hash, op }) => ({ tuples, hash, changed_op: op }),
});

/** The tuple space as its callers see it. */
export const tuplesContract: ServiceContract = {
  service: 'tuples',
  protoFile: 'justhungry/tuples/v1/tuples.proto',
  fullName: 'justhungry.tuples.v1.TupleSpace',
  methods: [put, post, remove, get, scan, count],
};

function wirePair({ key, value }: Pair): WireMessage {
  return { key: { elements: key }, value: { elements: value } };
}

function wireNotUsed({ index, pair, reason, message }: NotUsed): WireMessage {
  return { index, pair: wirePair(pair), reason: `NOT_USED_REASON_${reason.toUpperCase()}`, message };
}

function wireEnd({ next, problem }: PairsAnswer): WireMessage {
  return {
    next_page_token: next === 0 ? '' : String(next),
    problem: `PATTERNS_PROBLEM_${problem?.kind.toUpperCase() ?? 'UNSPECIFIED'}`,
    reason: problem?.reason ?? '',
  };
}
