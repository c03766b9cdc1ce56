import { csvRow, ROW_END, scanCsvRow } from '../../base/csv.js';
import { DamagedFileError } from '../../base/service.js';
import type { Message } from './requests.js';

/** Name of the table of messages: one row each, in the order of their keys. */
export const MESSAGES_FILE = 'messages.csv';

/** Its header row. `value` is JSON text: a row has no line end inside, and no spreadsheet runs a message as a formula. */
export const MESSAGES_HEADER = `op,key,request_id,time,value${ROW_END}`;

/** Columns of the header that are read at start, by index. */
export const MESSAGES_COLUMN = { op: 0, key: 1, requestId: 2 } as const;

const WHOLE = /^[0-9]{1,15}$/;
const COLUMNS = 5;

/** The row of a message. */
export function rowOfMessage({ op, key, requestId, time, value }: Message): string {
  return csvRow([op, key, requestId, time, JSON.stringify(value)]);
}

/** Reads the messages whose rows are exactly `bytes`, the first with key `from`. Throws DamagedFileError when they are not those. */
export function readMessages(bytes: Uint8Array, from: number): Message[] {
  const messages: Message[] = [];
  for (let at = 0; at < bytes.length;) {
    const scanned = scanCsvRow(bytes, at);
    if (scanned.kind !== 'row') throw damaged(`a row cannot be read (${scanned.kind})`);
    at = scanned.end;
    const message = messageOf(scanned.fields);
    const expected = from + messages.length;
    if (message.key !== expected) throw damaged(`where message ${expected} was written stands ${message.key}`);
    messages.push(message);
  }
  return messages;
}

function messageOf(fields: readonly string[]): Message {
  const [op = '', key = '', requestId = '', time = '', text = ''] = fields;
  if (fields.length !== COLUMNS) throw damaged(`${fields.length} columns instead of ${COLUMNS}`);
  if (!WHOLE.test(op) || !WHOLE.test(key)) throw damaged('op or key is no whole number');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'string') throw damaged(`value of message ${key} is no JSON text`);
  return { key: Number(key), value, op: Number(op), time, requestId };
}

function damaged(what: string): DamagedFileError {
  return new DamagedFileError(MESSAGES_FILE, what);
}
