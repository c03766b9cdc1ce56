import { expect } from 'chai';
import { ORDER_STATUSES, type OrderStatus } from '../../../src/services/ordering/order-status.js';
import type { MenuItem } from '../../../src/services/ordering/requests.js';
import { Driver, orderIdOf, orderIn, reasonIn, requestIdOf, soupOrder } from './ordering-driver.js';

const fishOrder = (number: number, quantity = 2) =>
  soupOrder(number, { lines: [{ item: 'Fish Pie', quantity, pricePence: 1195 }] });

let requestNumber = 0;

function move(driver: Driver, status: OrderStatus, { order = 1, reason = '', id = requestIdOf(++requestNumber) } = {}) {
  return driver.request(id, { kind: 'updateOrderStatus', orderId: orderIdOf(order), status, reason }).reply;
}

function cancel(
  driver: Driver,
  { byStaff = false, order = 1, userCode = 'ann', id = requestIdOf(++requestNumber) } = {},
) {
  const orderId = orderIdOf(order);
  const body = { kind: 'cancelOrder', orderId, byStaff, ...(byStaff ? {} : { userCode }) } as const;
  return driver.request(id, body).reply;
}

/** A cluster with one order, which has reached this status. */
function withOrder(status: OrderStatus = 'placed', request = fishOrder(1)): Driver {
  const driver = new Driver().found();
  driver.request(request.orderId, request);
  if (status !== 'placed') move(driver, status);
  return driver.commit();
}

function fishLeft(driver: Driver): number | undefined {
  return driver
    .commit()
    .ask({ kind: 'getMenu' })
    .items.find(({ item }) => item === 'Fish Pie')?.stock;
}

const CLOSED: readonly OrderStatus[] = ['delivered', 'rejected', 'cancelled'];

