import { expect } from 'chai';
import { op, view } from '../../../src/base/numbers.js';
import type { AloneExecution } from '../../../src/base/alone.js';
import type { OutboxItem, ServiceReply } from '../../../src/base/service.js';
import type { AnswerOf, Order } from '../../../src/services/ordering/replies.js';
import type { MakeOrder, OrderingQuery, OrderingRequest } from '../../../src/services/ordering/requests.js';
import { Driver, orderIdOf, orderIn, reasonIn, requestIdOf, soupOrder } from './ordering-driver.js';

const TAKEN_MS = Date.UTC(2026, 10, 21, 19, 0, 0, 7);

function alone(driver: Driver, request: MakeOrder, held?: OutboxItem): AloneExecution {
  const asked = { requestId: request.orderId, body: request, copiesNeeded: 2 };
  return driver.ordering.alone.execute(asked, { view: view(4), timeMs: TAKEN_MS, held });
}

/** Takes an order alone and holds it; what else becomes of it is an error. */
function taken(driver: Driver, request: MakeOrder): OutboxItem {
  const execution = alone(driver, request);
  if (execution.kind !== 'taken') throw new Error(`it is ${JSON.stringify(execution)}`);
  driver.ordering.alone.hold(execution.item);
  return execution.item;
}

function shown<Q extends OrderingQuery>(driver: Driver, query: Q): AnswerOf[Q['kind']] {
  const answer = driver.ordering.alone.query({ body: query });
  if (answer.kind === 'refused') throw new Error(`refused: ${answer.refusal.reason}`);
  return answer.body as AnswerOf[Q['kind']];
}

const refusalOf = (execution: AloneExecution) => {
  if (execution.kind !== 'refused') throw new Error(`it is ${JSON.stringify(execution)}`);
  return execution.refusal;
};
const replyOf = (execution: AloneExecution): ServiceReply => {
  if (execution.kind === 'refused') throw new Error(execution.refusal.message);
  return execution.reply;
};
const idsOf = (orders: readonly Order[]): string[] => orders.map(({ orderId }) => orderId);

