import { expect } from 'chai';
import fc from 'fast-check';
import { MalformedError } from '../../../src/net/wire-values.js';

/** Texts as messages carry them: any valid Unicode, short and long, empty rather often. */
export const wireTexts = fc.oneof(
  fc.constant(''),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', minLength: 100, maxLength: 300 }),
);
export const uint32s = fc.oneof(fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 0xffff_ffff), fc.nat(0xffff_ffff));
export const int32s = fc.oneof(fc.constantFrom(0, -1, 2 ** 31 - 1, -(2 ** 31)), fc.integer());
export const uint64s = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);

type Change =
  | { readonly kind: 'set' | 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'remove' | 'repeat'; readonly at: number; readonly length: number };

const places = fc.oneof(fc.nat(40), fc.nat(4000));
/** Bytes that mean something to a reader of protobuf: ends of varints, tags, lengths. */
const meaningful = fc.constantFrom(
  [0x00],
  [0x80],
  [0xff],
  [0x80, 0x00],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x18, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
  [0x0b, 0x0c],
  [0xf8, 0x07, 0x2a],
  [0x79, 1, 2, 3, 4, 5, 6, 7, 8],
  [0x7d, 1, 2, 3, 4],
);
const changedBytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 4 }),
  meaningful.map((bytes) => Uint8Array.from(bytes)),
);
const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constantFrom('set' as const, 'insert' as const), at: places, bytes: changedBytes }),
  fc.record({ kind: fc.constantFrom('remove' as const, 'repeat' as const), at: places, length: fc.nat(60) }),
);

/** What nearly is a message: valid bytes with a few changes, cut short, or garbage. */
export function damaged(valid: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const changed = fc
    .tuple(valid, fc.array(changes, { maxLength: 3 }))
    .map(([bytes, list]) => list.reduce(change, bytes));
  const cut = fc.tuple(valid, fc.nat()).map(([bytes, at]) => bytes.subarray(0, at % (bytes.length + 1)));
  return fc.oneof(
    { weight: 6, arbitrary: changed },
    { weight: 2, arbitrary: cut },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  );
}

function change(bytes: Buffer, of: Change): Buffer {
  const at = of.at % (bytes.length + 1);
  const before = bytes.subarray(0, at);
  switch (of.kind) {
    case 'set':
      return Buffer.concat([before, of.bytes, bytes.subarray(at + of.bytes.length)]);
    case 'insert':
      return Buffer.concat([before, of.bytes, bytes.subarray(at)]);
    case 'remove':
      return Buffer.concat([before, bytes.subarray(at + of.length)]);
    case 'repeat':
      return Buffer.concat([bytes.subarray(0, at + of.length), bytes.subarray(at)]);
  }
}

/** What reading gave: the message, or why it is none. */
export type Outcome =
  { readonly kind: 'read'; readonly message: unknown } | { readonly kind: 'refused'; problem: string };

/** What `read` of ours makes of the bytes; anything thrown but MalformedError fails the test. */
export function outcomeOf(read: (bytes: Buffer) => unknown, bytes: Buffer): Outcome {
  try {
    return { kind: 'read', message: read(bytes) };
  } catch (error) {
    expect(error).to.be.instanceOf(MalformedError);
    return { kind: 'refused', problem: (error as MalformedError).problem };
  }
}

/** Numbers of more bytes than anybody writes: protobufjs misreads some of them, so ours refuses them all. */
export const TOO_MANY_BYTES = /has a number of too many bytes$/;

/** The object as proto3 writes it: fields at their default left out. Lists and messages inside stay. */
export function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  const isDefault = (field: unknown): boolean =>
    field === 0 ||
    field === '' ||
    field === false ||
    field === null ||
    (typeof field === 'string' && field.endsWith('_UNSPECIFIED'));
  const fields = Object.entries(value).filter(([, field]) => !isDefault(field));
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutDefaults(field)]));
}