describe('change order', () => {
  for (const [from, before] of ORDER_STATUSES.entries())
    it(`status: from ${before} onwards, also skipping, never back`, () => {
      for (const [to, status] of ORDER_STATUSES.entries()) {
        const driver = withOrder(before);
        const reply = move(driver, status, { reason: 'because' });
        if (CLOSED.includes(before)) expect(reasonIn(reply), status).to.equal('ORDER_CLOSED');
        else if (to <= from) expect(reasonIn(reply), status).to.equal('INVALID_TRANSITION');
        else {
          const isCalledOff = status === 'rejected' || status === 'cancelled';
          expect(orderIn(reply)).to.include({ status, reason: isCalledOff ? 'because' : '' });
          driver.commit();
          expect(driver.ask({ kind: 'getOrder', orderId: orderIdOf(1) }).order).to.deep.equal(orderIn(reply));
        }
      }
    });

  it('history: every status, oldest first, with time, op and reason', () => {
    const driver = withOrder('placed', soupOrder(1));
    for (const status of ['accepted', 'preparing', 'ready'] as const)
      move(driver, status, { reason: `why, "${status}"` });
    cancel(driver, { byStaff: true });
    driver.commit();
    const { order, history } = driver.ask({ kind: 'getOrder', orderId: orderIdOf(1) });
    expect(order).to.include({ status: 'cancelled', reason: 'cancelled by the restaurant' });
    expect(history.map(({ status, op, reason }) => [status, op, reason])).to.deep.equal([
      ['placed', 2, ''],
      ['accepted', 3, 'why, "accepted"'],
      ['preparing', 4, 'why, "preparing"'],
      ['ready', 5, 'why, "ready"'],
      ['cancelled', 6, 'cancelled by the restaurant'],
    ]);
    expect(history[0]?.at).to.equal(order.placedAt);
    expect(history.map(({ at }) => at)).to.deep.equal(history.map(({ at }) => at).toSorted());
  });

  it('cancel: customers while it is placed, staff until it is delivered', () => {
    for (const status of ORDER_STATUSES) {
      const customer = cancel(withOrder(status));
      const staff = cancel(withOrder(status), { byStaff: true });
      if (CLOSED.includes(status)) {
        expect([reasonIn(customer), reasonIn(staff)]).to.deep.equal(['ORDER_CLOSED', 'ORDER_CLOSED']);
        continue;
      }
      if (status === 'placed') expect(orderIn(customer).reason).to.equal('cancelled by the customer');
      else expect(reasonIn(customer), status).to.equal('INVALID_TRANSITION');
      expect(orderIn(staff)).to.include({ status: 'cancelled', reason: 'cancelled by the restaurant' });
    }
  });

  it("cancel: another user's order is unknown, as one that is not there", () => {
    const driver = withOrder();
    const others = cancel(driver, { userCode: 'bob' });
    const none = cancel(driver, { order: 9 });
    expect(others).to.deep.equal(none);
    expect(reasonIn(none)).to.equal('UNKNOWN_ORDER');
    expect(reasonIn(move(driver, 'accepted', { order: 9 }))).to.equal('UNKNOWN_ORDER');
  });

  for (const isCommitted of [false, true]) {
    const settle = (driver: Driver) => (isCommitted ? driver.commit() : driver);
    const when = isCommitted ? 'committed' : 'speculative';

    it(`repeat: the reply of then, whatever happened since (${when})`, () => {
      const driver = withOrder();
      const id = requestIdOf(++requestNumber);
      const cancelId = requestIdOf(++requestNumber);
      const first = move(driver, 'accepted', { id, reason: 'soon' });
      const cancelled = cancel(driver, { id: cancelId, byStaff: true });
      settle(driver);
      expect(move(driver, 'accepted', { id, reason: 'soon' })).to.deep.equal(first);
      expect(cancel(driver, { id: cancelId, byStaff: true })).to.deep.equal(cancelled);
    });

    it(`repeat: other content is refused ID_REUSED, over all kinds of requests (${when})`, () => {
      const driver = withOrder();
      driver.request(orderIdOf(2), soupOrder(2));
      const id = requestIdOf(++requestNumber);
      move(driver, 'accepted', { id });
      settle(driver);
      for (const reply of [
        move(driver, 'ready', { id }),
        move(driver, 'accepted', { id, reason: 'other' }),
        move(driver, 'accepted', { id, order: 2 }),
        cancel(driver, { id, byStaff: true }),
        driver.request(id, { kind: 'setMotd', motd: 'x' }).reply,
        driver.request(id, { ...soupOrder(3), orderId: id }).reply,
        move(driver, 'accepted', { id: orderIdOf(2) }),
      ])
        expect(reasonIn(reply)).to.equal('ID_REUSED');
    });

    it(`repeat: a refusal stays, also when the state has changed (${when})`, () => {
      const driver = withOrder();
      const id = requestIdOf(++requestNumber);
      const refused = move(driver, 'accepted', { id, order: 2 });
      driver.request(orderIdOf(2), soupOrder(2));
      settle(driver);
      expect(move(driver, 'accepted', { id, order: 2 })).to.deep.equal(refused);
      expect(orderIn(move(driver, 'accepted', { order: 2 })).status).to.equal('accepted');
    });

    it(`stock: comes back when preparing had not begun, once (${when})`, () => {
      for (const [before, left] of [
        ['placed', 5],
        ['accepted', 5],
        ['preparing', 3],
        ['ready', 3],
      ] as const)
        for (const end of ['rejected', 'cancelled'] as const) {
          const driver = withOrder(before);
          const id = requestIdOf(++requestNumber);
          move(driver, end, { id });
          settle(driver);
          move(driver, end, { id });
          cancel(driver, { byStaff: true });
          expect(fishLeft(driver), `${before}, ${end}`).to.equal(left);
        }
    });
  }

  it('stock: of a speculative order comes back to the speculative stock', () => {
    const driver = new Driver().found();
    driver.request(orderIdOf(1), fishOrder(1, 5));
    cancel(driver);
    expect(orderIn(driver.request(orderIdOf(2), fishOrder(2, 5)).reply).status).to.equal('placed');
    expect(fishLeft(driver)).to.equal(0);
  });

  it('stock: of an order that is made does not come back, while nothing is committed', () => {
    const driver = new Driver().found();
    driver.request(orderIdOf(1), fishOrder(1, 5));
    move(driver, 'preparing');
    cancel(driver, { byStaff: true });
    expect(fishLeft(driver)).to.equal(0);
  });

  it('stock: what cannot come back any more is kept no longer', () => {
    for (const [status, kept] of [
      ['accepted', [0]],
      ['preparing', []],
      ['cancelled', []],
    ] as const) {
      const { reservations } = JSON.parse(withOrder(status).ordering.snapshot()) as { reservations: { all: number[] } };
      expect(reservations.all, status).to.deep.equal(kept);
    }
  });

  it('stock: only what was taken comes back, also over another menu', () => {
    const soup: MenuItem = {
      item: 'Tomato Soup',
      pricePence: 450,
      category: '',
      description: '',
      allergens: [],
      stock: 9,
    };
    const pie: MenuItem = { ...soup, item: 'Fish Pie', pricePence: 1195, stock: 7 };
    const { stock: _, ...unlimitedPie } = pie;
    for (const [items, soups, pies] of [
      [[soup, pie], 9, 9],
      [[soup, unlimitedPie], 9, undefined],
      [[soup], 9, undefined],
      [[soup, { ...pie, stock: 999_999 }], 9, 1_000_000],
    ] as const) {
      const lines = [
        { item: 'Tomato Soup', quantity: 3, pricePence: 450 },
        { item: 'Fish Pie', quantity: 2, pricePence: 1195 },
      ];
      const driver = withOrder('placed', soupOrder(1, { lines }));
      driver.request(requestIdOf(++requestNumber), { kind: 'setMenu', items });
      cancel(driver);
      driver.commit();
      const stock = new Map(driver.ask({ kind: 'getMenu' }).items.map((each) => [each.item, each.stock]));
      expect([stock.get('Tomato Soup'), stock.get('Fish Pie')]).to.deep.equal([soups, pies]);
    }
  });

  it('postcode: is checked later, once, and the status stays', () => {
    const driver = withOrder('placed', soupOrder(1, { postcodeVerdict: 'unchecked' }));
    move(driver, 'accepted');
    const id = requestIdOf(++requestNumber);
    const recheck = { kind: 'recheckPostcode', orderId: orderIdOf(1), verdict: 'unknown' } as const;
    const { reply } = driver.request(id, recheck);
    expect(orderIn(reply)).to.include({ status: 'accepted', postcodeCheck: 'unknown' });
    expect(driver.request(id, recheck).reply, 'speculative').to.deep.equal(reply);
    driver.commit();
    expect(driver.request(id, recheck).reply, 'committed').to.deep.equal(reply);
    expect(reasonIn(driver.request(id, { ...recheck, verdict: 'valid' }).reply)).to.equal('ID_REUSED');
    expect(reasonIn(driver.request(requestIdOf(++requestNumber), recheck).reply)).to.equal('INVALID_TRANSITION');
    expect(driver.ask({ kind: 'unchecked', limit: 1 }).orders).to.deep.equal([]);
    const { order, history } = driver.ask({ kind: 'getOrder', orderId: orderIdOf(1) });
    expect(order).to.deep.equal(orderIn(reply));
    expect(history.map(({ status }) => status)).to.deep.equal(['placed', 'accepted']);
    expect(driver.request(orderIdOf(1), soupOrder(1)).reply.kind).to.equal('done');
  });

  it('postcode: closed orders need no check', () => {
    const driver = withOrder('placed', soupOrder(1, { postcodeVerdict: 'unchecked' }));
    cancel(driver);
    driver.commit();
    expect(driver.ask({ kind: 'counts' }).unchecked).to.equal(0);
    const recheck = { kind: 'recheckPostcode', orderId: orderIdOf(1), verdict: 'valid' } as const;
    expect(reasonIn(driver.request(requestIdOf(++requestNumber), recheck).reply)).to.equal('ORDER_CLOSED');
    expect(
      reasonIn(driver.request(requestIdOf(++requestNumber), { ...recheck, orderId: orderIdOf(7) }).reply),
    ).to.equal('UNKNOWN_ORDER');
  });
});
