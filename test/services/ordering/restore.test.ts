import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import { DamagedFileError } from '../../../src/base/service.js';
import { Ordering } from '../../../src/services/ordering/ordering.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { ask, Driver, orderIdOf, requestIdOf, soupOrder } from './ordering-driver.js';

const contact = { name: 'Zoë "Z"', phone: '0191, 2', address: '1 High St, Durham 🍕' };

/** Two orders, three lines, a status, a refusal, a menu, a motd. */
function busy(): Driver {
  const driver = new Driver().found();
  const lines = [
    { item: 'Fish Pie', quantity: 2, pricePence: 1195 },
    { item: 'Tomato Soup', quantity: 1, pricePence: 450 },
  ];
  driver.request(orderIdOf(1), soupOrder(1, { userCode: 'a,"b" 王', lines, contact, notes: "it's 'hot', \"very\"" }));
  driver.request(orderIdOf(2), soupOrder(2, { postcodeVerdict: 'unchecked' }));
  const accept = { kind: 'updateOrderStatus', orderId: orderIdOf(2), status: 'accepted', reason: 'a, "b"' } as const;
  driver.request(requestIdOf(1), accept);
  driver.request(orderIdOf(3), soupOrder(3, { lines: [{ item: 'None', quantity: 1, pricePence: 1 }] }));
  driver.request(requestIdOf(2), { kind: 'setMotd', motd: 'a\n"b", c' });
  return driver.commit();
}

describe('tables', () => {
  it('csv-parse reads orders.csv as it was ordered', () => {
    const { files } = busy();
    const rows = parse<Record<string, string>>(files.contents()['orders.csv'] ?? '', { columns: true });
    const order = { op: '2', order_id: orderIdOf(1), user_code: 'a,"b" 王', post_code: 'DH1 1JN', ...contact };
    expect(rows).to.have.length(3);
    expect(rows[0]).to.deep.include({
      ...order,
      line: '1',
      item: 'Fish Pie',
      quantity: '2',
      price: '11.95',
      total: '23.90',
    });
    expect(rows[1]).to.deep.include({ ...order, line: '2', item: 'Tomato Soup', price: '4.50', total: '4.50' });
    expect(rows[1]).to.include({ notes: "it's 'hot', \"very\"", postcode_check: 'valid' });
    expect(Object.keys(rows[2] ?? {}).join(',')).to.equal(
      'op,order_id,line,user_code,item,quantity,price,total,post_code,postcode_check,name,phone,address,notes,placed_at',
    );
  });

  it('csv-parse reads order-status.csv and refused.csv', () => {
    const { files, ordering } = busy();
    const statuses = parse<Record<string, string>>(files.contents()['order-status.csv'] ?? '', { columns: true });
    const { history } = ask(ordering, { kind: 'getOrder', orderId: orderIdOf(2) });
    expect(statuses).to.have.length(3);
    expect(statuses[2]).to.deep.equal({
      op: '4',
      order_id: orderIdOf(2),
      status: 'accepted',
      postcode_check: 'unchecked',
      at: history[1]?.at,
      reason: 'a, "b"',
      request_id: requestIdOf(1),
    });
    expect(statuses[0]).to.include({ status: 'placed', request_id: orderIdOf(1), reason: '' });
    const [refused] = parse<Record<string, string>>(files.contents()['refused.csv'] ?? '', { columns: true });
    expect(refused).to.include({ op: '5', request_id: orderIdOf(3), reason: 'UNKNOWN_ITEM' });
    expect(JSON.parse(refused?.['details'] ?? '')).to.deep.equal({ line_1_unknown: 'None' });
  });
});

