import { expect } from 'chai';
import type { Order } from '../../../src/services/ordering/replies.js';
import { ask, Driver, orderIdOf, requestIdOf, soupOrder } from './ordering-driver.js';

/** Orders 0 … count − 1, even ones of ann, odd ones of bob, committed. */
function withOrders(count: number): Driver {
  const driver = new Driver().found();
  for (let number = 0; number < count; number++)
    driver.request(orderIdOf(number), soupOrder(number, { userCode: number % 2 === 0 ? 'ann' : 'bob' }));
  return driver.commit();
}

function page(driver: Driver, pageToken: string, pageSize = 3, userCode = 'ann') {
  const { orders, nextPageToken } = driver.ask({ kind: 'getOrders', userCode, pageSize, pageToken });
  return { numbers: orders.map(numberOf), next: nextPageToken };
}

function numberOf({ orderId }: Order): number {
  return Number.parseInt(orderId.slice(-12), 16);
}

function refusedPage(driver: Driver, userCode: string, pageToken: string): unknown {
  const answer = driver.ordering.query({ body: { kind: 'getOrders', userCode, pageSize: 3, pageToken } });
  return answer.kind === 'refused' ? [answer.refusal.reason, answer.refusal.details] : answer.body;
}

describe('queries', () => {
  it('getOrders: newest first in pages, each order once', () => {
    const driver = withOrders(16);
    const first = page(driver, '');
    const second = page(driver, first.next);
    const third = page(driver, second.next);
    expect([first.numbers, second.numbers, third.numbers]).to.deep.equal([
      [14, 12, 10],
      [8, 6, 4],
      [2, 0],
    ]);
    expect(third.next).to.equal('');
    expect(page(driver, '', 8)).to.deep.equal({ numbers: [14, 12, 10, 8, 6, 4, 2, 0], next: '' });
    expect(page(driver, '', 3, 'nobody')).to.deep.equal({ numbers: [], next: '' });
  });

  it('getOrders: 0 means 50', () => {
    const driver = withOrders(120);
    expect(page(driver, '', 0).numbers).to.have.length(50);
    expect(page(driver, page(driver, '', 0).next, 0).numbers).to.have.length(10);
  });

  it('getOrders: pages stay as they are while orders come in and change', () => {
    const driver = withOrders(10);
    const first = page(driver, '');
    driver.request(orderIdOf(10), soupOrder(10));
    driver.request(requestIdOf(1), { kind: 'cancelOrder', orderId: orderIdOf(2), byStaff: true });
    driver.commit();
    expect(page(driver, first.next).numbers).to.deep.equal([2, 0]);
  });

  it('getOrders: a replica that lags goes on below the anchor', () => {
    const ahead = withOrders(10);
    for (const reached of [3, 4, 5])
      expect(page(withOrders(reached), page(ahead, '').next).numbers, `${reached}`).to.deep.equal([2, 0]);
  });

  it('getOrders: a token of another user, or one made up, is refused', () => {
    const driver = withOrders(10);
    const { next } = page(driver, '');
    const own = Buffer.from('3:ann').toString('base64url');
    const tokens = [
      'x',
      '=',
      `${next}=`,
      `${next}A`,
      own,
      Buffer.from('4:ann ').toString('base64url'),
      'A'.repeat(9999),
    ];
    for (const token of tokens)
      expect(refusedPage(driver, 'ann', token), token).to.deep.equal(['INVALID_FIELD', { field: 'page_token' }]);
    expect(refusedPage(driver, 'bob', next)).to.deep.equal(['INVALID_FIELD', { field: 'page_token' }]);
  });

  it('getOrders: users may have any printable name', () => {
    const driver = new Driver().found();
    const users = ['王小明', 'O"Neill, A:1', '🍕', 'ann ', 'ann'];
    for (const [number, userCode] of users.entries())
      for (const extra of [0, 10]) driver.request(orderIdOf(number + extra), soupOrder(number + extra, { userCode }));
    driver.commit();
    for (const [number, userCode] of users.entries()) {
      const first = page(driver, '', 1, userCode);
      expect([first.numbers, page(driver, first.next, 1, userCode).numbers]).to.deep.equal([[number + 10], [number]]);
    }
  });

  it('getOrder: an order that is not there is refused', () => {
    const answer = withOrders(1).ordering.query({ body: { kind: 'getOrder', orderId: orderIdOf(5) } });
    expect(answer.kind === 'refused' && answer.refusal.reason).to.equal('UNKNOWN_ORDER');
  });

  describe('events', () => {
    /** Ops: 2 ann placed, 3 bob placed (unchecked), 4 motd, 5 ann accepted, 6 refused, 7 bob checked, 8 ann cancelled. */
    function withEvents(): Driver {
      const driver = new Driver().found();
      driver.request(orderIdOf(1), soupOrder(1));
      driver.request(orderIdOf(2), soupOrder(2, { userCode: 'bob', postcodeVerdict: 'unchecked' }));
      driver.request(requestIdOf(1), { kind: 'setMotd', motd: 'x' });
      driver.request(requestIdOf(2), {
        kind: 'updateOrderStatus',
        orderId: orderIdOf(1),
        status: 'accepted',
        reason: 'ok',
      });
      driver.request(orderIdOf(3), soupOrder(3, { lines: [{ item: 'None', quantity: 1, pricePence: 1 }] }));
      driver.request(requestIdOf(3), { kind: 'recheckPostcode', orderId: orderIdOf(2), verdict: 'valid' });
      driver.request(requestIdOf(4), { kind: 'cancelOrder', orderId: orderIdOf(1), byStaff: true });
      return driver.commit();
    }

    it('tell what happened, in op order, with the order as it was then', () => {
      const { events, nextOp } = withEvents().ask({ kind: 'events', fromOp: 0, limit: 100 });
      expect(
        events.map(({ op, kind, order }) => [
          op,
          kind,
          order.userCode,
          order.status,
          order.postcodeCheck,
          order.reason,
        ]),
      ).to.deep.equal([
        [2, 'placed', 'ann', 'placed', 'valid', ''],
        [3, 'placed', 'bob', 'placed', 'unchecked', ''],
        [5, 'statusChanged', 'ann', 'accepted', 'valid', ''],
        [7, 'postcodeChecked', 'bob', 'placed', 'valid', ''],
        [8, 'statusChanged', 'ann', 'cancelled', 'valid', 'cancelled by the restaurant'],
      ]);
      expect(nextOp).to.equal(9);
      expect(events.map(({ time }) => time)).to.deep.equal(events.map(({ time }) => time).toSorted());
    });

    it('resume at any op, in any step, for all or one user: each event once', () => {
      const driver = withEvents();
      for (const userCode of [undefined, 'ann', 'bob', 'nobody'])
        for (const limit of [1, 2, 100]) {
          const ops: number[] = [];
          let fromOp = 0;
          while (fromOp < 9) {
            const query = { kind: 'events', fromOp, limit, ...(userCode === undefined ? {} : { userCode }) } as const;
            const { events, nextOp } = driver.ask(query);
            ops.push(...events.map(({ op }) => op));
            expect(nextOp).to.be.greaterThan(fromOp);
            fromOp = nextOp;
          }
          const expected = { ann: [2, 5, 8], bob: [3, 7], nobody: [] }[userCode ?? ''] ?? [2, 3, 5, 7, 8];
          expect(ops, `${userCode} ${limit}`).to.deep.equal(expected);
        }
    });

    it('beyond the last: none, and the place to wait for', () => {
      const driver = withEvents();
      expect(driver.ask({ kind: 'events', fromOp: 9, limit: 1 })).to.deep.equal({ events: [], nextOp: 9 });
      expect(driver.ask({ kind: 'events', fromOp: 99, limit: 1 })).to.deep.equal({ events: [], nextOp: 99 });
      expect(ask(new Driver().found().ordering, { kind: 'events', fromOp: 0, limit: 1 }).nextOp).to.equal(2);
    });

    it('counts: tell what there is', () => {
      const counts = withEvents().ask({ kind: 'counts' });
      expect(counts).to.deep.include({
        orders: 2,
        users: 2,
        changes: 3,
        refusals: 1,
        requests: 1,
        unchecked: 0,
        op: 8,
      });
      expect(counts.ordersByStatus).to.include({ placed: 1, accepted: 0, cancelled: 1 });
    });
  });
});
