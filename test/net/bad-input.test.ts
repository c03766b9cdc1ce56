import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { refusalOf } from '../../src/net/error-details.js';
import type { MakeOrderRequest } from '../../src/net/generated/justhungry/v1/MakeOrderRequest.js';
import { messageCodec } from '../../src/net/proto-files.js';
import { Rig, STAFF_TOKEN } from './support/rig.js';
import { bearerMetadata } from '../../src/net/bearer-token.js';

const codec = messageCodec<MakeOrderRequest, MakeOrderRequest>('justhungry.v1.MakeOrderRequest');
const soup = { item: 'Tomato Soup', quantity: 1, price_pence: 450 };

const good = (): MakeOrderRequest => ({
  order_id: randomUUID(),
  user_code: 'ann',
  lines: [soup],
  post_code: 'DH1 1JN',
  notes: 'no hurry',
});

/** The bytes of a request in which the text `placeholder` is replaced by bytes of the same length. */
function bytesWith(request: MakeOrderRequest, placeholder: string, bytes: number[]): Buffer {
  const buffer = codec.write(request);
  const at = buffer.indexOf(placeholder);
  Buffer.from(bytes).copy(buffer, at);
  return buffer;
}

describe('bad input', () => {
  let rig: Rig;
  let raw: Client;

  before(async () => {
    rig = await Rig.start();
    const { address } = await rig.frontEnd();
    raw = new Client(address, credentials.createInsecure());
    rig.onStop(() => raw.close());
  });
  after(async () => {
    await rig.stop();
    expect(rig.problems).to.deep.equal([]);
  });

  const call = (payload: Buffer, method = 'MakeOrder', token?: string): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const path = `/justhungry.v1.FoodOrdering/${method}`;
      const asIs = (bytes: Buffer): Buffer => bytes;
      raw.makeUnaryRequest(path, asIs, asIs, payload, bearerMetadata(token), {}, (error, response) => {
        if (error !== null) reject(error);
        else resolve(response ?? Buffer.alloc(0));
      });
    });
  const failure = async (payload: Buffer, method?: string, token?: string): Promise<ServiceError> => {
    try {
      await call(payload, method, token);
    } catch (error) {
      return error as ServiceError;
    }
    throw new Error('the call was not refused');
  };

  const lines = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ item: `item ${index}`, quantity: 1, price_pence: 1 }));
  const table: readonly (readonly [string, Partial<MakeOrderRequest>, string])[] = [
    ['no user code', { user_code: '' }, 'user_code'],
    ['a user code that is too long', { user_code: 'x'.repeat(65) }, 'user_code'],
    ['a blank user code', { user_code: '   ' }, 'user_code'],
    ['a control character', { user_code: 'a\u0007b' }, 'user_code'],
    ['a newline in notes', { notes: 'a\nb' }, 'notes'],
    ['a formula', { notes: '=cmd|calc' }, 'notes'],
    ['a formula as user code', { user_code: '@SUM(A1)' }, 'user_code'],
    ['quantity 0', { lines: [{ ...soup, quantity: 0 }] }, 'lines[0].quantity'],
    ['quantity -1', { lines: [{ ...soup, quantity: -1 }] }, 'lines[0].quantity'],
    ['quantity 1e9', { lines: [{ ...soup, quantity: 1e9 }] }, 'lines[0].quantity'],
    ['a negative price', { lines: [{ ...soup, price_pence: -1 }] }, 'lines[0].price_pence'],
    ['an item twice', { lines: [soup, soup] }, 'lines[1].item'],
    ['no lines', { lines: [] }, 'lines'],
    ['1,000 lines', { lines: lines(1000) }, 'lines'],
    ['a malformed UUID', { order_id: 'not-a-uuid' }, 'order_id'],
    ['the nil UUID', { order_id: '00000000-0000-0000-0000-000000000000' }, 'order_id'],
    ['no postcode', { post_code: '' }, 'post_code'],
    ['a postcode of 10,000 characters', { post_code: 'D'.repeat(10_000) }, 'post_code'],
    ['a write concern above N', { write_concern: '4' }, 'write_concern'],
    ['write concern 0', { write_concern: '0' }, 'write_concern'],
    ['an unknown write concern', { write_concern: 'most' }, 'write_concern'],
    ['a long phone number', { contact: { phone: '1'.repeat(31) } }, 'contact.phone'],
  ];
  for (const [what, changes, field] of table) {
    it(`gate: refuse (${what})`, async () => {
      const entries = rig.cluster.entries.length;
      const error = await failure(codec.write({ ...good(), ...changes }));
      const refusal = refusalOf(error);
      expect(error.code).to.equal(status.INVALID_ARGUMENT);
      expect(refusal?.reason).to.equal('INVALID_FIELD');
      expect(refusal?.details).to.deep.equal({ field });
      expect(error.details).to.match(new RegExp(`^${field.replaceAll(/[[\].]/g, '\\$&')} .*; .*\\.$`));
      expect(rig.cluster.entries.length, 'nothing is written').to.equal(entries);
    });
  }

  it('gate: refuse (invalid UTF-8)', async () => {
    for (const bytes of [
      [0xff, 0xfe, 0x41],
      [0xed, 0xa0, 0x80],
      [0xc0, 0xaf, 0x41],
    ]) {
      const error = await failure(bytesWith({ ...good(), notes: 'XYZ' }, 'XYZ', bytes));
      expect([error.code, refusalOf(error)?.details]).to.deep.equal([status.INVALID_ARGUMENT, { field: 'notes' }]);
    }
    const menu = await failure(Buffer.from([0x0a, 2, 0xff, 0xff]), 'SetMotd', STAFF_TOKEN);
    expect(menu.code).to.equal(status.INVALID_ARGUMENT);
  });

  it('gate: accept (U+FFFD that the customer wrote)', async () => {
    await call(codec.write({ ...good(), notes: 'a \ufffd b' }));
    expect(rig.cluster.entries.at(-1)?.update).to.contain('a \ufffd b');
  });

  it('gate: refuse (bytes that are no message)', async () => {
    const cut = codec.write(good()).subarray(0, -3);
    for (const bytes of [cut, Buffer.from([0xff]), Buffer.from([0x08, 0x01]), Buffer.from('garbage, not proto')]) {
      const error = await failure(bytes);
      expect(error.code).to.equal(status.INVALID_ARGUMENT);
      expect(error.details).to.match(/^The request is no valid MakeOrderRequest: /);
    }
  });

  it('state: refuse (unknown item, wrong price)', async () => {
    const item = await failure(codec.write({ ...good(), lines: [{ ...soup, item: 'Gold' }] }));
    expect([item.code, refusalOf(item)?.reason]).to.deep.equal([status.NOT_FOUND, 'UNKNOWN_ITEM']);
    const price = await failure(codec.write({ ...good(), lines: [{ ...soup, price_pence: 1 }] }));
    expect([price.code, refusalOf(price)?.reason]).to.deep.equal([status.FAILED_PRECONDITION, 'PRICE_CHANGED']);
    expect(Object.values(refusalOf(price)?.details ?? {})).to.include('450');
  });

  it('text: byte-exact (emoji, quotes, commas, combining characters)', async () => {
    const notes = 'a "b", \'c\'; d\\e 🍜 é e\u0301 日本 | ,,""';
    const request = { ...good(), user_code: 'text', notes };
    await call(codec.write(request));
    const [placed] = (await rig.client([rawAddress()]).getOrders({ user_code: 'text' })).orders;
    expect(placed?.notes).to.equal(notes);
  });

  it('gate: an upper-case id is the same id', async () => {
    const id = randomUUID();
    await call(codec.write({ ...good(), order_id: id }));
    const entries = rig.cluster.entries.length;
    await call(codec.write({ ...good(), order_id: id.toUpperCase() }));
    expect(rig.cluster.entries.length).to.equal(entries);
  });

  it('size: refuse (a message over the limit)', async () => {
    const error = await failure(Buffer.alloc(1024 * 1024 + 1));
    expect(error.code).to.equal(status.RESOURCE_EXHAUSTED);
    expect(refusalOf(error)?.reason).to.equal('MESSAGE_TOO_LARGE');
    // Far beyond, gRPC ends the call itself before anything is decoded.
    expect((await failure(Buffer.alloc(5 * 1024 * 1024))).code).to.equal(status.RESOURCE_EXHAUSTED);
  });

  it('method: refuse (unknown, and internal ones)', async () => {
    for (const method of ['MakeCoffee', 'ListEvents', 'RecheckPostcode']) {
      expect((await failure(Buffer.alloc(0), method)).code).to.equal(status.UNIMPLEMENTED);
    }
  });

  it('reads: refuse (min_op and consistency that are none)', async () => {
    const beyond = Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    expect(refusalOf(await failure(beyond, 'GetMotd'))?.details).to.deep.equal({ field: 'min_op' });
    expect(refusalOf(await failure(Buffer.from([0x08, 9]), 'GetMotd'))?.details).to.deep.equal({
      field: 'consistency',
    });
  });

  const rawAddress = (): string => raw.getChannel().getTarget().replace(/^dns:/, '');

  it('health: in service while a replica can be reached', async () => {
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const asIs = (bytes: Buffer): Buffer => bytes;
      const request = Buffer.from([0x0a, 26, ...Buffer.from('justhungry.v1.FoodOrdering')]);
      raw.makeUnaryRequest('/grpc.health.v1.Health/Check', asIs, asIs, request, (error, response) => {
        if (error !== null) reject(error);
        else resolve(response ?? Buffer.alloc(0));
      });
    });
    expect([...answer]).to.deep.equal([0x08, 1]);
  });
});
