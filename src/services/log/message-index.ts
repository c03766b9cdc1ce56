import { checksumOf } from '../../base/checksum.js';
import type { IndexFile } from '../../base/service.js';
import type { IdIndex } from '../compact/id-index.js';
import type { RisingNumbers } from '../compact/rising-numbers.js';

/** Name of the index file. */
export const INDEX_FILE = 'messages.index';
/** Messages that make a frame: what a start reads again from the table at most, beside what came after the checkpoint. */
const FRAME_RECORDS = 4096;
/** "JHL1" in the byte order of this machine: a folder that has moved to one of the other order is indexed anew. */
const MAGIC = 0x314c_484a;
/** Magic, checksum, messages in the frame, 0 as words; then messages, bytes and last op after it as doubles. */
const HEAD_BYTES = 16 + 24;
const BYTES_PER_MESSAGE = 8 + 16;
/** A frame holds no more than this: what claims more is none. */
const FRAME_RECORDS_MAX = 1 << 25;

/** How far an index reaches: messages, up to which byte they fill messages.csv, and the op of the last of them. */
export interface IndexPlace {
  readonly messages: number;
  readonly bytes: number;
  readonly lastOp: number;
}

/** The index in memory. */
export interface Indexed {
  readonly ids: IdIndex;
  readonly offsets: RisingNumbers;
}

const NOWHERE: IndexPlace = { messages: 0, bytes: 0, lastOp: 0 };

/**
 * Keeps what the index of the messages knows in a file, frame by frame as it grows, and takes it up at a start, so that a start need
 * not read all messages. The table remains what is true: a frame whose checksum is wrong, or that does not fit, is made again from it.
 */
export class MessageIndexFile {
  readonly #file: IndexFile | undefined;
  /** What the file holds; `undefined` until it was looked at, and when it cannot be written. */
  #kept: IndexPlace | undefined;
  /** Of the last frame, which goes on from that of the frame before it; 0 before the first. */
  #checksum = 0;

  /** `frameRecords`: messages that make a frame. */
  constructor(
    file: IndexFile | undefined,
    readonly frameRecords = FRAME_RECORDS,
  ) {
    this.#file = file;
  }

  /**
   * Takes up the file into an empty index, as far as it is sound and within `limit`; the rest of it is cut off. Returns up to where
   * the table need not be read.
   */
  load({ ids, offsets }: Indexed, limit: IndexPlace): IndexPlace {
    let place = NOWHERE;
    let at = 0;
    for (;;) {
      const frame = this.#frameAt(at, place);
      if (frame === undefined) break;
      const { after, checksum, bytes } = frame;
      if (after.messages > limit.messages || after.bytes > limit.bytes || after.lastOp > limit.lastOp) break;
      ids.addUnplaced(frame.ids);
      for (const offset of frame.offsets) offsets.append(offset);
      this.#checksum = checksum;
      place = after;
      at += bytes;
    }
    if (place.messages > 0) ids.placeAll();
    this.#file?.cut(at);
    this.#kept = place;
    return place;
  }

  /** Writes what was added since the last frame, when that is enough for one. Between two ops. */
  keep({ ids, offsets }: Indexed, after: IndexPlace): void {
    const kept = this.#kept;
    if (this.#file === undefined || kept === undefined) return;
    if (after.messages - kept.messages < this.frameRecords) return;
    const places = new Float64Array(after.messages - kept.messages);
    for (let index = 0; index < places.length; index++) places[index] = offsets.at(kept.messages + index);
    const words = ids.wordsOf(kept.messages, after.messages);
    const frame = Buffer.alloc(HEAD_BYTES + BYTES_PER_MESSAGE * places.length);
    frame.set(bytesOf(new Float64Array([after.messages, after.bytes, after.lastOp])), 16);
    frame.set(bytesOf(places), HEAD_BYTES);
    frame.set(bytesOf(words), HEAD_BYTES + places.byteLength);
    frame.set(bytesOf(new Uint32Array([MAGIC, 0, places.length, 0])), 0);
    const checksum = checksumOf(frame.subarray(8), this.#checksum);
    frame.set(bytesOf(new Uint32Array([checksum])), 4);
    this.#kept = this.#file.append(frame) ? after : undefined;
    this.#checksum = checksum;
  }

  /** Empties the file: what it says is not so. */
  discard(): void {
    this.#kept = undefined;
    this.#checksum = 0;
    this.#file?.cut(0);
  }

  /** The frame that begins at a byte of the file and follows `before`; `undefined` when none does, or its bytes are not what was written. */
  #frameAt(
    at: number,
    before: IndexPlace,
  ): { after: IndexPlace; ids: Uint32Array; offsets: Float64Array; checksum: number; bytes: number } | undefined {
    const file = this.#file;
    if (file === undefined || at + HEAD_BYTES > file.length) return undefined;
    const head = aligned(file.read(at, HEAD_BYTES));
    if (head.byteLength < HEAD_BYTES) return undefined;
    const [magic, checksum = 0, count = 0] = new Uint32Array(head, 0, 4);
    const bytes = HEAD_BYTES + BYTES_PER_MESSAGE * count;
    if (magic !== MAGIC || count === 0 || count > FRAME_RECORDS_MAX || at + bytes > file.length) return undefined;
    const frame = aligned(file.read(at, bytes));
    if (frame.byteLength < bytes || checksumOf(new Uint8Array(frame, 8), this.#checksum) !== checksum) return undefined;
    const [messages = 0, tableBytes = 0, lastOp = 0] = new Float64Array(frame, 16, 3);
    if (messages !== before.messages + count) return undefined;
    return {
      after: { messages, bytes: tableBytes, lastOp },
      offsets: new Float64Array(frame, HEAD_BYTES, count),
      ids: new Uint32Array(frame, HEAD_BYTES + 8 * count, 4 * count),
      checksum,
      bytes,
    };
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** A copy at the beginning of memory of its own: typed arrays want to be aligned. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
}
