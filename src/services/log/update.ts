import { assert } from '../../base/assert.js';
import { valueProblem } from './value.js';

/** The result of an append, as its entry holds it and every replica applies it. */
export interface Update {
  /** Key of the message: the number of messages before it. */
  readonly key: number;
  /** Disks that the caller asked for, 1 … N. */
  readonly copies: number;
  readonly value: string;
}

const UPDATE = /^append (0|[1-9][0-9]{0,14}) ([1-9][0-9]{0,2}) /;

/** An update as the text of its entry: `append KEY COPIES VALUE`, the value escaped as in JSON, without the quotes around it. */
export function encodeUpdate({ key, copies, value }: Update): string {
  return `append ${key} ${copies} ${JSON.stringify(value).slice(1, -1)}`;
}

/** Reads an update of an entry. Entries are checked by checksum and chain: another shape is a bug and asserted. */
export function decodeUpdate(text: string): Update {
  const update = readUpdate(text);
  assert(update !== undefined, 'an entry of the message log appends a message');
  return update;
}

/** As `decodeUpdate`, of text that nobody has vouched for; `undefined` when it is none. */
export function readUpdate(text: string): Update | undefined {
  const [head, key, copies] = UPDATE.exec(text) ?? [];
  if (head === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(`"${text.slice(head.length)}"`);
  } catch {
    return undefined;
  }
  if (typeof value !== 'string' || valueProblem(value) !== undefined) return undefined;
  return { key: Number(key), copies: Number(copies), value };
}
