import { fileURLToPath } from 'node:url';
import { fieldRefusal } from '../../../src/base/field-problem.js';
import {
  readMethod,
  type ServiceContract,
  type StreamContract,
  writeMethod,
} from '../../../src/base/service-contract.js';
import type { Guest, GuestEvent, WaitingListQuery, WaitingListReply, WaitingListRequest } from './requests.js';

const NAME_LENGTH_MAX = 50;
const PARTY_MAX = 20;

const join = writeMethod<{ name: string; party: number }, WaitingListRequest, WaitingListReply>({
  name: 'Join',
  access: 'customer',
  decode({ name, party }) {
    if (name.trim() === '' || name.length > NAME_LENGTH_MAX)
      return refusedField('name', 'is empty or too long', `send 1 to ${NAME_LENGTH_MAX} characters`);
    if (party < 1 || party > PARTY_MAX)
      return refusedField('party', 'is out of range', `send 1 to ${PARTY_MAX} persons`);
    return { kind: 'asked', body: { kind: 'join', name, party } };
  },
  respond: ({ guest }) => ({ guest }),
});

const seat = writeMethod<object, WaitingListRequest, WaitingListReply>({
  name: 'Seat',
  access: 'staff',
  decode: () => ({ kind: 'asked', body: { kind: 'seat' } }),
  respond: ({ guest }) => ({ guest }),
});

const list = readMethod<object, WaitingListQuery, readonly Guest[]>({
  name: 'List',
  access: 'customer',
  decode: () => ({ kind: 'asked', body: { kind: 'list' } }),
  respond: (guests) => ({ guests }),
});

const listEvents = readMethod<{ from_op: number }, WaitingListQuery, { events: GuestEvent[]; hasMore: boolean }>({
  name: 'ListEvents',
  access: 'customer',
  decode: ({ from_op: fromOp }) => ({ kind: 'asked', body: { kind: 'events', fromOp } }),
  respond: ({ events, hasMore }) => ({ events, has_more: hasMore }),
});

const watch: StreamContract = {
  kind: 'stream',
  name: 'Watch',
  access: 'customer',
  page: 'ListEvents',
  first: ({ from_op }) => ({ kind: 'page', request: { from_op } }),
  next(page, request) {
    const { events, has_more: hasMore } = page as { events: GuestEvent[]; has_more: boolean };
    const last = events.at(-1);
    return {
      messages: events.map((event) => ({ event })),
      following: { request: last === undefined ? request : { from_op: last.op + 1 }, isCaughtUp: !hasMore },
    };
  },
};

/** The waiting list as its callers see it. */
export const waitingListContract: ServiceContract = {
  service: 'waiting-list',
  // Of a service of this program: below proto/, 'justhungry/waitinglist/v1/waiting-list.proto'.
  protoFile: fileURLToPath(new URL('waiting-list.proto', import.meta.url)),
  fullName: 'justhungry.waitinglist.v1.WaitingList',
  methods: [join, seat, list, listEvents, watch],
};

function refusedField(field: string, problem: string, nextStep: string) {
  return { kind: 'refused', refusal: fieldRefusal({ field, problem, nextStep }) } as const;
}
