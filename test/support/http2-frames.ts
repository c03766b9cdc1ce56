/*
 * The few HTTP/2 frames (RFC 9113) that unary gRPC calls need, written once per customer and sent as bytes: a generator made of
 * grpc-js takes 150 µs a call and could not offer three times what the servers manage on the cores that they share.
 */

/** Frame types of RFC 9113, section 6. */
export const FRAME = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
} as const;
/** Flags: END_STREAM and ACK share a bit, of different frames. */
export const FLAG = { endStream: 0x1, ack: 0x1, endHeaders: 0x4 } as const;
export const FRAME_HEADER_BYTES = 9;

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const SETTING = { headerTableSize: 1, enablePush: 2, concurrentStreamsMax: 3, initialWindowSize: 4 } as const;
const SETTING_BYTES = 6;
const WINDOW_MAX = 0x7fffffff;
/** Both sides' windows before anybody says otherwise, bytes. */
export const WINDOW_FIRST = 65_535;

/** One frame; stream 0 is the connection. */
export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_HEADER_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** What a client says first: no header table, so that answers can be read without one, and windows that never fill. */
export function opening(): Buffer {
  const settings = Buffer.concat(
    [
      [SETTING.headerTableSize, 0],
      [SETTING.enablePush, 0],
      [SETTING.initialWindowSize, WINDOW_MAX],
    ].map(([name = 0, value = 0]) => {
      const bytes = Buffer.alloc(SETTING_BYTES);
      bytes.writeUInt16BE(name, 0);
      bytes.writeUInt32BE(value, 2);
      return bytes;
    }),
  );
  return Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, settings), windowUpdate(WINDOW_MAX - WINDOW_FIRST)]);
}

/** Streams that a SETTINGS frame allows at the same time; undefined when it does not say. */
export function concurrentStreamsIn(settings: Buffer): number | undefined {
  for (let at = 0; at + SETTING_BYTES <= settings.length; at += SETTING_BYTES)
    if (settings.readUInt16BE(at) === SETTING.concurrentStreamsMax) return settings.readUInt32BE(at + 2);
  return undefined;
}

/** The connection may receive so many bytes more. */
export function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(FRAME.windowUpdate, 0, 0, payload);
}

const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);

/** The header block of a call (RFC 7541): literals that go into no table. */
function headerBlock(path: string, authority: string, timeout: string): Buffer {
  return Buffer.concat([
    Buffer.from([0x83, 0x86, 0x04]),
    text(path),
    Buffer.from([0x01]),
    text(authority),
    Buffer.from([0x00]),
    text('te'),
    text('trailers'),
    // content-type, number 31 of the static table.
    Buffer.from([0x0f, 0x10]),
    text('application/grpc'),
    Buffer.from([0x00]),
    text('grpc-timeout'),
    text(timeout),
  ]);
}

/** A unary call as bytes, and where in them the stream's number and the order's id go. */
export interface CallTemplate {
  readonly bytes: Buffer;
  /** Offsets of the stream's number: one for each frame. */
  readonly streamAt: readonly number[];
  /** Offset of the request's first byte. */
  readonly requestAt: number;
  /** Bytes that count against the receiver's window. */
  readonly dataBytes: number;
}

/** Makes a template. `timeout` as gRPC writes it, such as "5S". */
export function callTemplate(path: string, authority: string, timeout: string, request: Buffer): CallTemplate {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(request.length, 1);
  const headers = frame(FRAME.headers, FLAG.endHeaders, 0, headerBlock(path, authority, timeout));
  const data = frame(FRAME.data, FLAG.endStream, 0, Buffer.concat([prefix, request]));
  return {
    bytes: Buffer.concat([headers, data]),
    streamAt: [5, headers.length + 5],
    requestAt: headers.length + FRAME_HEADER_BYTES + prefix.length,
    dataBytes: prefix.length + request.length,
  };
}

/** `grpc-status` as a literal name, Huffman-coded; its value of one or two digits follows with its length. */
const GRPC_STATUS = Buffer.from('889acac8b21234da8f', 'hex');

/** The gRPC status in a header block; undefined where there is none. */
export function grpcStatusIn(block: Buffer): number | undefined {
  const at = block.indexOf(GRPC_STATUS);
  if (at === -1) return undefined;
  const from = at + GRPC_STATUS.length;
  const length = block[from] ?? 0;
  return Number(block.toString('latin1', from + 1, from + 1 + length));
}
