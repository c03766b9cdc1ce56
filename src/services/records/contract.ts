import { fieldRefusal } from '../../base/field-problem.js';
import { isoTime } from '../../base/iso-time.js';
import {
  readMethod,
  writeMethod,
  type Decoded,
  type ServiceContract,
  type WireMessage,
} from '../../base/service-contract.js';
import { RECORDS } from './records.js';
import type { ListReply, RecordReply } from './replies.js';
import type { Field, GetRecord, ListRecords, UpdateRecord } from './requests.js';
import { notUpdatable } from './updatable.js';
import { queryProblem, requestProblem } from './validation.js';

/** What the configuration says of the record map. */
export interface RecordsContractOptions {
  /** Fields that an Update may set; absent: every one. Import sets any. */
  readonly updatable?: readonly string[];
}

interface UpdateMessage {
  readonly name: string;
  readonly fields: readonly { readonly key: string; readonly value: string }[];
  readonly expected_version?: number;
}

interface ListMessage {
  readonly after: string;
  readonly page_size: number;
}

type Asked<Body> = { readonly kind: 'asked'; readonly body: Body } | (Decoded & { kind: 'refused' });

/** The record map as its callers see it, with the fields that the configuration allows them to update. */
export function recordsContract({ updatable }: RecordsContractOptions = {}): ServiceContract {
  const allowed = updatable === undefined ? undefined : new Set(updatable);
  return {
    service: RECORDS,
    protoFile: 'justhungry/records/v1/records.proto',
    fullName: 'justhungry.records.v1.RecordMap',
    methods: [
      writeMethod({
        name: 'Update',
        access: 'customer',
        decode: (message: UpdateMessage): Asked<UpdateRecord> => {
          const asked = updateOf(message);
          const refusal =
            asked.kind === 'asked' && allowed !== undefined ? notUpdatable(asked.body, allowed) : undefined;
          return refusal === undefined ? asked : { kind: 'refused', refusal };
        },
        respond: recordMessage,
      }),
      writeMethod({ name: 'Import', access: 'staff', decode: updateOf, respond: recordMessage }),
      readMethod({
        name: 'Get',
        access: 'customer',
        decode: ({ name }: { readonly name: string }): Asked<GetRecord> => query({ kind: 'get', name }),
        respond: recordMessage,
      }),
      readMethod({
        name: 'List',
        access: 'customer',
        decode: ({ after, page_size }: ListMessage): Asked<ListRecords> =>
          query({ kind: 'list', after, pageSize: page_size }),
        respond: ({ records, hasMore }: ListReply): WireMessage => ({ records, has_more: hasMore }),
      }),
    ],
  };
}

function updateOf({ name, fields, expected_version }: UpdateMessage): Asked<UpdateRecord> {
  const pairs = fields.map(({ key, value }): Field => [key, value]);
  const update = { kind: 'update', name, fields: pairs } as const;
  const body = expected_version === undefined ? update : { ...update, expectedVersion: expected_version };
  const problem = requestProblem(body);
  return problem === undefined ? { kind: 'asked', body } : { kind: 'refused', refusal: fieldRefusal(problem) };
}

function query<Query extends GetRecord | ListRecords>(body: Query): Asked<Query> {
  const problem = queryProblem(body);
  return problem === undefined ? { kind: 'asked', body } : { kind: 'refused', refusal: fieldRefusal(problem) };
}

function recordMessage({ name, record }: RecordReply): WireMessage {
  return {
    record: {
      name,
      version: record.version,
      fields: [...record.fields].map(([key, value]) => ({ key, value })),
      updated_at: isoTime(record.timeMs),
      op: record.op,
    },
  };
}