describe('restore', () => {
  it('an empty folder and no snapshot: the state before the founding', () => {
    const ordering = new Ordering(new MemoryFiles());
    ordering.restore('');
    expect(ask(ordering, { kind: 'counts' })).to.include({ orders: 0, menuVersion: 0, op: 0 });
  });

  it('writes documents that say something else anew', () => {
    const { files, ordering } = busy();
    const copy = files.copy();
    copy.documents.set('menu.csv', 'spoilt');
    copy.documents.delete('motd.txt');
    new Ordering(copy).restore(ordering.snapshot());
    expect(copy.contents()).to.deep.equal(files.contents());
  });

  // Every row ends in CR LF; `damage` changes the text of one file.
  const cases: readonly (readonly [name: string, file: string, damage: (text: string) => string, what: string])[] = [
    ['header', 'orders.csv', (text) => text.replace('op,', 'no,'), 'row 1: the header is no,'],
    ['op falls', 'orders.csv', (text) => text.replace('\r\n3,', '\r\n1,'), 'row 4: op 1 follows op 2'],
    ['op is none', 'orders.csv', (text) => text.replace('\r\n3,', '\r\nx,'), 'row 4: op is no number'],
    ['two orders at an op', 'orders.csv', (text) => text.replace('\r\n3,', '\r\n2,'), 'row 4: op 2 places two orders'],
    [
      'id twice',
      'orders.csv',
      (text) => text.replaceAll(orderIdOf(2), orderIdOf(1)),
      'row 4: its order_id stands there twice',
    ],
    ['id is none', 'orders.csv', (text) => text.replace(orderIdOf(2), 'x'), 'row 4: order_id is no UUID'],
    [
      'line missing',
      'orders.csv',
      (text) => text.replace(/\r\n2,[^\r]*?,1,[^\r]*/, ''),
      'row 2: the order begins with line 2',
    ],
    ['total', 'orders.csv', (text) => text.replace('23.90', '23.91'), 'row 2: total is not price times quantity'],
    ['price', 'orders.csv', (text) => text.replace('11.95', '11,95'), 'row 2: more than 15 columns'],
    ['verdict', 'orders.csv', (text) => text.replace(',unchecked,', ',uncheckeX,'), 'row 4: postcode_check is none of'],
    ['torn', 'orders.csv', (text) => text.slice(0, -3), 'row 4: the file ends inside the row'],
    ['order missing', 'orders.csv', (text) => text.replace(/\r\n3,[^\r]*/, ''), 'row 3: there is no such order'],
    [
      'last order twice',
      'orders.csv',
      (text) => text + text.slice(text.indexOf('\r\n3,') + 2),
      'row 5: line 1 follows line 1',
    ],
    ['status', 'order-status.csv', (text) => text.replace(',accepted,', ',acceptex,'), 'row 4: status is none of'],
    ['verdict', 'order-status.csv', (text) => text.replace(',unchecked,', ',valid,'), 'row 3: postcode_check differs'],
    ['op falls', 'order-status.csv', (text) => text.replace('\r\n4,', '\r\n3,'), 'row 4: op 3 follows op 3'],
    [
      'placing missing',
      'order-status.csv',
      (text) => text.replace(/\r\n3,[^\r]*/, ''),
      '1 of 2 orders are placed there',
    ],
    [
      'goes back',
      'order-status.csv',
      (text) => text.replace('\r\n4,', `\r\n4,${orderIdOf(2)},ready,unchecked,,,${requestIdOf(9)}\r\n5,`),
      'row 5: accepted cannot follow ready',
    ],
    [
      'after the end',
      'order-status.csv',
      (text) => text.replace('\r\n4,', `\r\n4,${orderIdOf(2)},delivered,unchecked,,,${requestIdOf(9)}\r\n5,`),
      'row 5: the order was delivered',
    ],
    [
      'request twice',
      'order-status.csv',
      (text) => `${text}9,${orderIdOf(2)},ready,unchecked,,,${requestIdOf(1)}\r\n`,
      'row 5: its request_id stands there twice',
    ],
    ['change missing', 'order-status.csv', (text) => text.replace(/\r\n4,[^\r]*/, ''), '0 changes instead of 1'],
    ['refusal missing', 'refused.csv', (text) => text.replace(/\r\n5,[^\r]*/, ''), '0 refusals instead of 1'],
    [
      'refusal twice',
      'refused.csv',
      (text) => `${text}9${text.slice(text.indexOf('\r\n5,') + 3)}`,
      'row 3: its request_id stands there twice',
    ],
  ];
  for (const [name, file, damage, what] of cases)
    it(`damage is told by file, row and what (${file}: ${name})`, () => {
      const { files, ordering } = busy();
      const table = files.tables.get(file);
      const text = table?.text() ?? '';
      const spoilt = damage(text);
      expect(spoilt, 'the damage is there').not.to.equal(text);
      table?.replace(spoilt);
      const broken = file === 'orders.csv' && name === 'order missing' ? 'order-status.csv' : file;
      expect(() => new Ordering(files).restore(ordering.snapshot())).to.throw(DamagedFileError, `${broken}: ${what}`);
    });

  it('a snapshot that cannot be read is told', () => {
    const { files } = busy();
    for (const snapshot of ['{', '{}', 'null', '{"format":2}'])
      expect(() => new Ordering(files).restore(snapshot), snapshot).to.throw(DamagedFileError, 'checkpoint');
  });

  it('rows spoilt while running are never answered from', () => {
    const { files, ordering } = busy();
    for (const [file, query] of [
      ['orders.csv', { kind: 'getOrder', orderId: orderIdOf(1) }],
      ['order-status.csv', { kind: 'getOrder', orderId: orderIdOf(2) }],
    ] as const) {
      const table = files.tables.get(file);
      const text = table?.text() ?? '';
      table?.replace(text.replaceAll('-', '_'));
      expect(() => ordering.query({ body: query }), file).to.throw(DamagedFileError, file);
      table?.replace(text);
    }
    const table = files.tables.get('refused.csv');
    table?.replace((table.text() ?? '').replaceAll('-', '_'));
    const body = soupOrder(3);
    const context = { op: 9, view: 3, timeMs: 1, replicaCount: 3 } as never;
    expect(() => ordering.execute({ requestId: orderIdOf(3), body, copiesNeeded: 2 }, context)).to.throw(
      DamagedFileError,
      'refused.csv',
    );
  });
});
