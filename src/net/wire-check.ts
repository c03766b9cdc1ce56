import { isUtf8 } from 'node:buffer';
import { assert, present } from '../base/assert.js';
import { messageDefinition } from './proto-files.js';

/*
 * protobufjs is lenient: it takes the bytes of a string for whatever they are (invalid UTF-8 becomes U+FFFD, a string that
 * is cut short is taken as it is) and does not look at wire types. A customer's text must come back byte for byte or be
 * refused, so the raw bytes are walked once by the message's own descriptor before they are decoded.
 */

interface Field {
  readonly name: string;
  readonly wireType: number;
  readonly isText: boolean;
  readonly message: WireShape | undefined;
}

/** What the walk knows of a message: its fields by number. */
export type WireShape = ReadonlyMap<number, Field>;

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const WIRE_TYPES: Readonly<Record<string, number>> = {
  TYPE_STRING: LENGTH_DELIMITED,
  TYPE_BYTES: LENGTH_DELIMITED,
  TYPE_MESSAGE: LENGTH_DELIMITED,
  TYPE_INT32: VARINT,
  TYPE_INT64: VARINT,
  TYPE_UINT32: VARINT,
  TYPE_UINT64: VARINT,
  TYPE_BOOL: VARINT,
  TYPE_ENUM: VARINT,
};

interface FieldDescriptor {
  readonly name: string;
  readonly number: number;
  readonly type: string;
  readonly typeName: string;
}

/** The shape of a message of this package by its full name; the messages in it have names of their own in the package. */
export function wireShape(fullName: string): WireShape {
  const { field } = messageDefinition(fullName).type as { field: readonly FieldDescriptor[] };
  const packageName = fullName.slice(0, fullName.lastIndexOf('.'));
  return new Map(
    field.map(({ name, number, type, typeName }) => {
      const wireType = present(WIRE_TYPES[type], `the wire check knows ${type}`);
      const message = type === 'TYPE_MESSAGE' ? wireShape(`${packageName}.${typeName}`) : undefined;
      return [number, { name, wireType, isText: type === 'TYPE_STRING', message }];
    }),
  );
}

/** What makes the bytes no such message, for people; `undefined` when they are one. Unknown fields are skipped. */
export function wireProblem(bytes: Uint8Array, shape: WireShape): string | undefined {
  return new Walk(bytes).problem(shape, bytes.length);
}

class Walk {
  #at = 0;
  constructor(readonly bytes: Uint8Array) {}

  problem(shape: WireShape, end: number): string | undefined {
    while (this.#at < end) {
      const tag = this.#varint(end);
      if (tag === undefined || tag < 8 || tag > 0xffffffff) return 'a field has no valid number';
      const field = shape.get(Math.floor(tag / 8));
      const wireType = tag % 8;
      if (field !== undefined && field.wireType !== wireType) return `${field.name} has another type`;
      const wrong = this.#value(wireType, field, end);
      if (wrong !== undefined) return wrong;
    }
    assert(this.#at === end, 'the walk ends where the message ends');
    return undefined;
  }

  #value(wireType: number, field: Field | undefined, end: number): string | undefined {
    const name = field?.name ?? 'an unknown field';
    switch (wireType) {
      case VARINT:
        return this.#varint(end) === undefined ? `${name} is cut short` : undefined;
      case FIXED64:
      case FIXED32:
        this.#at += wireType === FIXED64 ? 8 : 4;
        return this.#at > end ? `${name} is cut short` : undefined;
      case LENGTH_DELIMITED: {
        const length = this.#varint(end);
        if (length === undefined || length > end - this.#at) return `${name} is cut short`;
        const start = this.#at;
        if (field?.message !== undefined) return this.problem(field.message, start + length);
        this.#at = start + length;
        if (field?.isText === true && !isUtf8(this.bytes.subarray(start, this.#at)))
          return `${name} is not valid UTF-8`;
        return undefined;
      }
      default:
        return `${name} has an unknown type`;
    }
  }

  /** Its value, exact up to 2^53; `undefined` when it is longer than 10 bytes or cut short. */
  #varint(end: number): number | undefined {
    let value = 0;
    let scale = 1;
    for (let length = 0; length < 10; length++) {
      if (this.#at >= end) return undefined;
      const byte = this.bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    return undefined;
  }
}
