import { checksumOf } from '../../base/checksum.js';
import type { ChangeColumns } from './change-index.js';
import type { OrderColumns } from './order-index.js';

/** "JHI2" in the byte order of this machine: a folder that has moved to one of the other order is indexed anew. */
const MAGIC = 0x3249_484a;
const BYTES_PER_ORDER = 8 + 8 + 16 + 4 + 1;
const BYTES_PER_CHANGE = 8 + 8 + 4 + 4 + 1 + 1;
/** No user code holds a control character. */
const NAMES_SEPARATOR = '\n';

/** Bytes of a frame before its payload. */
export const FRAME_HEAD_BYTES = 56;
/** A frame holds no more than this: what claims more is none. */
const PAYLOAD_BYTES_MAX = 1 << 30;

/**
 * Where an index stands: how many records it has, up to which byte they cover the tables, and the op of the last of them. The
 * rows after these bytes are those of later ops.
 */
export interface IndexPlace {
  readonly orders: number;
  readonly changes: number;
  readonly users: number;
  readonly ordersBytes: number;
  readonly statusBytes: number;
  readonly op: number;
}

/** What a frame adds to an index. */
export interface IndexFrame {
  readonly orders: OrderColumns;
  readonly changes: ChangeColumns;
  /** Codes of users who order for the first time, in the order of their numbers. */
  readonly users: readonly string[];
}

/** Head of a frame: where the index stands after it, the bytes that follow, and their checksum. */
export interface FrameHead {
  readonly after: IndexPlace;
  readonly payloadBytes: number;
  readonly checksum: number;
}

/**
 * A frame of the index file: head and payload. Its checksum goes on from that of the frame before it (0: none): a frame counts only
 * behind the one that it was written behind.
 */
export function encodeFrame(
  { orders, changes, users }: IndexFrame,
  after: IndexPlace,
  checksumBefore: number,
): { bytes: Uint8Array; checksum: number } {
  const { ids, users: userNumbers } = orders;
  const wide = [orders.ops, orders.offsets, changes.ops, changes.offsets, ids, userNumbers];
  const narrow = [changes.hashes, changes.orders, orders.checks, changes.statuses, changes.checks];
  const columns = [...wide, ...narrow].map(
    ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
  );
  const payload = Buffer.concat([...columns, Buffer.from(users.join(NAMES_SEPARATOR))]);
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + payload.length);
  const numbers = new Float64Array([after.ordersBytes, after.statusBytes, after.op, after.orders, after.changes]);
  const words = new Uint32Array([MAGIC, 0, payload.length, after.users]);
  frame.set(new Uint8Array(numbers.buffer), 16);
  frame.set(payload, FRAME_HEAD_BYTES);
  frame.set(new Uint8Array(words.buffer), 0);
  const checksum = checksumOf(frame.subarray(8), checksumBefore);
  words[1] = checksum;
  frame.set(new Uint8Array(words.buffer), 0);
  return { bytes: frame, checksum };
}

/** The head of a frame; `undefined` when these bytes are none. */
export function decodeHead(bytes: Uint8Array): FrameHead | undefined {
  if (bytes.length < FRAME_HEAD_BYTES) return undefined;
  const [magic, checksum = 0, payloadBytes = 0, users = 0] = new Uint32Array(aligned(bytes, 0, 16));
  if (magic !== MAGIC || payloadBytes > PAYLOAD_BYTES_MAX) return undefined;
  const [ordersBytes = 0, statusBytes = 0, op = 0, orders = 0, changes = 0] = new Float64Array(aligned(bytes, 16, 40));
  const all = [ordersBytes, statusBytes, op, orders, changes];
  if (!all.every((number) => Number.isSafeInteger(number) && number >= 0)) return undefined;
  return { after: { orders, changes, users, ordersBytes, statusBytes, op }, payloadBytes, checksum };
}

/** Reads the frame that follows `before` and its checksum; `undefined` when its bytes are not what was written there. */
export function decodeFrame(
  frame: Uint8Array,
  head: FrameHead,
  { place: before, checksum }: { readonly place: IndexPlace; readonly checksum: number },
): IndexFrame | undefined {
  if (frame.length !== FRAME_HEAD_BYTES + head.payloadBytes) return undefined;
  if (checksumOf(frame.subarray(8), checksum) !== head.checksum) return undefined;
  const orders = head.after.orders - before.orders;
  const changes = head.after.changes - before.changes;
  const userCount = head.after.users - before.users;
  if (orders < 0 || changes < 0 || userCount < 0) return undefined;
  const { buffer, byteOffset } = frame.byteOffset % 8 === 0 ? frame : Uint8Array.from(frame);
  let at = byteOffset + FRAME_HEAD_BYTES;
  const end = byteOffset + frame.length;
  if (at + BYTES_PER_ORDER * orders + BYTES_PER_CHANGE * changes > end) return undefined;
  /** Where the next column begins; the widest come first, so that each is aligned. */
  const next = (bytes: number): number => (at += bytes) - bytes;
  const orderOps = new Float64Array(buffer, next(8 * orders), orders);
  const orderOffsets = new Float64Array(buffer, next(8 * orders), orders);
  const changeOps = new Float64Array(buffer, next(8 * changes), changes);
  const changeOffsets = new Float64Array(buffer, next(8 * changes), changes);
  const ids = new Uint32Array(buffer, next(16 * orders), 4 * orders);
  const orderUsers = new Int32Array(buffer, next(4 * orders), orders);
  const hashes = new Int32Array(buffer, next(4 * changes), changes);
  const changeOrders = new Int32Array(buffer, next(4 * changes), changes);
  const orderChecks = new Uint8Array(buffer, next(orders), orders);
  const statuses = new Uint8Array(buffer, next(changes), changes);
  const changeChecks = new Uint8Array(buffer, next(changes), changes);
  const text = Buffer.from(buffer, at, end - at).toString();
  const users = userCount === 0 ? [] : text.split(NAMES_SEPARATOR);
  if (users.length !== userCount) return undefined;
  return {
    orders: { ids, ops: orderOps, offsets: orderOffsets, users: orderUsers, checks: orderChecks },
    changes: { hashes, ops: changeOps, offsets: changeOffsets, orders: changeOrders, statuses, checks: changeChecks },
    users,
  };
}

/** A copy of some bytes at the beginning of memory of its own: typed arrays want to be aligned. */
function aligned(bytes: Uint8Array, from: number, length: number): ArrayBuffer {
  const copy = new Uint8Array(length);
  copy.set(bytes.subarray(from, from + length));
  return copy.buffer;
}
