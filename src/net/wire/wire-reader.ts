import { isUtf8 } from 'node:buffer';
import { MalformedError } from '../wire-values.js';

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const VARINT_BYTES_MAX = 10;
/** Tags, lengths and 32-bit numbers take no more; a negative int32 takes all ten. */
const VARINT32_BYTES_MAX = 5;
/** A text of at most this many bytes is looked through here: a call into the runtime costs more. */
const SHORT_TEXT_BYTES = 128;
const TWO_TO_32 = 0x1_0000_0000;

/**
 * Reads the fields of one protobuf message off its bytes, strictly: field after field by `more`, `field` and the method of
 * the field's type, which is told the field's name for people. Unlike protobufjs it refuses a field of another wire type, one
 * that is cut short and a text that is not valid UTF-8; as there, unknown fields are skipped and the last of several wins.
 * Every method throws MalformedError. Views of bytes (`bytes`) keep the whole message in memory.
 */
export class WireReader {
  readonly #bytes: Buffer;
  #at = 0;
  #end: number;
  #wireType = VARINT;
  /** The varint that `#readVarint` read last, and how many bytes it took. */
  #low = 0;
  #high = 0;
  #length = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  /** Whether the message has another field. */
  more(): boolean {
    return this.#at < this.#end;
  }

  /** The number of the next field. Its value must be read, or skipped, before the next. */
  field(): number {
    const byte = this.#bytes[this.#at] as number;
    if (byte < 0x80) {
      this.#at++;
      this.#low = byte;
    } else {
      if (!this.#readVarint() || this.#high !== 0) throw new MalformedError('a field has no valid number');
      if (this.#length > VARINT32_BYTES_MAX) throw tooManyBytes('a field');
    }
    if (this.#low < 8) throw new MalformedError('a field has no valid number');
    this.#wireType = this.#low & 7;
    return this.#low >>> 3;
  }

  /** A uint64: exact up to 2^53, the nearest double above. */
  uint64(name: string): number {
    this.#varintOf(name);
    return this.#low + this.#high * TWO_TO_32;
  }

  /** A uint32; of a longer number its low 32 bits. */
  uint32(name: string): number {
    this.#varintOf(name);
    // protobufjs misreads these, and nobody writes them: a negative int32 has ten bytes, all others have five at most.
    if (this.#length > VARINT32_BYTES_MAX && this.#length < VARINT_BYTES_MAX) throw tooManyBytes(name);
    return this.#low;
  }

  /** An int32 or the number of an enum. */
  int32(name: string): number {
    return this.uint32(name) | 0;
  }

  bool(name: string): boolean {
    return this.uint32(name) !== 0;
  }

  text(name: string): string {
    const end = this.#lengthOf(name);
    const start = this.#at;
    this.#at = end;
    const bytes = this.#bytes;
    if (end - start <= SHORT_TEXT_BYTES) {
      let seen = 0;
      for (let at = start; at < end; at++) seen |= bytes[at] as number;
      if (seen < 0x80) return bytes.toString('latin1', start, end);
    }
    if (!isUtf8(bytes.subarray(start, end))) throw new MalformedError(`${name} is not valid UTF-8`);
    return bytes.toString('utf8', start, end);
  }

  /** A view, not a copy. */
  bytes(name: string): Buffer {
    const end = this.#lengthOf(name);
    const view = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return view;
  }

  /** A message inside: `read` reads it to its end from this same reader. */
  message<T>(name: string, read: (reader: WireReader) => T): T {
    const outer = this.#end;
    this.#end = this.#lengthOf(name);
    const value = read(this);
    this.#end = outer;
    return value;
  }

  /** Where the reader stands, for `readOtherwise`. */
  mark(): number {
    return this.#at;
  }

  /** Reads the message that began at `start`, all of it, by another way, and goes on behind it. */
  readOtherwise<T>(start: number, read: (bytes: Buffer) => T): T {
    this.#at = this.#end;
    const bytes = this.#bytes.subarray(start, this.#end);
    try {
      return read(bytes);
    } catch {
      throw new MalformedError('it does not decode');
    }
  }

  /** Passes over the value of a field that is not known. */
  skip(): void {
    const name = 'an unknown field';
    switch (this.#wireType) {
      case VARINT:
        this.#varintOf(name);
        break;
      case FIXED64:
      case FIXED32: {
        const bytes = this.#wireType === FIXED64 ? 8 : 4;
        if (bytes > this.#end - this.#at) throw cutShort(name);
        this.#at += bytes;
        break;
      }
      case LENGTH_DELIMITED:
        this.#at = this.#lengthOf(name);
        break;
      default:
        throw new MalformedError(`${name} has an unknown type`);
    }
  }

  #varintOf(name: string): void {
    if (this.#wireType !== VARINT) throw new MalformedError(`${name} has another type`);
    if (!this.#readVarint()) throw cutShort(name);
  }

  /** Where the value ends that begins here, behind its length. */
  #lengthOf(name: string): number {
    if (this.#wireType !== LENGTH_DELIMITED) throw new MalformedError(`${name} has another type`);
    if (!this.#readVarint() || this.#high !== 0 || this.#low > this.#end - this.#at) throw cutShort(name);
    if (this.#length > VARINT32_BYTES_MAX) throw tooManyBytes(name);
    return this.#at + this.#low;
  }

  /** False when it is longer than ten bytes or cut short. */
  #readVarint(): boolean {
    const start = this.#at;
    const end = Math.min(this.#end, start + VARINT_BYTES_MAX);
    const bytes = this.#bytes;
    let low = 0;
    let high = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      const shift = 7 * (at - start);
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else if (shift === 28) {
        low |= (byte & 0x0f) << 28;
        high = (byte & 0x7f) >> 4;
      } else high |= (byte & 0x7f) << (shift - 32);
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        this.#length = at + 1 - start;
        this.#at = at + 1;
        return true;
      }
    }
    return false;
  }
}

function cutShort(name: string): MalformedError {
  return new MalformedError(`${name} is cut short`);
}

function tooManyBytes(name: string): MalformedError {
  return new MalformedError(`${name} has a number of too many bytes`);
}
