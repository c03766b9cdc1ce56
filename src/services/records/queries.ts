import { assertNever } from '../../base/assert.js';
import { refusal } from '../../base/refusal.js';
import type { QueryAnswer } from '../../base/service.js';
import { PAGE_SIZE_DEFAULT } from './limits.js';
import type { RecordValue } from './record-value.js';
import type { RecordStore } from './record-store.js';
import type { ListedRecord, ListReply, RecordReply } from './replies.js';
import type { RecordsQuery } from './requests.js';

/** Answers a query on committed records. */
export function answer(store: RecordStore, query: RecordsQuery): QueryAnswer {
  switch (query.kind) {
    case 'get': {
      const record = store.find(query.name);
      if (record === undefined) return unknown(query.name);
      const body: RecordReply = { name: query.name, record };
      return { kind: 'done', body, bytes: lengthOf(record) };
    }
    case 'list': {
      const { after, pageSize } = query;
      const size = pageSize === 0 ? PAGE_SIZE_DEFAULT : pageSize;
      const names = store.list(after, size + 1);
      if (names === undefined) return unknown(after);
      const records = names.slice(0, size).map((name): ListedRecord => {
        return { name, version: store.versionOf(name), op: store.opOf(name) };
      });
      const body: ListReply = { records, hasMore: names.length > size };
      return { kind: 'done', body };
    }
    default:
      return assertNever(query);
  }
}

/** Characters of a record: about its bytes. */
function lengthOf({ fields }: RecordValue): number {
  let length = 0;
  for (const [key, value] of fields) length += key.length + value.length;
  return length;
}

function unknown(name: string): QueryAnswer {
  const message = `There is no record ${name}. Look at the list of records; an update makes it.`;
  return { kind: 'refused', refusal: refusal('UNKNOWN_RECORD', message, { record: name }) };
}
