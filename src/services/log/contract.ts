import { fieldRefusal } from '../../base/field-problem.js';
import {
  readMethod,
  writeMethod,
  type ServiceContract,
  type StreamContract,
  type WireMessage,
} from '../../base/service-contract.js';
import { LIMIT_DEFAULT, LIMIT_MAX } from './limits.js';
import { LOG } from './message-log.js';
import type { Append, Appended, List, Message, Page } from './requests.js';
import { valueProblem } from './value.js';

const append = writeMethod({
  name: 'Append',
  access: 'customer',
  decode({ value }: { readonly value: string }) {
    const problem = valueProblem(value);
    if (problem !== undefined) return { kind: 'refused', refusal: fieldRefusal(problem) };
    return { kind: 'asked', body: { kind: 'append', value } satisfies Append };
  },
  respond: ({ key }: Appended) => ({ key }),
});

const list = readMethod({
  name: 'List',
  access: 'customer',
  decode({ from, limit }: { readonly from: number; readonly limit: number }) {
    if (!isKey(from)) return { kind: 'refused', refusal: wrongFrom() };
    if (limit > LIMIT_MAX) {
      const problem = `is ${limit}, more than ${LIMIT_MAX}`;
      const nextStep = `ask for 1 to ${LIMIT_MAX} messages (0: ${LIMIT_DEFAULT}) and go on at next_from`;
      return { kind: 'refused', refusal: fieldRefusal({ field: 'limit', problem, nextStep }) };
    }
    return { kind: 'asked', body: { kind: 'list', from, limit: limit === 0 ? LIMIT_DEFAULT : limit } satisfies List };
  },
  respond: ({ messages, nextFrom, count }: Page) => ({
    messages: messages.map(wireOf),
    next_from: nextFrom,
    count,
  }),
});

const tail: StreamContract = {
  kind: 'stream',
  name: 'Tail',
  access: 'customer',
  page: 'List',
  first: (request) => {
    const { from } = request as { readonly from: number };
    if (!isKey(from)) return { kind: 'refused', refusal: wrongFrom() };
    return { kind: 'page', request: { from, limit: LIMIT_MAX } };
  },
  next: (page) => {
    const { messages, next_from: from, count } = page as unknown as ListResponse;
    return {
      // What comes as one page goes on as one message: a tail that catches up is as fast as List.
      messages: messages.length === 0 ? [] : [{ messages, next_from: from }],
      following: { request: { from, limit: LIMIT_MAX }, isCaughtUp: from >= count },
    };
  },
};

interface ListResponse {
  readonly messages: readonly WireMessage[];
  readonly next_from: number;
  readonly count: number;
}

/** The message log as its callers see it. */
export const logContract: ServiceContract = {
  service: LOG,
  protoFile: 'justhungry/log/v1/log.proto',
  fullName: 'justhungry.log.v1.MessageLog',
  methods: [append, list, tail],
};

function wireOf({ key, value, op, time, requestId }: Message): WireMessage {
  return { key, value, op, time, request_id: requestId };
}

/** Keys are counted in whole numbers that a double holds exactly. */
const isKey = (from: number): boolean => Number.isSafeInteger(from) && from >= 0;

const wrongFrom = () =>
  fieldRefusal({
    field: 'from',
    problem: 'is no key',
    nextStep: `give a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`,
  });
