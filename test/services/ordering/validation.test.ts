import { expect } from 'chai';
import type { MenuItem, OrderingQuery, OrderingRequest } from '../../../src/services/ordering/requests.js';
import { lengthOf } from '../../../src/services/ordering/text.js';
import { fieldRefusal } from '../../../src/base/field-problem.js';
import { queryProblem, requestProblem } from '../../../src/services/ordering/validation.js';
import { orderIdOf, requestIdOf, soupOrder } from './ordering-driver.js';

const ID = requestIdOf(1);
const PIZZA = '🍕';

const item: MenuItem = { item: 'Soup', pricePence: 450, category: '', description: '', allergens: [] };
const menuOf = (changes: Partial<MenuItem>): OrderingRequest => ({ kind: 'setMenu', items: [{ ...item, ...changes }] });
const statusOf = (changes: object): OrderingRequest =>
  ({ kind: 'updateOrderStatus', orderId: orderIdOf(1), status: 'accepted', reason: '', ...changes }) as OrderingRequest;
const contactOf = (changes: object) => soupOrder(1, { contact: { name: '', phone: '', address: '', ...changes } });
const lineOf = (changes: object) =>
  soupOrder(1, { lines: [{ item: 'Soup', quantity: 1, pricePence: 450, ...changes }] });
const linesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ item: `Item ${index}`, quantity: 1, pricePence: 1 }));

function problemOf(request: OrderingRequest, id = request.kind === 'makeOrder' ? request.orderId : ID) {
  return requestProblem(id, request);
}

