import { expect } from 'chai';
import type { OutboxItem } from '../../../src/base/service.js';
import type { MakeOrder } from '../../../src/services/ordering/requests.js';
import { decodeUpdate } from '../../../src/services/ordering/updates.js';
import { Driver, orderIdOf, orderIn, reasonIn, requestIdOf, soupOrder } from './ordering-driver.js';

/** Cuts off one order taken with write concern 1; returns what is kept of it. */
function cutOff(driver: Driver, request: MakeOrder): OutboxItem {
  const { entry } = driver.request(request.orderId, request, 1);
  const item = entry === undefined ? undefined : driver.ordering.salvage(entry, 2);
  if (item === undefined) throw new Error('nothing was salvaged');
  driver.cutOff();
  return item;
}

describe('salvage', () => {
  it('keeps orders acknowledged below a majority, and nothing else', () => {
    const driver = new Driver().found();
    const fish = [{ item: 'Fish Pie', quantity: 1, pricePence: 1195 }];
    driver.request(orderIdOf(1), soupOrder(1), 1);
    driver.request(orderIdOf(2), soupOrder(2), 2);
    driver.request(orderIdOf(3), soupOrder(3, { lines: fish }), 1);
    driver.request(orderIdOf(4), soupOrder(4, { postcodeVerdict: 'unknown' }), 1);
    driver.request(requestIdOf(1), { kind: 'cancelOrder', orderId: orderIdOf(1), byStaff: true }, 1);
    driver.request(requestIdOf(2), { kind: 'setMotd', motd: '' }, 1);
    const cut = driver.cutOff();
    const items = cut.map((entry) => driver.ordering.salvage(entry, 2));
    expect(items.map((item) => item?.requestId)).to.deep.equal([orderIdOf(1), ...Array(5).fill(undefined)]);
    expect(items[0]).to.deep.equal({
      requestId: orderIdOf(1),
      service: 'ordering',
      update: cut[0]?.update,
      timeMs: cut[0]?.timeMs,
      view: 3,
      op: 2,
    });
  });

  it('executes with the original id, time, price and postcode, whatever they are now', () => {
    const driver = new Driver().found();
    const request = soupOrder(1, { contact: { name: 'Ann', phone: '', address: '' }, notes: 'soon' });
    const item = cutOff(driver, request);
    driver.request(requestIdOf(1), {
      kind: 'setMenu',
      items: [{ item: 'Tomato Soup', pricePence: 999, category: '', description: '', allergens: [] }],
    });
    const { reply, entry, execution } = driver.salvaged(item);
    expect(orderIn(reply)).to.deep.include({
      orderId: orderIdOf(1),
      lines: request.lines,
      totalPence: 450,
      placedAt: new Date(item.timeMs).toISOString(),
      status: 'placed',
      op: 3,
      notes: 'soon',
    });
    expect(execution).to.include({ copiesNeeded: 2 });
    expect(entry && driver.ordering.salvage(entry, 2), 'the outbox keeps it till it is committed').to.equal(undefined);
    driver.commit();
    expect(driver.ask({ kind: 'getOrder', orderId: orderIdOf(1) })).to.deep.equal({
      order: orderIn(reply),
      history: [{ status: 'placed', at: orderIn(reply).placedAt, op: 3, reason: '' }],
    });
    expect(driver.request(orderIdOf(1), request).reply, 'the customer repeats it').to.deep.equal(reply);
    expect(driver.salvaged(item).execution, 'the outbox repeats it').to.deep.equal({ kind: 'known', op: 3, reply });
  });

  for (const [stock, status, left] of [
    [2, 'placed', 0],
    [1, 'rejected', 1],
    [0, 'rejected', 0],
  ] as const)
    it(`stock: what became limited is taken, or the order rejected (${stock} left of 2)`, () => {
      const driver = new Driver().found();
      const lines = [{ item: 'Tomato Soup', quantity: 2, pricePence: 450 }];
      const request = soupOrder(1, { lines, postcodeVerdict: 'unchecked' });
      const item = cutOff(driver, request);
      driver.request(requestIdOf(1), {
        kind: 'setMenu',
        items: [{ item: 'Tomato Soup', pricePence: 450, category: '', description: '', allergens: [], stock }],
      });
      const { reply } = driver.salvaged(item);
      const repeats = [driver.request(orderIdOf(1), request).reply];
      driver.commit();
      repeats.push(driver.request(orderIdOf(1), request).reply, driver.salvaged(item).reply);
      for (const repeat of repeats) expect(repeat).to.deep.equal(reply);
      expect(orderIn(reply).status).to.equal(status);
      expect(driver.ask({ kind: 'getMenu' }).items[0]?.stock).to.equal(left);
      if (status === 'placed') return;
      expect(orderIn(reply).reason).to.equal('sold out before the order could be confirmed: Tomato Soup');
      const { order, history } = driver.ask({ kind: 'getOrder', orderId: orderIdOf(1) });
      expect(order).to.deep.equal(orderIn(reply));
      expect(history.map((change) => [change.status, change.op, change.reason])).to.deep.equal([
        ['rejected', 3, order.reason],
      ]);
      const { events } = driver.ask({ kind: 'events', fromOp: 0, limit: 10 });
      expect(events.map((event) => [event.op, event.kind, event.order])).to.deep.equal([[3, 'placed', order]]);
      const id = requestIdOf(2);
      const cancel = { kind: 'cancelOrder', orderId: orderIdOf(1), byStaff: true } as const;
      expect(reasonIn(driver.request(id, cancel).reply)).to.equal('ORDER_CLOSED');
      expect(driver.ask({ kind: 'counts' })).to.include({ unchecked: 0, changes: 1 });
    });

  it('what cannot be an order is refused by the primary, and never shown, settled or thrown over', () => {
    const driver = new Driver().found();
    const good = cutOff(driver, soupOrder(1));
    const update = decodeUpdate(good.update);
    const changed = (change: object): string => JSON.stringify({ ...update, ...change });
    const unsound: Record<string, Partial<OutboxItem>> = {
      'no JSON': { update: '{' },
      'no update': { update: '{"kind":"order"}' },
      'a text that breaks off': { update: good.update.slice(0, -4) },
      'another update': { update: '{"kind":"motd","version":2,"motd":"","content":""}' },
      'no lines': { update: changed({ lines: [] }) },
      'a quantity of 0': { update: changed({ lines: [['Tomato Soup', 0, 450]] }) },
      'a quantity that no column holds': { update: changed({ lines: [['Tomato Soup', 9_007_199_254_740_991, 450]] }) },
      'an item twice': {
        update: changed({
          lines: [
            ['Crumble', 2, 525],
            ['Crumble', 1, 525],
          ],
        }),
      },
      'a control character': { update: changed({ user: 'a\u0000' }) },
      'a time beyond the calendar': { update: changed({ placedMs: Number.MAX_SAFE_INTEGER }) },
      'a time of its own beyond it': { timeMs: Number.MAX_SAFE_INTEGER },
      'an id that is none': { requestId: 'x' },
    };
    for (const [what, change] of Object.entries(unsound)) {
      const item = { ...good, ...change };
      expect(driver.ordering.outboxProblem(item), what).to.be.a('string');
      expect(driver.salvaged(item).execution.kind, what).to.equal('refused');
      const { alone } = driver.ordering;
      alone.hold(item);
      expect(driver.ask({ kind: 'getOrders', userCode: 'ann', pageSize: 0, pageToken: '' }).orders, what).to.deep.equal(
        [],
      );
      const context = { view: good.view, timeMs: good.timeMs, held: item };
      const again = { requestId: orderIdOf(1), body: soupOrder(1), copiesNeeded: 1 };
      expect(alone.execute(again, context).kind, what).to.equal('held');
      alone.release(item.requestId);
    }
    expect(driver.ordering.outboxProblem(good)).to.equal(undefined);
    const { reply } = driver.salvaged(good);
    expect(orderIn(reply).status).to.equal('placed');
    driver.commit();
    expect(driver.ordering.alone.settlement({ ...good, update: '{' })).to.equal('otherKept');
    expect(driver.ordering.alone.settlement(good)).to.equal('executed');
  });

  it('an id that was used otherwise meanwhile is kept as it is, and told', () => {
    const driver = new Driver().found();
    const item = cutOff(driver, soupOrder(1));
    driver.request(orderIdOf(1), soupOrder(1, { userCode: 'bob' }));
    const { execution, reply } = driver.salvaged(item);
    expect(execution.kind).to.equal('known');
    expect(reasonIn(reply)).to.equal('ID_REUSED');
  });
});
