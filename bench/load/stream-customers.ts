import { type ClientDuplexStream, status } from '@grpc/grpc-js';
import { FoodOrdering } from '../contract.js';
import { asIs, Connections } from './connections.js';
import { type Connect, type Done, readTurn } from './customers.js';
import { orderTemplate } from './order-template.js';
import { placedNumbers } from './stream-answers.js';

const { path, responseDeserialize } = FoodOrdering.service.MakeOrders;
/** Orders in one message at most, as the contract has it. */
const ORDERS_PER_MESSAGE_MAX = 1000;
/** Field 1 of a MakeOrdersRequest, an order with its length before it. */
const ORDER_TAG = 0x0a;

/**
 * Orders over one MakeOrders stream, as a till or an aggregator sends them: all that were called for in one turn of the event loop go
 * out as one message.
 */
export const connect: Connect = async (load) => {
  const { customers, callsEach = 1, target, writeConcern } = load;
  const connections = new Connections(FoodOrdering, { target, customers: 1 });
  const stream: ClientDuplexStream<Buffer, Buffer> = connections.of(0).makeBidiStreamRequest(path, asIs, asIs);
  const templates = Array.from({ length: customers * callsEach }, (_, index) => orderTemplate(index, writeConcern));
  const underWay = new Map<number, Done>();
  const isRead = readTurn();
  let gathered: Buffer[] = [];
  let sent = 0;
  let acknowledged = 0;
  let whyEnded: string | undefined;

  const flush = (): void => {
    for (let at = 0; at < gathered.length; at += 2 * ORDERS_PER_MESSAGE_MAX)
      stream.write(Buffer.concat(gathered.slice(at, at + 2 * ORDERS_PER_MESSAGE_MAX)));
    gathered = [];
  };
  const settle = (number: number, problem?: string): void => {
    const done = underWay.get(number);
    if (done === undefined) throw new Error(`order ${number} was answered and is not under way`);
    underWay.delete(number);
    if (problem === undefined) acknowledged++;
    done(problem);
  };
  stream.on('data', (bytes: Buffer) => {
    const placed = isRead() ? undefined : placedNumbers(bytes);
    if (placed !== undefined) for (const number of placed) settle(number);
    else
      for (const { number, response, error } of responseDeserialize(bytes).answers) {
        if (error !== null && error !== undefined) settle(number, `${status[error.code]}: ${error.message}`);
        else settle(number, response?.receipt?.committed === true ? undefined : 'not committed');
      }
  });
  // The status tells more.
  stream.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    stream.on('status', ({ code, details }) => {
      whyEnded = `the stream ended: ${status[code]} ${details}`;
      for (const number of underWay.keys()) settle(number, whyEnded);
      resolve();
    });
  });
  return {
    call(index, done) {
      if (whyEnded !== undefined) {
        setImmediate(done, whyEnded);
        return;
      }
      const order = templates[index]?.().bytes ?? Buffer.alloc(0);
      if (gathered.length === 0) setImmediate(flush);
      gathered.push(lengthBefore(order.length), order);
      underWay.set(++sent, done);
    },
    acknowledged: () => acknowledged,
    async close() {
      stream.end();
      await ended;
      connections.close();
    },
  };
};

const heads = new Map<number, Buffer>();

/** What stands before an order of so many bytes. */
function lengthBefore(length: number): Buffer {
  let head = heads.get(length);
  if (head === undefined) {
    const bytes = [ORDER_TAG];
    for (let rest = length; ; rest >>>= 7) {
      bytes.push(rest < 128 ? rest : (rest & 127) | 128);
      if (rest < 128) break;
    }
    head = Buffer.from(bytes);
    heads.set(length, head);
  }
  return head;
}
