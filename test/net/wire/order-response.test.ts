import { expect } from 'chai';
import fc from 'fast-check';
import { op, view } from '../../../src/base/numbers.js';
import type {
  MakeOrderResponse,
  MakeOrderResponse__Output,
} from '../../../src/net/generated/justhungry/v1/MakeOrderResponse.js';
import { WIRE_STATUS, WIRE_VERDICT } from '../../../src/net/ordering-enums.js';
import { wireOrder, wireReceipt } from '../../../src/net/ordering-responses.js';
import { messageCodec } from '../../../src/net/proto-files.js';
import { writeOrderResponse } from '../../../src/net/wire/order-response.js';
import type { Order } from '../../../src/services/ordering/replies.js';
import type { Receipt } from '../../../src/vsr/effect.js';
import { int32s, uint32s, uint64s, wireTexts, withoutDefaults } from '../support/wire-oracle.js';

const codec = messageCodec<MakeOrderResponse, MakeOrderResponse__Output>('justhungry.v1.MakeOrderResponse');
const names = <T extends object>(table: T): fc.Arbitrary<keyof T> =>
  fc.constantFrom(...(Object.keys(table) as (keyof T)[]));

const orders = fc.record(
  {
    orderId: fc.uuid(),
    userCode: wireTexts,
    lines: fc.array(fc.record({ item: wireTexts, quantity: int32s, pricePence: int32s }), { maxLength: 100 }),
    totalPence: uint64s,
    postCode: wireTexts,
    postcodeCheck: names(WIRE_VERDICT),
    contact: fc.record({ name: wireTexts, phone: wireTexts, address: wireTexts }),
    notes: wireTexts,
    placedAt: wireTexts,
    status: names(WIRE_STATUS),
    op: uint64s,
    reason: wireTexts,
    unconfirmed: fc.constant(true as const),
  },
  {
    requiredKeys: [
      'orderId',
      'userCode',
      'lines',
      'totalPence',
      'postCode',
      'postcodeCheck',
      'notes',
      'placedAt',
      'status',
      'op',
      'reason',
    ],
  },
) as fc.Arbitrary<Order>;

const receipts: fc.Arbitrary<Receipt> = fc.record({
  op: uint64s.map(op),
  view: uint64s.map(view),
  copies: uint32s,
  committed: fc.boolean(),
  chain: fc.oneof(fc.constant(''), fc.stringMatching(/^[0-9a-f]{32}$/)),
});

describe('order response on the wire', () => {
  it('write: protobufjs reads the same order and receipt, and would have written the same bytes', () => {
    fc.assert(
      fc.property(orders, fc.option(receipts, { nil: undefined }), (order, receipt) => {
        const bytes = writeOrderResponse(order, receipt);
        const response = { order: wireOrder(order), receipt: receipt === undefined ? null : wireReceipt(receipt) };
        expect(codec.read(bytes)).to.deep.equal(codec.read(codec.write(response)));
        expect(bytes.equals(codec.write(withoutDefaults(response) as MakeOrderResponse))).to.equal(true);
      }),
      { numRuns: 300 },
    );
  });
});
