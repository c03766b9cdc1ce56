import { expect } from 'chai';
import { DamagedFileError } from '../../../src/base/service.js';
import { Ordering } from '../../../src/services/ordering/ordering.js';
import { IndexedFiles } from '../../support/indexed-files.js';
import type { MemoryFiles } from '../../support/memory-files.js';
import { ask, Driver, MENU_CSV, orderIdOf, requestIdOf, soupOrder } from './ordering-driver.js';

const ORDERS = 6000;

/** Orders of many users, of which some change, one is rejected and one has its postcode checked later. */
function driven(): { driver: Driver; files: IndexedFiles } {
  const files = new IndexedFiles({ 'menu.csv': MENU_CSV, 'motd.txt': 'Welcome' });
  const driver = new Driver(files).found();
  driver.ordering.restore(driver.ordering.snapshot());
  driver.committed = 1;
  for (let number = 1; number <= ORDERS; number++) {
    const postcodeVerdict = number % 50 === 0 ? 'unchecked' : 'valid';
    const userCode = `user é ${(number * 7) % 300}`;
    driver.request(orderIdOf(number), soupOrder(number, { userCode, postcodeVerdict }));
    if (number > 3 && number % 2 === 0) {
      const status = number % 4 === 0 ? 'delivered' : 'accepted';
      const body = { kind: 'updateOrderStatus', orderId: orderIdOf(number - 3), status, reason: '' } as const;
      driver.request(requestIdOf(number, driver.nowMs), body);
    }
    if (number > 100 && number % 100 === 0) {
      const body = { kind: 'recheckPostcode', orderId: orderIdOf(number - 50), verdict: 'valid' } as const;
      driver.request(requestIdOf(1e6 + number, driver.nowMs), body);
    }
    driver.commit();
  }
  return { driver, files };
}

/** All that can be asked of the orders. */
function told(ordering: Ordering): unknown {
  const orders = Array.from({ length: 300 }, (_, user) =>
    ask(ordering, { kind: 'getOrders', userCode: `user é ${user}`, pageSize: 500, pageToken: '' }),
  );
  const histories = [1, 47, 50, 97, 100, ORDERS].map((number) =>
    ask(ordering, { kind: 'getOrder', orderId: orderIdOf(number) }),
  );
  return { orders, histories, counts: ask(ordering, { kind: 'counts' }), snapshot: ordering.snapshot() };
}

function restored(files: MemoryFiles, snapshot: string): { ordering: Ordering; bytesRead: number } {
  const ordering = new Ordering(files);
  let bytesRead = 0;
  for (const table of files.tables.values()) {
    const read = table.read.bind(table);
    table.read = (offset, length) => {
      bytesRead += length;
      return read(offset, length);
    };
  }
  ordering.restore(snapshot);
  return { ordering, bytesRead };
}

describe('ordering: index file', function () {
  this.timeout(60_000);
  let files: IndexedFiles;
  let driver: Driver;
  let snapshot: string;
  let expected: unknown;
  let all: number;

  before(() => {
    ({ driver, files } = driven());
    snapshot = driver.ordering.snapshot();
    expected = told(driver.ordering);
    all = restored(files.copy(), snapshot).bytesRead;
  });

  it('restore: is the same as from the tables, and reads little of them', () => {
    const { ordering, bytesRead } = restored(files.left(), snapshot);
    expect(told(ordering)).to.deep.equal(expected);
    expect(bytesRead).to.be.lessThan(all / 2);
    const repeated = ordering.execute(
      { requestId: orderIdOf(17), body: soupOrder(17, { userCode: 'user é 119' }), copiesNeeded: 2 },
      { op: 1e6, view: 3, timeMs: driver.nowMs, replicaCount: 3 } as Parameters<Ordering['execute']>[1],
    );
    expect(repeated.kind).to.equal('known');
  });

  it('restore: writes an index where there was none, and uses it the next time', () => {
    const without = files.left(new Uint8Array(0));
    expect(told(restored(without, snapshot).ordering)).to.deep.equal(expected);
    expect(without.bytes.length).to.be.greaterThan(0);
    const { ordering, bytesRead } = restored(without.left(), snapshot);
    expect(told(ordering)).to.deep.equal(expected);
    expect(bytesRead).to.be.lessThan(all / 10);
  });

  for (const [what, change] of [
    ['a bit has turned over in the first frame', (bytes: Buffer) => bytes.writeUInt8(bytes.readUInt8(500) ^ 4, 500)],
    ['a bit has turned over in a count', (bytes: Buffer) => bytes.writeUInt8(bytes.readUInt8(12) ^ 1, 12)],
    ['it is none', (bytes: Buffer) => bytes.fill('a')],
  ] as const) {
    it(`restore: reads the tables when the index cannot be believed (${what})`, () => {
      const bytes = Buffer.from(files.bytes);
      change(bytes);
      const left = files.left(bytes);
      expect(told(restored(left, snapshot).ordering)).to.deep.equal(expected);
      expect(told(restored(left.left(), snapshot).ordering)).to.deep.equal(expected);
    });
  }

  it('restore: takes what is whole of an index that is torn, at any byte', () => {
    for (let length = 0; length < files.bytes.length; length += Math.ceil(files.bytes.length / 12)) {
      const { ordering } = restored(files.left(files.bytes.slice(0, length)), snapshot);
      expect(told(ordering), `${length} of ${files.bytes.length} bytes`).to.deep.equal(expected);
    }
  });

  it('restore: goes no further than the snapshot (tables cut to an older checkpoint)', () => {
    const early = driven();
    const earlier = new IndexedFiles({ 'menu.csv': MENU_CSV, 'motd.txt': 'Welcome' });
    const short = new Driver(earlier).found();
    short.ordering.restore(short.ordering.snapshot());
    for (const entry of early.driver.entries.slice(1, 100)) short.ordering.commit(entry);
    const { ordering } = restored(earlier.left(files.bytes), short.ordering.snapshot());
    expect(ask(ordering, { kind: 'counts' })).to.deep.equal(ask(short.ordering, { kind: 'counts' }));
    for (const entry of early.driver.entries.slice(100)) ordering.commit(entry);
    expect(told(ordering)).to.deep.equal(expected);
  });

  it('restore: finds damage of the tables behind the index, with its row', () => {
    const left = files.left();
    const table = left.tables.get('order-status.csv');
    const text = table?.text() ?? '';
    const rows = text.split('\r\n').length - 1;
    table?.replace(text.slice(0, text.lastIndexOf('\r\n', text.length - 3) + 2) + 'x,y\r\n');
    expect(() => restored(left, snapshot)).to.throw(DamagedFileError, new RegExp(`row ${rows}: `));
  });

  it('restore: does not take the index of other orders', () => {
    const other = new IndexedFiles({ 'menu.csv': MENU_CSV, 'motd.txt': 'Welcome' });
    const another = new Driver(other).found();
    another.ordering.restore(another.ordering.snapshot());
    for (let number = 1; number <= ORDERS * 2; number++) {
      another.request(orderIdOf(1e7 + number), soupOrder(1e7 + number, { notes: 'other bytes' }));
      another.commit();
    }
    const { ordering } = restored(other.left(files.bytes), another.ordering.snapshot());
    expect(ask(ordering, { kind: 'counts' })).to.deep.equal(ask(another.ordering, { kind: 'counts' }));
    expect(ask(ordering, { kind: 'getOrder', orderId: orderIdOf(1e7 + 1) }).order.userCode).to.equal('ann');
  });
});
