import { isUtf8 } from 'node:buffer';
import { assert, present } from '../base/assert.js';
import type { MessageTypes } from './message-types.js';
import { messageTypes } from './proto-files.js';

/*
 * protobufjs is lenient: it takes the bytes of a string for whatever they are (invalid UTF-8 becomes U+FFFD, a string that
 * is cut short is taken as it is) and does not look at wire types. A customer's text must come back byte for byte or be
 * refused, so the raw bytes are walked once by the message's own descriptor before they are decoded.
 */

interface Field {
  readonly name: string;
  /** Of one value. */
  readonly wireType: number;
  /** A list of numbers: its values may come one by one or packed into one. */
  readonly isPackable: boolean;
  /** A number of 32 bits, of which protobufjs takes five bytes or ten. */
  readonly is32Bit: boolean;
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
  TYPE_SINT32: VARINT,
  TYPE_SINT64: VARINT,
  TYPE_BOOL: VARINT,
  TYPE_ENUM: VARINT,
  TYPE_DOUBLE: FIXED64,
  TYPE_FIXED64: FIXED64,
  TYPE_SFIXED64: FIXED64,
  TYPE_FLOAT: FIXED32,
  TYPE_FIXED32: FIXED32,
  TYPE_SFIXED32: FIXED32,
};

const NUMBERS_OF_32_BITS: ReadonlySet<string> = new Set(
  ['INT32', 'UINT32', 'SINT32', 'BOOL', 'ENUM'].map((type) => `TYPE_${type}`),
);

/** Messages inside messages at most, as elsewhere in protobuf: the walk and the decoder go down by recursion. */
const DEPTH_MAX = 100;
/** Tags, lengths and numbers of 32 bits take no more; a negative int32 takes all ten. */
const VARINT32_BYTES_MAX = 5;
const VARINT_BYTES_MAX = 10;

/** The shape of a message by its full name; default: of this program's own proto files. A map is a list of messages with key and value. */
export function wireShape(fullName: string, types: MessageTypes = messageTypes): WireShape {
  return shapeIn(types, fullName, new Map());
}

/** `made`: shapes begun, for messages that hold their own kind. */
function shapeIn(types: MessageTypes, fullName: string, made: Map<string, Map<number, Field>>): WireShape {
  const begun = made.get(fullName);
  if (begun !== undefined) return begun;
  const shape = new Map<number, Field>();
  made.set(fullName, shape);
  for (const field of present(types.fieldsOf(fullName), `the proto files define ${fullName}`)) {
    const { name, number, type, label } = field;
    const wireType = present(WIRE_TYPES[type], `the wire check knows ${type}`);
    const message = type === 'TYPE_MESSAGE' ? shapeIn(types, types.typeOf(fullName, field), made) : undefined;
    const isPackable = label === 'LABEL_REPEATED' && wireType !== LENGTH_DELIMITED;
    const is32Bit = NUMBERS_OF_32_BITS.has(type);
    shape.set(number, { name, wireType, isPackable, is32Bit, isText: type === 'TYPE_STRING', message });
  }
  return shape;
}

/**
 * Values in a customer's request at most, messages and unknown fields among them: more than the largest list needs (1,000 pairs of
 * tuples: 35,000). A value of two bytes takes a hundred times its size and a microsecond to decode; half a million of them in one
 * request would hold up a primary for so long that it is taken for dead.
 */
export const REQUEST_VALUES_MAX = 50_000;

/**
 * What makes the bytes no such message, for people; `undefined` when they are one. Unknown fields are skipped. `valuesMax`: values
 * there may be in it, messages within it included.
 */
export function wireProblem(bytes: Uint8Array, shape: WireShape, valuesMax = REQUEST_VALUES_MAX): string | undefined {
  return new Walk(bytes, valuesMax).problem(shape, bytes.length);
}

class Walk {
  #at = 0;
  /** Bytes of the varint that was read last. */
  #varintBytes = 0;
  #values = 0;
  #depth = 0;
  constructor(
    readonly bytes: Uint8Array,
    readonly valuesMax: number,
  ) {}

  problem(shape: WireShape, end: number): string | undefined {
    if (this.#depth++ > DEPTH_MAX) return `messages stand in messages more than ${DEPTH_MAX} deep`;
    while (this.#at < end) {
      const tag = this.#varint(end);
      if (tag === undefined || tag < 8 || tag > 0xffffffff) return 'a field has no valid number';
      if (this.#varintBytes > VARINT32_BYTES_MAX) return tooManyBytes('a field');
      const field = shape.get(Math.floor(tag / 8));
      const wireType = tag % 8;
      if (field !== undefined && field.wireType !== wireType && !(field.isPackable && wireType === LENGTH_DELIMITED))
        return `${field.name} has another type`;
      const wrong = this.#value(wireType, field, end) ?? this.#oneMore();
      if (wrong !== undefined) return wrong;
    }
    assert(this.#at === end, 'the walk ends where the message ends');
    this.#depth--;
    return undefined;
  }

  #value(wireType: number, field: Field | undefined, end: number): string | undefined {
    const name = field?.name ?? 'an unknown field';
    switch (wireType) {
      case VARINT:
        return this.#number(name, field?.is32Bit === true, end);
      case FIXED64:
      case FIXED32:
        this.#at += wireType === FIXED64 ? 8 : 4;
        return this.#at > end ? `${name} is cut short` : undefined;
      case LENGTH_DELIMITED: {
        const length = this.#varint(end);
        if (length === undefined || length > end - this.#at) return `${name} is cut short`;
        if (this.#varintBytes > VARINT32_BYTES_MAX) return tooManyBytes(name);
        const start = this.#at;
        if (field?.message !== undefined) return this.problem(field.message, start + length);
        if (field?.isPackable === true) return this.#packed(field, start + length);
        this.#at = start + length;
        if (field?.isText === true && !isUtf8(this.bytes.subarray(start, this.#at)))
          return `${name} is not valid UTF-8`;
        return undefined;
      }
      default:
        return `${name} has an unknown type`;
    }
  }

  /** Numbers of a list in one piece: whole ones. */
  #packed({ name, wireType, is32Bit }: Field, end: number): string | undefined {
    while (this.#at < end) {
      let wrong = this.#oneMore();
      if (wireType !== VARINT) this.#at += wireType === FIXED64 ? 8 : 4;
      else wrong ??= this.#number(name, is32Bit, end);
      if (wrong !== undefined) return wrong;
    }
    return this.#at === end ? undefined : `${name} is cut short`;
  }

  #oneMore(): string | undefined {
    return ++this.#values > this.valuesMax ? `it has more than ${this.valuesMax} values` : undefined;
  }

  /** A number, in as many bytes as protobufjs takes: of one of 32 bits it would pass over ten where six stand. */
  #number(name: string, is32Bit: boolean, end: number): string | undefined {
    if (this.#varint(end) === undefined) return `${name} is cut short`;
    const isOdd = this.#varintBytes > VARINT32_BYTES_MAX && this.#varintBytes < VARINT_BYTES_MAX;
    return is32Bit && isOdd ? tooManyBytes(name) : undefined;
  }

  /** Its value, exact up to 2^53; `undefined` when it is longer than 10 bytes or cut short. */
  #varint(end: number): number | undefined {
    let value = 0;
    let scale = 1;
    for (let length = 1; length <= VARINT_BYTES_MAX; length++) {
      if (this.#at >= end) return undefined;
      const byte = this.bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.#varintBytes = length;
        return value;
      }
      scale *= 128;
    }
    return undefined;
  }
}

const tooManyBytes = (name: string): string => `${name} has a number of too many bytes`;
