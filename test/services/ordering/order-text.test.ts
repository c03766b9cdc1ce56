import { expect } from 'chai';
import fc from 'fast-check';
import { decodeOrder, encodeOrder } from '../../../src/services/ordering/order-text.js';
import { POSTCODE_VERDICTS } from '../../../src/services/ordering/postcode-verdict.js';
import { decodeUpdate, encodeUpdate, type OrderUpdate } from '../../../src/services/ordering/updates.js';

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[|\\pb,"]{0,8}$/));
const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const orders: fc.Arbitrary<OrderUpdate> = fc.record(
  {
    kind: fc.constant('order' as const),
    user: text,
    lines: fc.array(fc.tuple(text, whole, whole)),
    postCode: text,
    check: fc.constantFrom(...POSTCODE_VERDICTS),
    copies: whole,
    extra: fc.tuple(text, text, text, text),
    stock: fc.array(fc.tuple(text, whole)),
    limited: fc.array(whole),
    placedMs: whole,
    rejected: text,
  },
  { requiredKeys: ['kind', 'user', 'lines', 'postCode', 'check', 'copies'] },
);

describe('ordering: an order’s update as text', () => {
  it('order text: gives every order back, whatever its texts hold', () => {
    fc.assert(
      fc.property(orders, (order) => {
        expect(decodeUpdate(encodeUpdate(order))).to.deep.equal(order);
      }),
    );
  });

  it('order text: needs no quotes in CSV, and can be read', () => {
    const order: OrderUpdate = {
      kind: 'order',
      user: 'jo',
      lines: [['Dal | Tadka \\ 1', 2, 695]],
      postCode: 'DH1 1JN',
      check: 'valid',
      copies: 2,
      stock: [['Dal', 0]],
    };
    expect(encodeOrder(order)).to.equal('order|2|valid|DH1 1JN|jo|1|Dal \\p Tadka \\b 1|2|695|stock|1|Dal|0');
  });

  it('order text: refuse (cut short, more than there should be, another kind, an escape of its own)', () => {
    const whole = 'order|2|valid|DH1 1JN|jo|1|Dal|2|695|limited|1|0';
    expect(decodeOrder(whole)).to.include({ user: 'jo' });
    for (const bad of [
      'order|',
      'order|2|valid|DH1 1JN|jo|1|Dal|2',
      'order|2|valid|DH1 1JN|jo|2|Dal|2|695',
      `${whole}|0`,
      `${whole}|extra|a|b|c|d`,
      'order|2|good|DH1 1JN|jo|1|Dal|2|695',
      'order|two|valid|DH1 1JN|jo|1|Dal|2|695',
      'order|02|valid|DH1 1JN|jo|1|Dal|2|695',
      'order|2|valid|DH1 1JN|jo|1|Dal|-2|695',
      'order|2|valid|DH1 1JN|jo|1|Dal|2|99007199254740992',
      'order|2|valid|DH1 1JN|j\\o|1|Dal|2|695',
    ])
      expect(decodeOrder(bad), bad).to.equal(undefined);
  });

  it('order text: an update of an earlier version, which was JSON, is read', () => {
    const order = { kind: 'order', user: 'jo', lines: [['Dal', 2, 695]], postCode: 'x', check: 'valid', copies: 1 };
    expect(decodeUpdate(JSON.stringify(order))).to.deep.equal(order);
  });
});
