import type { OutboxItem } from '../../base/service.js';
import { isUuidV7 } from '../uuid.js';
import type { UpdateRecord } from './requests.js';
import { readUpdate } from './updates.js';
import { requestProblem } from './validation.js';

/** The update in an outbox item, or what is wrong with it, for people; that never holds a value of the record. */
export type OutboxUpdate =
  | { readonly request: UpdateRecord; readonly problem?: undefined }
  | { readonly request?: undefined; readonly problem: string };

/**
 * Reads the update in an outbox item. No chain and no majority vouches for it: what would not have come through the gate cannot be
 * executed. Whether its fields may be updated was judged when it was first taken.
 */
export function outboxUpdate({ requestId, update: text }: OutboxItem): OutboxUpdate {
  const update = readUpdate(text);
  if (update === undefined) return { problem: 'its update is none of a record' };
  if (update.kind !== 'fields') return { problem: 'it is a refusal; only updates wait in an outbox' };
  if (!isUuidV7(requestId)) return { problem: 'its request_id is no UUIDv7 in lower case' };
  const { name, fields, expectedVersion } = update;
  const asked = { kind: 'update', name, fields } as const;
  const request = expectedVersion === undefined ? asked : { ...asked, expectedVersion };
  const wrong = requestProblem(request);
  return wrong === undefined ? { request } : { problem: `its ${wrong.field} ${wrong.problem}` };
}
