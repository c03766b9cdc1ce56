import { refusal, type Refusal } from '../../base/refusal.js';
import type { Execution, ExecutionContext } from '../../base/service.js';
import { FIELDS_MAX, RECORD_BYTES_MAX } from './limits.js';
import { bytesOf, withFields, type RecordValue } from './record-value.js';
import type { RecordReply } from './replies.js';
import type { UpdateRecord } from './requests.js';
import { contentOf, encodeUpdate } from './updates.js';

/**
 * Sets fields of the record `before`; absent: it is made. Refused with RECORD_VERSION_CHANGED when another version was expected,
 * with RECORD_TOO_LARGE when it would get too many fields or bytes; a refusal depends on state and spends the id (rule 9).
 */
export function executeUpdate(
  before: RecordValue | undefined,
  request: UpdateRecord,
  copies: number,
  { op, timeMs }: ExecutionContext,
): Execution {
  const { name, fields, expectedVersion } = request;
  const version = (before?.version ?? 0) + 1;
  const record = withFields(before, fields, { version, op, timeMs });
  const refused = versionRefusal(before, request) ?? sizeRefusal(record, name);
  if (refused !== undefined) {
    const update = encodeUpdate({ kind: 'refused', refusal: refused, content: contentOf(request) });
    return { kind: 'entry', update, reply: { kind: 'refused', refusal: refused } };
  }
  const asked = expectedVersion === undefined ? {} : { expectedVersion };
  const update = encodeUpdate({ kind: 'fields', name, version, fields, ...asked, copies });
  const body: RecordReply = { name, record };
  return { kind: 'entry', update, reply: { kind: 'done', body }, copiesNeeded: copies };
}

function versionRefusal(before: RecordValue | undefined, request: UpdateRecord): Refusal | undefined {
  const { name, expectedVersion } = request;
  const version = before?.version ?? 0;
  if (expectedVersion === undefined || expectedVersion === version) return undefined;
  const is = version === 0 ? 'There is no record' : 'The record';
  const message =
    version === 0
      ? `${is} ${name}, so it has no version ${expectedVersion}. Nothing was changed: look at its name, or make it with expected version 0 and a new request_id.`
      : `${is} ${name} has version ${version}, not ${expectedVersion}: somebody else changed it. Nothing was changed: read it again and send the update with a new request_id.`;
  return refusal('RECORD_VERSION_CHANGED', message, { record: name, version: String(version) });
}

function sizeRefusal({ fields }: RecordValue, name: string): Refusal | undefined {
  if (fields.size > FIELDS_MAX)
    return tooLarge(name, `${fields.size} fields, more than ${FIELDS_MAX}`, { fields: String(fields.size) });
  const bytes = bytesOf(fields);
  if (bytes <= RECORD_BYTES_MAX) return undefined;
  return tooLarge(name, `${bytes} bytes, more than ${RECORD_BYTES_MAX}`, { bytes: String(bytes) });
}

function tooLarge(name: string, what: string, details: Readonly<Record<string, string>>): Refusal {
  const message = `The record ${name} would have ${what}. Nothing was changed: spread the fields over several records.`;
  return refusal('RECORD_TOO_LARGE', message, { record: name, ...details });
}