describe('orders taken alone', () => {
  it('takes an order at the prices of the menu, with its time, unconfirmed; state is not changed', () => {
    const driver = new Driver().found();
    const request = soupOrder(1, { contact: { name: 'Ann', phone: '', address: '' }, notes: 'soon' });
    const execution = alone(driver, request);
    if (execution.kind !== 'taken') throw new Error(execution.kind);
    expect(execution.item).to.deep.include({
      requestId: orderIdOf(1),
      service: 'ordering',
      timeMs: TAKEN_MS,
      view: 4,
      op: 0,
    });
    expect(orderIn(execution.reply)).to.deep.include({
      orderId: orderIdOf(1),
      unconfirmed: true,
      op: 0,
      status: 'placed',
      totalPence: 450,
      placedAt: new Date(TAKEN_MS).toISOString(),
      contact: request.contact,
      notes: 'soon',
    });
    expect(driver.ask({ kind: 'counts' })).to.include({ orders: 0, refusals: 0 });
    expect(driver.ordering.snapshot()).to.equal(new Driver().found().ordering.snapshot());
  });

  for (const [what, changes, reason] of [
    ['another price', { lines: [{ item: 'Tomato Soup', quantity: 1, pricePence: 449 }] }, 'PRICE_CHANGED'],
    ['an unknown item', { lines: [{ item: 'Pizza', quantity: 1, pricePence: 450 }] }, 'UNKNOWN_ITEM'],
    ['a bad postcode', { postcodeVerdict: 'unknown' }, 'POSTCODE_UNKNOWN'],
    ['limited stock', { lines: [{ item: 'Fish Pie', quantity: 1, pricePence: 1195 }] }, 'NO_QUORUM'],
    ['more than there is', { lines: [{ item: 'Fish Pie', quantity: 9, pricePence: 1195 }] }, 'NO_QUORUM'],
  ] as const)
    it(`refuses ${what}, as one replica's word, and does not spend the id`, () => {
      const driver = new Driver().found();
      const refusal = refusalOf(alone(driver, soupOrder(1, changes)));
      expect(refusal.reason).to.equal(reason);
      expect(refusal.details).to.include({ alone: 'true' });
      expect(refusal.message).to.match(/same/);
      expect(alone(driver, soupOrder(1)).kind).to.equal('taken');
      expect(orderIn(driver.request(orderIdOf(1), soupOrder(1)).reply).status).to.equal('placed');
    });

  it('names the limited items of a basket', () => {
    const driver = new Driver().found();
    const lines = [
      { item: 'Tomato Soup', quantity: 1, pricePence: 450 },
      { item: 'Crumble', quantity: 1, pricePence: 525 },
    ];
    const { details, message } = refusalOf(alone(driver, soupOrder(1, { lines })));
    expect(details).to.deep.equal({ line_2_limited: 'Crumble', alone: 'true' });
    expect(message).to.contain('Crumble').and.not.contain('Soup');
  });

  it('answers an id that is committed as it stands: an order, a refusal, another content', () => {
    const driver = new Driver().found();
    const placed = driver.request(orderIdOf(1), soupOrder(1)).reply;
    const refused = driver.request(orderIdOf(2), soupOrder(2, { postcodeVerdict: 'terminated' })).reply;
    driver.commit();
    expect(alone(driver, soupOrder(1))).to.deep.equal({ kind: 'known', op: op(2), reply: placed });
    expect(alone(driver, soupOrder(2))).to.deep.equal({ kind: 'known', op: op(3), reply: refused });
    expect(reasonIn(replyOf(alone(driver, soupOrder(1, { userCode: 'bob' }))))).to.equal('ID_REUSED');
  });

  it('does not believe what a deposed primary executed and never committed', () => {
    const driver = new Driver().found();
    driver.request(orderIdOf(1), soupOrder(1));
    driver.request(requestIdOf(1), {
      kind: 'setMenu',
      items: [{ item: 'Tomato Soup', pricePence: 999, category: '', description: '', allergens: [] }],
    });
    expect(alone(driver, soupOrder(1)).kind).to.equal('taken');
  });

  it('answers an id that is held alike, and another content with ID_REUSED', () => {
    const driver = new Driver().found();
    const first = alone(driver, soupOrder(1));
    if (first.kind !== 'taken') throw new Error(first.kind);
    expect(alone(driver, soupOrder(1), first.item)).to.deep.equal({ kind: 'held', reply: first.reply });
    const other = alone(driver, soupOrder(1, { postCode: 'DH1 3LE' }), first.item);
    expect(reasonIn(replyOf(other))).to.equal('ID_REUSED');
  });

  it('is executed later with its first time, price and total, without any check', () => {
    const driver = new Driver().found();
    const item = taken(driver, soupOrder(1, { postcodeVerdict: 'unchecked' }));
    driver.request(requestIdOf(1), {
      kind: 'setMenu',
      items: [{ item: 'Pizza', pricePence: 999, category: '', description: '', allergens: [] }],
    });
    const { reply } = driver.salvaged(item);
    expect(orderIn(reply)).to.deep.include({
      totalPence: 450,
      placedAt: new Date(TAKEN_MS).toISOString(),
      status: 'placed',
      op: 3,
    });
    expect(orderIn(reply)).to.not.have.property('unconfirmed');
  });

  it('settlement: nothing yet, executed, rejected, or something else under its id', () => {
    const driver = new Driver().found();
    const items = [1, 2, 3, 4].map((number) => taken(driver, soupOrder(number)));
    const settlements = () => items.map((item) => driver.ordering.alone.settlement(item));
    const [first, second] = items as [OutboxItem, OutboxItem];
    driver.salvaged(first);
    expect(settlements(), 'not committed').to.deep.equal(Array(4).fill(undefined));
    driver.request(requestIdOf(1), {
      kind: 'setMenu',
      items: [{ item: 'Tomato Soup', pricePence: 450, category: '', description: '', allergens: [], stock: 0 }],
    });
    driver.salvaged(second);
    driver.request(orderIdOf(3), soupOrder(3, { userCode: 'bob' }));
    driver.request(orderIdOf(4), soupOrder(4, { postcodeVerdict: 'malformed' }));
    driver.commit();
    expect(settlements()).to.deep.equal(['executed', 'rejected', 'otherKept', 'otherKept']);
  });

  it('reads: held orders are shown before the committed ones, in pages, each once', () => {
    const driver = new Driver().found();
    for (const number of [1, 2, 3]) driver.request(orderIdOf(number), soupOrder(number));
    driver.commit();
    for (const number of [11, 12, 13]) taken(driver, soupOrder(number));
    taken(driver, soupOrder(20, { userCode: 'bob' }));
    const expected = [13, 12, 11, 3, 2, 1].map(orderIdOf);
    for (const pageSize of [0, 1, 2, 3, 4, 6, 7]) {
      const found: Order[] = [];
      for (let pageToken = '', pages = 0; pages < 10; pages++) {
        const page = shown(driver, { kind: 'getOrders', userCode: 'ann', pageSize, pageToken });
        if (pageSize > 0) expect(page.orders.length).to.be.at.most(pageSize);
        found.push(...page.orders);
        pageToken = page.nextPageToken;
        if (pageToken === '') break;
      }
      expect(idsOf(found), `pages of ${pageSize}`).to.deep.equal(expected);
      expect(found.map(({ unconfirmed }) => unconfirmed === true)).to.deep.equal([
        true,
        true,
        true,
        false,
        false,
        false,
      ]);
    }
    const committed = driver.ask({ kind: 'getOrders', userCode: 'ann', pageSize: 0, pageToken: '' });
    expect(idsOf(committed.orders), 'other reads').to.deep.equal([3, 2, 1].map(orderIdOf));
  });

  it('reads: a page token is of its user, and ends with the order it stands for', () => {
    const driver = new Driver().found();
    for (const number of [1, 2, 3]) taken(driver, soupOrder(number));
    const query = { kind: 'getOrders', userCode: 'ann', pageSize: 1 } as const;
    const { nextPageToken: pageToken } = shown(driver, { ...query, pageToken: '' });
    for (const wrong of [
      { ...query, userCode: 'bob', pageToken },
      { ...query, pageToken: `${pageToken}=` },
    ])
      expect(driver.ordering.alone.query({ body: wrong })).to.have.nested.property(
        'refusal.details.field',
        'page_token',
      );
    driver.ordering.alone.release(orderIdOf(3));
    expect(driver.ordering.alone.query({ body: { ...query, pageToken } })).to.have.property('kind', 'refused');
  });

  it('reads: one order, with the time at which it was taken; once it is committed, as it is committed', () => {
    const driver = new Driver().found();
    const item = taken(driver, soupOrder(1));
    const query = { kind: 'getOrder', orderId: orderIdOf(1) } as const;
    expect(driver.ordering.query({ body: query })).to.have.nested.property('refusal.reason', 'UNKNOWN_ORDER');
    const { order, history } = shown(driver, query);
    expect(order).to.deep.include({ unconfirmed: true, op: 0 });
    expect(history).to.deep.equal([{ status: 'placed', at: order.placedAt, op: 0, reason: '' }]);
    driver.salvaged(item);
    driver.commit();
    expect(shown(driver, query)).to.deep.equal(driver.ask(query));
    const { orders } = shown(driver, { kind: 'getOrders', userCode: 'ann', pageSize: 0, pageToken: '' });
    expect(orders).to.have.length(1);
    driver.ordering.alone.release(orderIdOf(1));
    expect(shown(driver, query).order.op).to.equal(2);
  });

  it('held orders stay over a checkpoint that is installed', () => {
    const driver = new Driver().found();
    driver.commit();
    const snapshot = driver.ordering.snapshot();
    taken(driver, soupOrder(1));
    driver.ordering.restore(snapshot);
    expect(shown(driver, { kind: 'getOrder', orderId: orderIdOf(1) }).order.unconfirmed).to.equal(true);
  });

  it('changes: of a held order they wait, unless it or their own id is known', () => {
    const driver = new Driver().found();
    const cancel = { kind: 'cancelOrder', orderId: orderIdOf(1), byStaff: false } as const;
    const why = (number: number, body: OrderingRequest) =>
      driver.ordering.alone.whyUnconfirmed({ requestId: requestIdOf(number), body, copiesNeeded: 2 })?.reason;
    expect(why(1, cancel), 'nothing is held').to.equal(undefined);
    driver.request(requestIdOf(9), cancel);
    const item = taken(driver, soupOrder(1));
    expect(why(1, cancel)).to.equal('UNCONFIRMED');
    expect(why(1, { kind: 'updateOrderStatus', orderId: orderIdOf(1), status: 'ready', reason: '' })).to.equal(
      'UNCONFIRMED',
    );
    expect(why(9, cancel), 'it was answered before').to.equal(undefined);
    expect(why(1, { ...cancel, orderId: orderIdOf(2) }), 'another order').to.equal(undefined);
    expect(why(1, soupOrder(1)), 'an order').to.equal(undefined);
    expect(why(1, { kind: 'setMotd', motd: '' })).to.equal(undefined);
    driver.salvaged(item);
    expect(why(1, cancel), 'executed, not committed').to.equal(undefined);
  });

  it('only orders are taken', () => {
    const driver = new Driver().found();
    const body = { kind: 'setMotd', motd: 'alone' } as const;
    const asked = { requestId: requestIdOf(1), body, copiesNeeded: 2 };
    const execution = driver.ordering.alone.execute(asked, { view: view(0), timeMs: TAKEN_MS, held: undefined });
    expect(refusalOf(execution).reason).to.equal('NO_QUORUM');
  });
});
