import { expect } from 'chai';
import { Driver, orderIdOf, orderIn, reasonIn, requestIdOf, soupOrder } from './ordering-driver.js';

const fish = (quantity: number, pricePence = 1195) => ({ item: 'Fish Pie', quantity, pricePence });
const crumble = (quantity: number) => ({ item: 'Crumble', quantity, pricePence: 525 });
const contact = { name: 'Zoë "Z" O\'Neill', phone: '0191 123', address: '1 High St, Durham' };

function detailsOf(reply: ReturnType<Driver['request']>['reply']) {
  return reply.kind === 'refused' ? reply.refusal.details : undefined;
}

function stockOf(driver: Driver, name: string): number | undefined {
  return driver.ask({ kind: 'getMenu' }).items.find(({ item }) => item === name)?.stock;
}

describe('make order', () => {
  it('order: is answered as placed, priced and timed, and kept', () => {
    const driver = new Driver().found();
    const request = soupOrder(1, { lines: [{ item: 'Tomato Soup', quantity: 3, pricePence: 450 }, fish(2)], contact });
    const { reply, entry } = driver.request(request.orderId, request);
    const order = orderIn(reply);
    expect(order).to.deep.equal({
      orderId: orderIdOf(1),
      userCode: 'ann',
      lines: request.lines,
      totalPence: 3740,
      postCode: 'DH1 1JN',
      postcodeCheck: 'valid',
      contact,
      notes: '',
      placedAt: new Date(entry?.timeMs ?? 0).toISOString(),
      status: 'placed',
      op: 2,
      reason: '',
    });
    driver.commit();
    const history = [{ status: 'placed', at: order.placedAt, op: 2, reason: '' }];
    expect(driver.ask({ kind: 'getOrder', orderId: order.orderId })).to.deep.equal({ order, history });
    expect(driver.ask({ kind: 'getOrders', userCode: 'ann', pageSize: 0, pageToken: '' }).orders).to.deep.equal([
      order,
    ]);
  });

  it('order: an empty contact is none, before and after it is committed', () => {
    const driver = new Driver().found();
    const request = soupOrder(1, { contact: { name: '', phone: '', address: '' } });
    const { reply } = driver.request(request.orderId, request);
    driver.commit();
    expect(orderIn(reply)).not.to.have.property('contact');
    expect(driver.ask({ kind: 'getOrder', orderId: request.orderId }).order).to.deep.equal(orderIn(reply));
  });

  it('queries: see committed state only', () => {
    const driver = new Driver().found();
    driver.request(orderIdOf(1), soupOrder(1));
    expect(driver.ask({ kind: 'counts' }).orders).to.equal(0);
    expect(driver.ordering.hasCommitted(orderIdOf(1))).to.equal(false);
    driver.commit();
    expect(driver.ask({ kind: 'counts' }).orders).to.equal(1);
    expect(driver.ordering.hasCommitted(orderIdOf(1))).to.equal(true);
  });

  for (const isCommitted of [false, true])
    describe(`repeat (${isCommitted ? 'committed' : 'speculative'})`, () => {
      const settle = (driver: Driver) => (isCommitted ? driver.commit() : driver);

      it('same content: the order as it was placed, whatever happened since', () => {
        const driver = new Driver().found();
        const first = driver.request(orderIdOf(1), soupOrder(1, { contact }));
        driver.request(requestIdOf(1), {
          kind: 'updateOrderStatus',
          orderId: orderIdOf(1),
          status: 'preparing',
          reason: '',
        });
        settle(driver);
        const other = { notes: 'quick', postcodeVerdict: 'unknown' } as const;
        const again = driver.request(orderIdOf(1), soupOrder(1, other), 3);
        expect(again.execution).to.deep.equal({ kind: 'known', op: 2, reply: first.reply });
      });

      it('other content: refused ID_REUSED, nothing written', () => {
        const driver = new Driver().found();
        driver.request(orderIdOf(1), soupOrder(1));
        settle(driver);
        const line = { item: 'Tomato Soup', quantity: 1, pricePence: 450 };
        for (const changes of [
          { userCode: 'bob' },
          { postCode: 'DH1 1JX' },
          { lines: [{ ...line, quantity: 2 }] },
          { lines: [{ ...line, pricePence: 451 }] },
          { lines: [{ ...line, item: 'Crumble' }] },
          { lines: [line, crumble(1)] },
        ]) {
          const { execution, reply } = driver.request(orderIdOf(1), soupOrder(1, changes));
          expect(execution).to.include({ kind: 'known', op: 2 });
          expect(reasonIn(reply)).to.equal('ID_REUSED');
        }
      });

      it('a refusal: the same refusal, also when it would be accepted now; its id is spent', () => {
        const driver = new Driver().found();
        const refused = driver.request(orderIdOf(1), soupOrder(1, { lines: [fish(6)] }));
        driver.request(requestIdOf(1), {
          kind: 'setMenu',
          items: [{ item: 'Fish Pie', pricePence: 1195, category: '', description: '', allergens: [] }],
        });
        settle(driver);
        const again = driver.request(orderIdOf(1), soupOrder(1, { lines: [fish(6)] }));
        expect(again.execution).to.deep.equal({ kind: 'known', op: 2, reply: refused.reply });
        expect(reasonIn(driver.request(orderIdOf(1), soupOrder(1, { lines: [fish(5)] })).reply)).to.equal('ID_REUSED');
        expect(driver.ordering.hasCommitted(orderIdOf(1))).to.equal(isCommitted);
      });
    });

  it('id: is looked up before price, stock and postcode', () => {
    const driver = new Driver().found();
    const request = soupOrder(1, { lines: [fish(5)] });
    const { reply } = driver.request(request.orderId, request);
    const again = driver.request(request.orderId, { ...request, postcodeVerdict: 'malformed' });
    expect(again.reply).to.deep.equal(reply);
  });

  it('refusals: name every line, and write nothing but themselves', () => {
    const driver = new Driver().found();
    const lines = [{ item: 'Kebab', quantity: 1, pricePence: 700 }, fish(1, 1100), crumble(3)];
    const { reply, execution } = driver.request(orderIdOf(1), soupOrder(1, { lines }));
    expect(execution.kind).to.equal('entry');
    expect(reasonIn(reply)).to.equal('UNKNOWN_ITEM');
    expect(detailsOf(reply)).to.deep.equal({
      line_1_unknown: 'Kebab',
      line_2_price_pence: '1195',
      line_3_stock_left: '2',
    });
    expect(reply.kind === 'refused' && reply.refusal.message).to.equal(
      'Kebab is not on the menu; Fish Pie costs £11.95, not £11.00; only 2 of Crumble left, not 3. Nothing was ordered: read the menu again and order with a new order_id.',
    );
    driver.commit();
    expect(driver.ask({ kind: 'counts' })).to.include({ orders: 0, refusals: 1 });
    expect(stockOf(driver, 'Crumble')).to.equal(2);
  });

  it('refusals: price before stock, and a long basket stays short in the message, whole in the details', () => {
    const driver = new Driver().found();
    const both = driver.request(orderIdOf(1), soupOrder(1, { lines: [crumble(3), fish(1, 1)] }));
    expect(reasonIn(both.reply)).to.equal('PRICE_CHANGED');
    const lines = Array.from({ length: 100 }, (_, n) => ({
      item: `${'🍕'.repeat(90)} ${n}`,
      quantity: 1,
      pricePence: 1,
    }));
    const { reply } = driver.request(orderIdOf(2), soupOrder(2, { lines }));
    expect(Object.keys(detailsOf(reply) ?? {})).to.have.length(100);
    expect(reply.kind === 'refused' && reply.refusal.message.length).to.be.lessThan(1300);
  });

  it('stock: is taken with the order, never below nothing, also among orders not committed yet', () => {
    const driver = new Driver().found();
    const replies = [3, 3, 2, 1].map(
      (quantity, index) => driver.request(orderIdOf(index), soupOrder(index, { lines: [fish(quantity)] })).reply,
    );
    expect(replies.map(({ kind }) => kind)).to.deep.equal(['done', 'refused', 'done', 'refused']);
    expect(replies.flatMap((reply) => (reply.kind === 'refused' ? [reply.refusal.details] : []))).to.deep.equal([
      { line_1_stock_left: '2' },
      { line_1_stock_left: '0' },
    ]);
    driver.commit();
    expect(stockOf(driver, 'Fish Pie')).to.equal(0);
    expect(driver.ask({ kind: 'getMenu' }).menuVersion, 'a sale is no new version').to.equal(1);
    expect(driver.files.documents.get('menu.csv')).to.contain('Fish Pie,11.95,Mains,,Fish;Milk,0\r\n');
  });

  it('stock: raises the copies that are needed to a majority', () => {
    const driver = new Driver().found();
    const copies = [
      driver.request(orderIdOf(1), soupOrder(1), 1),
      driver.request(orderIdOf(2), soupOrder(2, { lines: [fish(1)] }), 1),
      driver.request(orderIdOf(3), soupOrder(3, { lines: [fish(1)] }), 3),
    ].map(({ execution }) => (execution.kind === 'entry' ? execution.copiesNeeded : undefined));
    expect(copies).to.deep.equal([1, 2, 3]);
  });

  for (const [verdict, reason] of [
    ['malformed', 'POSTCODE_MALFORMED'],
    ['unknown', 'POSTCODE_UNKNOWN'],
    ['terminated', 'POSTCODE_TERMINATED'],
  ] as const)
    it(`postcode: refused and remembered (${verdict})`, () => {
      const driver = new Driver().found();
      const request = soupOrder(1, { postcodeVerdict: verdict, postcodeReason: 'closed in 2001' });
      const { reply, execution } = driver.request(request.orderId, request);
      expect(execution.kind).to.equal('entry');
      expect(reasonIn(reply)).to.equal(reason);
      expect(reply.kind === 'refused' && reply.refusal.message).to.contain('closed in 2001');
      driver.commit();
      expect(driver.request(request.orderId, soupOrder(1)).reply, 'the verdict is no content').to.deep.equal(reply);
    });

  it('postcode: unchecked is accepted as such unless the policy says no', () => {
    const driver = new Driver().found();
    const unchecked = { postcodeVerdict: 'unchecked' } as const;
    expect(orderIn(driver.request(orderIdOf(1), soupOrder(1, unchecked)).reply).postcodeCheck).to.equal('unchecked');
    const strict = soupOrder(2, { ...unchecked, unreachableAccepted: false });
    expect(reasonIn(driver.request(orderIdOf(2), strict).reply)).to.equal('POSTCODE_UNCHECKED');
    driver.commit();
    expect(driver.ask({ kind: 'unchecked', limit: 10 }).orders.map(({ orderId }) => orderId)).to.deep.equal([
      orderIdOf(1),
    ]);
  });
});