describe('validation', () => {
  // Each limit at, below and above: what is allowed, what is refused, and the field that is named.
  const limits: readonly (readonly [string, (value: never) => OrderingRequest, unknown[], unknown[]])[] = [
    [
      'user_code',
      (userCode) => soupOrder(1, { userCode }),
      ['a', 'a'.repeat(64), PIZZA.repeat(64)],
      ['', ' ', 'a'.repeat(65), PIZZA.repeat(65)],
    ],
    ['lines', (count) => soupOrder(1, { lines: linesOf(count) }), [1, 99, 100], [0, 101]],
    ['lines[0].item', (value) => lineOf({ item: value }), ['a', 'a'.repeat(100)], ['', 'a'.repeat(101)]],
    ['lines[0].quantity', (quantity) => lineOf({ quantity }), [1, 2, 998, 999], [0, -1, 1000, 1.5, NaN, Infinity]],
    ['lines[0].price_pence', (pricePence) => lineOf({ pricePence }), [0, 1, 2147483647], [-1, 2147483648, 0.5]],
    ['post_code', (postCode) => soupOrder(1, { postCode }), ['D', 'D'.repeat(200)], ['', 'D'.repeat(201)]],
    ['postcode_verdict', (postcodeVerdict) => soupOrder(1, { postcodeVerdict }), ['valid', 'unchecked'], ['fine', '']],
    ['contact.name', (name) => contactOf({ name }), ['', 'a'.repeat(100)], ['a'.repeat(101)]],
    ['contact.phone', (phone) => contactOf({ phone }), ['', '0'.repeat(30)], ['0'.repeat(31), '+44 191']],
    ['contact.address', (address) => contactOf({ address }), ['', 'a'.repeat(200)], ['a'.repeat(201), 'a\nb']],
    ['notes', (notes) => soupOrder(1, { notes }), ['', 'a'.repeat(200), PIZZA.repeat(200)], ['a'.repeat(201)]],
    ['status', (status) => statusOf({ status }), ['placed', 'cancelled'], ['unspecified', 'toString', '']],
    ['reason', (reason) => statusOf({ reason }), ['', 'a'.repeat(200)], ['a'.repeat(201)]],
    [
      'order_id',
      (orderId) => statusOf({ orderId }),
      [orderIdOf(1)],
      ['', '00000000-0000-0000-0000-000000000000', 'ABCDEF00-0000-4000-8000-000000000000'],
    ],
    [
      'motd',
      (motd) => ({ kind: 'setMotd', motd }),
      ['', 'a'.repeat(1000), 'a\nb\r\nc'],
      ['a'.repeat(1001), 'a\rb', 'a\tb', '=1+1'],
    ],
    [
      'items',
      (count) => ({ kind: 'setMenu', items: linesOf(count).map((line) => ({ ...item, ...line })) }),
      [1, 999, 1000],
      [0, 1001],
    ],
    ['items[0].item', (name) => menuOf({ item: name }), ['a'.repeat(100)], ['', 'a'.repeat(101), ' a', 'a ']],
    ['items[0].price_pence', (pricePence) => menuOf({ pricePence }), [1, 1_000_000], [0, 1_000_001, 1.5]],
    ['items[0].category', (category) => menuOf({ category }), ['', 'a'.repeat(50)], ['a'.repeat(51), ' a']],
    ['items[0].description', (description) => menuOf({ description }), ['', 'a'.repeat(300)], ['a'.repeat(301)]],
    ['items[0].allergens', (count) => menuOf({ allergens: Array(count).fill('a') as string[] }), [0, 20], [21]],
    [
      'items[0].allergens[0]',
      (allergen) => menuOf({ allergens: [allergen] }),
      ['a'.repeat(50)],
      ['', 'a'.repeat(51), 'a;b', 'a '],
    ],
    ['items[0].stock', (stock) => menuOf({ stock }), [0, 1, 1_000_000, undefined], [-1, 1_000_001, 0.5]],
    [
      'expected_version',
      (expectedVersion) => ({ kind: 'setMenu', items: [item], expectedVersion }),
      [1, undefined],
      [0, 1.5],
    ],
    [
      'verdict',
      (verdict) => ({ kind: 'recheckPostcode', orderId: orderIdOf(1), verdict }),
      ['valid', 'unknown'],
      ['unchecked', ''],
    ],
  ];
  for (const [field, make, allowed, refused] of limits)
    it(`${field}: at, below and above its limit`, () => {
      for (const value of allowed) expect(problemOf(make(value as never)), JSON.stringify(value)).to.equal(undefined);
      for (const value of refused)
        expect(problemOf(make(value as never))?.field, JSON.stringify(value)).to.equal(field);
    });

  it('names the line, and refuses an item that is in the basket or on the menu twice', () => {
    const lines = [...linesOf(2), { item: 'Item 0', quantity: 1, pricePence: 1 }];
    expect(problemOf(soupOrder(1, { lines }))?.field).to.equal('lines[2].item');
    expect(problemOf({ kind: 'setMenu', items: [item, item] })?.field).to.equal('items[1].item');
  });

  it('ids: an order has any UUID, other writes a UUIDv7', () => {
    expect(problemOf(soupOrder(1, { orderId: requestIdOf(2) }))).to.equal(undefined);
    expect(problemOf(soupOrder(1, { orderId: 'no-id' }))?.field).to.equal('order_id');
    expect(requestProblem(orderIdOf(2), soupOrder(1))?.field).to.equal('order_id');
    for (const request of [statusOf({}), menuOf({}), { kind: 'setMotd', motd: '' } as const])
      expect(problemOf(request, orderIdOf(1))?.field, request.kind).to.equal('request_id');
    const cancel = { kind: 'cancelOrder', orderId: orderIdOf(1), byStaff: false } as const;
    expect(problemOf({ ...cancel, userCode: '' })?.field).to.equal('user_code');
    expect(problemOf({ ...cancel, orderId: 'x' })?.field).to.equal('order_id');
    expect(problemOf(cancel)).to.equal(undefined);
  });

  it('text: any printable Unicode', () => {
    const family = '👨‍👩‍👧‍👦';
    const england = '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}';
    const printable = [
      'Zoë, "quoted"',
      '王小明',
      'شكرا',
      'नमस्ते',
      'क्‍ष',
      '❤️',
      '🇬🇧',
      family,
      england,
      '👍🏽',
      '1️⃣',
      'e\u0301',
      '£€½',
      'a\u00a0b',
    ];
    for (const notes of printable) expect(problemOf(soupOrder(1, { notes })), notes).to.equal(undefined);
  });

  it('text: no control, format control, lone surrogate or noncharacter', () => {
    const codes = [
      0, 9, 0xa, 0xd, 0x1b, 0x7f, 0x80, 0x9f, 0xad, 0x61c, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e,
      0x2060, 0x2066, 0x2069, 0xfeff, 0xfff9, 0xfffe, 0xffff, 0xfdd0, 0x1fffe, 0x10ffff, 0xe0001, 0xe0067, 0xd800,
      0xdfff,
    ];
    for (const code of codes) {
      const notes = `a${String.fromCodePoint(code)}b`;
      const hex = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
      expect(problemOf(soupOrder(1, { notes }))?.problem, hex).to.equal(`holds ${hex}, which cannot be printed`);
    }
  });

  it('text: nothing that a spreadsheet would run, also after blanks and in full width', () => {
    for (const start of ['=', '+', '-', '@', ' =', '\u00a0@', '＝', '＋', '－', '＠'])
      expect(problemOf(soupOrder(1, { notes: `${start}1+1` }))?.problem, start).to.contain('formula');
    for (const notes of ['1=1', 'a+b', "'=1", '(-1)'])
      expect(problemOf(soupOrder(1, { notes })), notes).to.equal(undefined);
  });

  it('problems: say field and next step, and never the text itself', () => {
    const problem = problemOf(contactOf({ address: 'secret\u0007' }));
    if (problem === undefined) throw new Error('it was let in');
    const { reason, message, details } = fieldRefusal(problem);
    expect(reason).to.equal('INVALID_FIELD');
    expect(details).to.deep.equal({ field: 'contact.address' });
    expect(message).to.equal('contact.address holds U+0007, which cannot be printed; remove that character.');
  });

  it('queries: at, below and above their limits', () => {
    const cases: readonly (readonly [OrderingQuery, string | undefined])[] = [
      [{ kind: 'getMenu' }, undefined],
      [{ kind: 'getMotd' }, undefined],
      [{ kind: 'counts' }, undefined],
      [{ kind: 'getOrders', userCode: 'ann', pageSize: 0, pageToken: '' }, undefined],
      [{ kind: 'getOrders', userCode: 'ann', pageSize: 500, pageToken: '' }, undefined],
      [{ kind: 'getOrders', userCode: 'ann', pageSize: 501, pageToken: '' }, 'page_size'],
      [{ kind: 'getOrders', userCode: 'ann', pageSize: -1, pageToken: '' }, 'page_size'],
      [{ kind: 'getOrders', userCode: '', pageSize: 0, pageToken: '' }, 'user_code'],
      [{ kind: 'getOrder', orderId: 'x' }, 'order_id'],
      [{ kind: 'events', fromOp: 0, limit: 1000 }, undefined],
      [{ kind: 'events', fromOp: -1, limit: 1 }, 'from_op'],
      [{ kind: 'events', fromOp: 0, limit: 0 }, 'limit'],
      [{ kind: 'events', fromOp: 0, limit: 1001, userCode: 'ann' }, 'limit'],
      [{ kind: 'events', fromOp: 0, limit: 1, userCode: '' }, 'user_code'],
      [{ kind: 'unchecked', limit: 1001 }, 'limit'],
    ];
    for (const [query, field] of cases) expect(queryProblem(query)?.field, JSON.stringify(query)).to.equal(field);
  });

  it('length: counts code points', () => {
    expect([lengthOf(''), lengthOf('aé'), lengthOf(PIZZA), lengthOf('\ud83c'), lengthOf('\ud83ca')]).to.deep.equal([
      0, 2, 1, 1, 2,
    ]);
  });
});
