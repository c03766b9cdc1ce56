import { assert } from '../../base/assert.js';

const VARINT = 0;
const LENGTH_DELIMITED = 2;

const POOL_BYTES = 64 * 1024;
/** A pool that has grown beyond this is given back after the message that needed it. */
const POOL_BYTES_KEPT_MAX = 4 * 1024 * 1024;
/** A tag and a varint, at most. */
const HEAD_BYTES_MAX = 15;
/** A text of at most this length is written here: a call into the runtime costs more. Below 128, its length takes one byte. */
const SHORT_TEXT_LENGTH = 64;
const TWO_TO_31 = 0x8000_0000;

/**
 * Writes the fields of one protobuf message after the other into memory that is used again for the next message. As proto3
 * says, numbers that are 0, false and empty texts are left out; `bytes` and messages are written always. Write fields in the
 * order of their numbers, then `take` the message. Not for two messages at a time: get it from `wireWriter`.
 */
export class WireWriter {
  #bytes = Buffer.allocUnsafeSlow(POOL_BYTES);
  #at = 0;
  /** Of the messages that have begun and not ended: where each begins, and how many bytes were kept for its length. */
  readonly #starts: number[] = [];
  readonly #lengthBytes: number[] = [];

  /** Forgets a message that an error left unfinished. */
  clear(): void {
    this.#at = 0;
    this.#starts.length = 0;
    this.#lengthBytes.length = 0;
  }

  /** A uint32 or uint64: a whole number from 0 to 2^53. */
  natural(field: number, value: number): void {
    if (value === 0) return;
    assert(Number.isSafeInteger(value) && value > 0, 'a natural number is whole and not below 0');
    this.#head(field, VARINT);
    this.#varint(value);
  }

  /** An int32, or the number of an enum. */
  int32(field: number, value: number): void {
    if (value >= 0) return this.natural(field, value);
    assert(Number.isInteger(value) && value >= -TWO_TO_31, 'an int32 is a whole number of 32 bits');
    this.#head(field, VARINT);
    // Its sign goes on to bit 63: five bytes for the low 35 bits, then ones.
    for (let shift = 0; shift < 28; shift += 7) this.#bytes[this.#at++] = ((value >> shift) & 0x7f) | 0x80;
    this.#bytes[this.#at++] = ((value >> 28) & 0x7f) | 0x80;
    for (let count = 0; count < 4; count++) this.#bytes[this.#at++] = 0xff;
    this.#bytes[this.#at++] = 1;
  }

  bool(field: number, value: boolean): void {
    if (!value) return;
    this.#head(field, VARINT);
    this.#bytes[this.#at++] = 1;
  }

  text(field: number, value: string): void {
    const { length } = value;
    if (length === 0) return;
    this.#head(field, LENGTH_DELIMITED);
    if (length <= SHORT_TEXT_LENGTH && this.#shortText(value)) return;
    const bytes = Buffer.byteLength(value);
    this.#varint(bytes);
    this.#reserve(bytes);
    this.#at += this.#bytes.write(value, this.#at, bytes, 'utf8');
  }

  /** Written when it is empty too. */
  bytes(field: number, value: Uint8Array): void {
    this.#head(field, LENGTH_DELIMITED);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** Begins a message inside. `lengthBytes`: what its length will take, a guess; 1 below 128 bytes, 2 below 16 KiB. */
  begin(field: number, lengthBytes = 1): void {
    this.#head(field, LENGTH_DELIMITED);
    this.#at += lengthBytes;
    this.#starts.push(this.#at);
    this.#lengthBytes.push(lengthBytes);
  }

  /** Ends the message that began last. */
  end(): void {
    const start = this.#starts.pop();
    const kept = this.#lengthBytes.pop();
    assert(start !== undefined && kept !== undefined, 'what ends has begun');
    const length = this.#at - start;
    const needed = varintBytes(length);
    const shift = needed - kept;
    if (shift !== 0) {
      this.#reserve(shift);
      this.#bytes.copyWithin(start + shift, start, this.#at);
    }
    this.#at = start - kept;
    this.#varint(length);
    this.#at += length;
  }

  /** The message, in memory of its own. */
  take(): Buffer {
    assert(this.#starts.length === 0, 'what has begun has ended');
    const taken = Buffer.allocUnsafe(this.#at);
    this.#bytes.copy(taken, 0, 0, this.#at);
    this.#at = 0;
    if (this.#bytes.length > POOL_BYTES_KEPT_MAX) this.#bytes = Buffer.allocUnsafeSlow(POOL_BYTES);
    return taken;
  }

  /** False, with nothing written, when it is not ASCII. */
  #shortText(value: string): boolean {
    const { length } = value;
    this.#reserve(length + 1);
    const bytes = this.#bytes;
    const start = this.#at + 1;
    let seen = 0;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      seen |= code;
      bytes[start + index] = code;
    }
    if (seen >= 0x80) return false;
    bytes[this.#at] = length;
    this.#at = start + length;
    return true;
  }

  #head(field: number, wireType: number): void {
    this.#reserve(HEAD_BYTES_MAX);
    const tag = field * 8 + wireType;
    if (tag < 0x80) this.#bytes[this.#at++] = tag;
    else this.#varint(tag);
  }

  #varint(value: number): void {
    const bytes = this.#bytes;
    let rest = value;
    while (rest >= TWO_TO_31) {
      bytes[this.#at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[this.#at++] = rest;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

const shared = new WireWriter();

/** The one writer of this process, empty: a message is written from here to its `take` in one go. */
export function wireWriter(): WireWriter {
  shared.clear();
  return shared;
}
