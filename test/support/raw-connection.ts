import { connect, type Socket } from 'node:net';
import {
  concurrentStreamsIn,
  FLAG,
  FRAME,
  frame,
  FRAME_HEADER_BYTES,
  grpcStatusIn,
  opening,
  WINDOW_FIRST,
  windowUpdate,
  type CallTemplate,
} from './http2-frames.js';

/** Received bytes after which the server is given as much window again. */
const WINDOW_STEP = 1 << 20;
/** How a call ended that has no gRPC status: the stream was reset, or the connection broke. */
export const BROKEN = -1;

/** gRPC status of a call whose time was up before the server would take it. */
const DEADLINE_EXCEEDED = 4;

interface Held {
  readonly template: CallTemplate;
  readonly id: string;
  readonly idAt: number;
  readonly untilMs: number;
  readonly done: (status: number) => void;
}

/** One connection on which unary calls are made as ready-made bytes. What is said in one turn of the event loop leaves at once. */
export class RawConnection {
  readonly #socket: Socket;
  /** Calls that wait for their end, by stream. */
  readonly #waiting = new Map<number, (status: number) => void>();
  #outgoing: Buffer[] = [];
  /** Calls that wait for room in the server's window, or for the server to allow more streams. */
  #held: Held[] = [];
  #streamsMax = 100;
  #isPlanned = false;
  #rest: Buffer = Buffer.alloc(0);
  #lastStream = -1;
  #window = WINDOW_FIRST;
  #unacknowledged = 0;

  constructor(address: string) {
    const [host = '', port] = address.split(':');
    this.#socket = connect({ host, port: Number(port), noDelay: true });
    this.#socket.write(opening());
    this.#socket.on('data', (bytes) => this.#onData(bytes));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      for (const done of [...this.#waiting.values(), ...this.#held.splice(0).map((one) => one.done)]) done(BROKEN);
      this.#waiting.clear();
    });
  }

  /** Calls without an answer. */
  get inFlight(): number {
    return this.#waiting.size + this.#held.length;
  }

  /**
   * Makes a call with `id` written into its request at `idAt`; what the server does not allow yet waits here, in order, until
   * `untilMs` (performance.now). `done` is told its gRPC status, or BROKEN.
   */
  call(template: CallTemplate, id: string, idAt: number, untilMs: number, done: (status: number) => void): void {
    if (this.#socket.destroyed) return void setImmediate(done, BROKEN);
    if (this.#held.length === 0 && this.#hasRoom(template)) this.#send(template, id, idAt, done);
    else this.#held.push({ template, id, idAt, untilMs, done });
  }

  #hasRoom(template: CallTemplate): boolean {
    return this.#waiting.size < this.#streamsMax && this.#window >= template.dataBytes;
  }

  #send(template: CallTemplate, id: string, idAt: number, done: (status: number) => void): void {
    this.#window -= template.dataBytes;
    this.#lastStream += 2;
    const stream = this.#lastStream;
    const bytes = Buffer.from(template.bytes);
    for (const at of template.streamAt) bytes.writeUInt32BE(stream, at);
    bytes.write(id, template.requestAt + idAt, 'latin1');
    this.#waiting.set(stream, done);
    this.#write(bytes);
  }

  close(): void {
    this.#socket.destroy();
  }

  #write(bytes: Buffer): void {
    this.#outgoing.push(bytes);
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      this.#socket.write(Buffer.concat(this.#outgoing));
      this.#outgoing = [];
    });
  }

  #onData(bytes: Buffer): void {
    const input = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (input.length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + input.readUIntBE(at, 3);
      if (input.length < end) break;
      const payload = input.subarray(at + FRAME_HEADER_BYTES, end);
      this.#onFrame(input.readUInt8(at + 3), input.readUInt8(at + 4), input.readUInt32BE(at + 5), payload);
      at = end;
    }
    this.#rest = input.subarray(at);
  }

  #onFrame(type: number, flags: number, stream: number, payload: Buffer): void {
    switch (type) {
      case FRAME.data:
        this.#unacknowledged += payload.length;
        if (this.#unacknowledged < WINDOW_STEP) return;
        this.#write(windowUpdate(this.#unacknowledged));
        this.#unacknowledged = 0;
        return;
      case FRAME.headers:
        if ((flags & FLAG.endStream) !== 0) this.#end(stream, grpcStatusIn(payload) ?? BROKEN);
        return;
      case FRAME.rstStream:
        return this.#end(stream, BROKEN);
      case FRAME.settings:
        if ((flags & FLAG.ack) !== 0) return;
        this.#streamsMax = concurrentStreamsIn(payload) ?? Infinity;
        this.#write(frame(FRAME.settings, FLAG.ack, 0, Buffer.alloc(0)));
        return this.#sendHeld();
      case FRAME.ping:
        if ((flags & FLAG.ack) === 0) this.#write(frame(FRAME.ping, FLAG.ack, 0, payload));
        return;
      case FRAME.goAway:
        this.#socket.end();
        return;
      case FRAME.windowUpdate:
        if (stream !== 0) return;
        this.#window += payload.readUInt32BE();
        return this.#sendHeld();
      default:
        return;
    }
  }

  #end(stream: number, status: number): void {
    const done = this.#waiting.get(stream);
    if (done === undefined) return;
    this.#waiting.delete(stream);
    done(status);
    this.#sendHeld();
  }

  #sendHeld(): void {
    const now = performance.now();
    let count = 0;
    for (const { template, id, idAt, untilMs, done } of this.#held) {
      if (untilMs <= now) done(DEADLINE_EXCEEDED);
      else if (this.#hasRoom(template)) this.#send(template, id, idAt, done);
      else break;
      count++;
    }
    if (count > 0) this.#held = this.#held.slice(count);
  }
}
