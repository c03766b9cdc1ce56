import { status, type ClientDuplexStream } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import type { FoodOrdering } from '../contract.js';

/** Orders in one message at most, as the contract has it. */
const ORDERS_PER_MESSAGE_MAX = 1000;
/** One message of answers in this many is read whole; of the others the outcome of each answer alone. */
const READ_EVERY = 32;
const UUID_LENGTH = 36;
/** Numbers of orders under way never span more than this. */
const BEGINNINGS = 1 << 20;

/** What one till orders, and whom it tells. */
export interface TillOptions {
  /** Orders without an answer at any time. */
  readonly window: number;
  /** The bytes of an order, and where in them each order's id goes. */
  readonly template: { readonly bytes: Buffer; readonly idAt: number };
  /** An answer is there; `problem` is undefined when it was acknowledged. */
  readonly onAnswer: (problem: string | undefined, micros: number) => void;
  /** The stream ended, by `stop` or by itself; `problem` is undefined when everything was answered. */
  readonly onEnd: (problem: string | undefined) => void;
}

/** A till: keeps `window` orders under way over one MakeOrders stream. Returns what makes it stop when all are answered. */
export function startTill(
  client: InstanceType<typeof FoodOrdering>,
  service: typeof FoodOrdering.service,
  options: TillOptions,
): () => void {
  const { window, template, onAnswer, onEnd } = options;
  const { path, responseDeserialize } = service.MakeOrders;
  const asIs = (bytes: Buffer): Buffer => bytes;
  const stream: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(path, asIs, asIs);
  const beginnings = new Float64Array(BEGINNINGS);
  const framed = framedTemplate(template);
  let sent = 0;
  let underWay = 0;
  let messages = 0;
  let isStopped = false;

  const order = (count: number): void => {
    const now = performance.now();
    for (let left = count; left > 0; left -= ORDERS_PER_MESSAGE_MAX) {
      const orders = Math.min(left, ORDERS_PER_MESSAGE_MAX);
      const message = Buffer.allocUnsafe(orders * framed.bytes.length);
      for (let index = 0; index < orders; index++) {
        const at = index * framed.bytes.length;
        framed.bytes.copy(message, at);
        message.write(randomUUID(), at + framed.idAt, UUID_LENGTH, 'latin1');
        beginnings[++sent % BEGINNINGS] = now;
      }
      underWay += orders;
      stream.write(message);
    }
  };

  stream.on('data', (bytes: Buffer) => {
    const now = performance.now();
    const isRead = messages++ % READ_EVERY === 0;
    let answered = 0;
    const answer = (number: number, problem: string | undefined): void => {
      answered++;
      onAnswer(problem, Math.round((now - (beginnings[number % BEGINNINGS] ?? now)) * 1000));
    };
    if (isRead || hasErrors(bytes, (number) => answer(number, undefined))) {
      for (const { number, response, error } of responseDeserialize(bytes).answers.slice(answered)) {
        const problem = response?.receipt?.committed === true ? undefined : 'not committed';
        answer(number, error === null || error === undefined ? problem : `${status[error.code]}: ${error.message}`);
      }
    }
    underWay -= answered;
    if (!isStopped) order(answered);
    else if (underWay === 0) stream.end();
  });
  stream.on('error', () => undefined);
  stream.on('status', ({ code, details }) =>
    onEnd(code === status.OK && underWay === 0 ? undefined : `the stream ended: ${details}`),
  );
  order(window);
  return () => {
    isStopped = true;
  };
}

function framedTemplate({ bytes, idAt }: TillOptions['template']): TillOptions['template'] {
  const head = [0x0a];
  for (let rest = bytes.length; ; rest >>= 7) {
    if (rest < 128) {
      head.push(rest);
      break;
    }
    head.push((rest & 127) | 128);
  }
  return { bytes: Buffer.concat([Buffer.from(head), bytes]), idAt: idAt + head.length };
}

/**
 * Walks over the answers in a MakeOrdersResponse without reading them: the generator must not be what is measured. Stops with true
 * at the first that is no MakeOrderResponse.
 */
function hasErrors(bytes: Buffer, onPlaced: (number: number) => void): boolean {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    at++;
    const end = varint() + at;
    at++;
    const number = varint();
    at++;
    const idLength = varint();
    at += idLength;
    if (bytes[at] !== ((3 << 3) | 2)) return true;
    onPlaced(number);
    at = end;
  }
  return false;
}
