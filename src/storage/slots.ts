import { crc32 } from 'node:zlib';
import { assert } from '../base/assert.js';

/** The two slots of a preallocated file that is written in place. */
export const SLOTS = [0, 1] as const;
/** Index of a slot. */
export type Slot = (typeof SLOTS)[number];

/** What a slot holds; `sequence` grows with every write, the higher one of two valid slots is the newer. */
export interface SlotValue {
  readonly sequence: number;
}

/** Eight hex digits over a text: finds damage, not malice. */
export function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

/**
 * Bytes of one slot. The two slots of a file together are a JSON array of two objects, padded with spaces to their fixed
 * size, so that the file reads as JSON while each slot is written alone. The last member of the object is its checksum.
 */
export function encodeSlot(value: SlotValue, slot: Slot, slotBytes: number): Buffer {
  const text = JSON.stringify(value);
  const body = `${slot === 0 ? '[' : ' '}${text.slice(0, -1)},"checksum":"${checksumOf(text)}"}`;
  const end = slot === 0 ? ',\n' : ']\n';
  const length = Buffer.byteLength(body);
  assert(length + end.length <= slotBytes, `a state fits its slot of ${slotBytes} bytes`);
  return Buffer.from(body + ' '.repeat(slotBytes - length - end.length) + end);
}

/**
 * The value of a slot; `undefined` when its bytes are not exactly what `encodeSlot` makes of one: torn, damaged, or
 * changed by hand.
 */
export function decodeSlot(bytes: Uint8Array, slot: Slot, slotBytes: number): Record<string, unknown> | undefined {
  const own = Buffer.from(bytes.subarray(slot * slotBytes, (slot + 1) * slotBytes));
  if (own.length !== slotBytes) return undefined;
  const end = own.lastIndexOf('}');
  if (end < 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(own.toString('utf8', 1, end + 1));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('sequence' in value)) return undefined;
  const { checksum, ...rest } = value as Record<string, unknown>;
  if (checksum === undefined || typeof rest['sequence'] !== 'number') return undefined;
  const again = encodeSlot({ ...rest, sequence: rest['sequence'] }, slot, slotBytes);
  return again.equals(own) ? rest : undefined;
}
