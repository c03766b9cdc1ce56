import { expect } from 'chai';
import fc from 'fast-check';
import type { ServiceReply } from '../../../src/base/service.js';
import { Ordering } from '../../../src/services/ordering/ordering.js';
import type { MenuItem, OrderingQuery, OrderingRequest } from '../../../src/services/ordering/requests.js';
import { requestProblem } from '../../../src/services/ordering/validation.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { Driver, orderIdOf, requestIdOf } from './ordering-driver.js';

/** A request with its id; ids come from small ranges, so that they are used again, with the same content and others. */
interface Asked {
  readonly id: string;
  readonly body: OrderingRequest;
  readonly copies: number;
}

const ITEMS = ['Tomato Soup', 'Fish Pie', 'Crumble', 'Kebab'] as const;
const PRICES: Readonly<Record<string, number>> = { 'Tomato Soup': 450, 'Fish Pie': 1195, Crumble: 525, Kebab: 700 };
const USERS = ['ann', 'bob', '王, "x"'] as const;
const ORDER_IDS = 20;
const REQUEST_IDS = 60;

const line = fc.record({ item: fc.constantFrom(...ITEMS), quantity: fc.integer({ min: 1, max: 3 }) });
const orderNumber = fc.nat({ max: ORDER_IDS - 1 });

const makeOrder = fc
  .record({
    number: orderNumber,
    lines: fc.uniqueArray(line, { selector: ({ item }) => item, minLength: 1, maxLength: 3 }),
    userCode: fc.constantFrom(...USERS),
    isPriceWrong: fc.nat({ max: 9 }).map((chance) => chance === 0),
    postcodeVerdict: fc.constantFrom('valid', 'valid', 'valid', 'unchecked', 'unknown'),
    notes: fc.constantFrom('', 'no onions, "please" 🍕'),
    copies: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ number, lines, isPriceWrong, copies, ...rest }): Asked => {
    const priced = lines.map((each) => ({ ...each, pricePence: (PRICES[each.item] ?? 0) + (isPriceWrong ? 1 : 0) }));
    const body = {
      kind: 'makeOrder',
      orderId: orderIdOf(number),
      lines: priced,
      postCode: 'DH1 1JN',
      ...rest,
    } as const;
    return { id: orderIdOf(number), body: { ...body, postcodeReason: '' }, copies };
  });

const change = fc
  .record({
    request: fc.nat({ max: REQUEST_IDS - 1 }),
    number: orderNumber,
    body: fc.oneof(
      fc.record({
        kind: fc.constant('updateOrderStatus' as const),
        status: fc.constantFrom('placed', 'accepted', 'preparing', 'ready', 'delivered', 'rejected', 'cancelled'),
        reason: fc.constantFrom('', 'because, "so"'),
      }),
      fc.record({ kind: fc.constant('cancelOrder' as const), byStaff: fc.boolean() }),
      fc.record({ kind: fc.constant('recheckPostcode' as const), verdict: fc.constantFrom('valid', 'unknown') }),
    ),
  })
  .map(({ request, number, body }): Asked => {
    return { id: requestIdOf(request), body: { ...body, orderId: orderIdOf(number) }, copies: 2 };
  });

const menuItems = fc
  .uniqueArray(fc.record({ item: fc.constantFrom(...ITEMS), stock: fc.nat({ max: 6 }) }, { requiredKeys: ['item'] }), {
    selector: ({ item }) => item,
    minLength: 1,
    maxLength: 4,
  })
  .map((items): MenuItem[] =>
    items.map((each) => ({
      ...each,
      pricePence: PRICES[each.item] ?? 1,
      category: '',
      description: '',
      allergens: [],
    })),
  );

const setting = fc
  .record({
    request: fc.nat({ max: REQUEST_IDS - 1 }),
    body: fc.oneof(
      fc.record(
        { kind: fc.constant('setMenu' as const), items: menuItems, expectedVersion: fc.integer({ min: 1, max: 3 }) },
        { requiredKeys: ['kind', 'items'] },
      ),
      fc.record({ kind: fc.constant('setMotd' as const), motd: fc.constantFrom('', 'a\nb', 'c') }),
    ),
  })
  .map(({ request, body }): Asked => ({ id: requestIdOf(request), body, copies: 2 }));

const asked = fc.oneof(
  { arbitrary: makeOrder, weight: 6 },
  { arbitrary: change, weight: 5 },
  { arbitrary: setting, weight: 1 },
);

/** After each request so many entries are committed: on the whole fewer than there are, so that some are always open. */
const commits = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 9);
const steps = fc.array(fc.record({ asked, commits }), { maxLength: 60, size: 'max' });

function take(driver: Driver, { id, body, copies }: Asked): ServiceReply {
  expect(requestProblem(id, body)).to.equal(undefined);
  return driver.request(id, body, copies).reply;
}

function commitSome(driver: Driver, count: number): void {
  driver.commit(Math.min(driver.entries.length, driver.committed + count));
}

/** What every query answers, as one value. */
function allAnswers(ordering: Ordering): unknown[] {
  const ids = Array.from({ length: ORDER_IDS }, (_, number) => orderIdOf(number));
  const queries: OrderingQuery[] = [
    { kind: 'getMenu' },
    { kind: 'getMotd' },
    { kind: 'counts' },
    { kind: 'unchecked', limit: 100 },
    { kind: 'events', fromOp: 0, limit: 1000 },
    ...USERS.map((userCode) => ({ kind: 'getOrders', userCode, pageSize: 0, pageToken: '' }) as const),
    ...ids.map((orderId) => ({ kind: 'getOrder', orderId }) as const),
  ];
  return queries.map((body) => ordering.query({ body }));
}

/** A backup: commits every entry up to an op and executes nothing. */
function backupOf(driver: Driver, upTo: number): { ordering: Ordering; files: MemoryFiles } {
  const files = new MemoryFiles();
  const ordering = new Ordering(files);
  for (const [index, entry] of driver.entries.slice(0, upTo).entries()) {
    if (index === 0) ordering.found(entry.update, entry);
    else ordering.commit(entry);
  }
  return { ordering, files };
}

function expectSame(
  a: { ordering: Ordering; files: MemoryFiles },
  b: { ordering: Ordering; files: MemoryFiles },
): void {
  expect(a.files.contents()).to.deep.equal(b.files.contents());
  expect(allAnswers(a.ordering)).to.deep.equal(allAnswers(b.ordering));
  expect(a.ordering.snapshot()).to.equal(b.ordering.snapshot());
}

describe('ordering as a replicated service (properties)', function () {
  this.timeout(60_000);

  it('a primary that speculates equals a backup that only commits, byte for byte', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const driver = new Driver().found();
        for (const { asked: each, commits: count } of all) {
          take(driver, each);
          commitSome(driver, count);
        }
        expectSame(driver, backupOf(driver, driver.committed));
        driver.commit();
        expectSame(driver, backupOf(driver, driver.committed));
      }),
      { numRuns: 100 },
    );
  });

  it('decides alike, however far the commits lag behind', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const prompt = new Driver().found();
        const late = new Driver().found();
        for (const { asked: each, commits: count } of all) {
          expect(take(late, each)).to.deep.equal(take(prompt, each));
          prompt.commit();
          commitSome(late, count);
        }
        late.commit();
        expectSame(prompt, late);
      }),
      { numRuns: 150 },
    );
  });

  it('tables and a snapshot at any point restore the live state, which then goes on alike', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const driver = new Driver().found();
        for (const { asked: each, commits: count } of before) {
          take(driver, each);
          commitSome(driver, count);
        }
        const files = driver.files.copy();
        const restored = new Driver(files);
        restored.ordering.restore(driver.ordering.snapshot());
        expectSame(driver, restored);
        driver.cutOff();
        restored.entries.push(...driver.entries);
        restored.committed = driver.committed;
        restored.nowMs = driver.nowMs;
        for (const { asked: each, commits: count } of after) {
          expect(take(restored, each)).to.deep.equal(take(driver, each));
          for (const either of [driver, restored]) commitSome(either, count);
        }
        for (const either of [driver, restored]) either.commit();
        expectSame(driver, restored);
      }),
      { numRuns: 100 },
    );
  });

  it('dropped speculation leaves no trace', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const driver = new Driver().found();
        for (const { asked: each, commits: count } of before) {
          take(driver, each);
          commitSome(driver, count);
        }
        driver.cutOff();
        const { ordering, files } = backupOf(driver, driver.committed);
        const fresh = new Driver(files);
        fresh.ordering = ordering;
        fresh.entries.push(...driver.entries);
        fresh.committed = driver.committed;
        fresh.nowMs = driver.nowMs;
        for (const { asked: each } of after) expect(take(driver, each)).to.deep.equal(take(fresh, each));
        for (const either of [driver, fresh]) either.commit();
        expectSame(driver, fresh);
      }),
      { numRuns: 100 },
    );
  });

  it('a new primary that speculates what it took over decides like the old one', () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const driver = new Driver().found();
        for (const { asked: each, commits: count } of before) {
          take(driver, each);
          commitSome(driver, count);
        }
        const { ordering, files } = backupOf(driver, driver.committed);
        const next = new Driver(files);
        next.ordering = ordering;
        next.entries.push(...driver.entries);
        next.committed = driver.committed;
        next.nowMs = driver.nowMs;
        for (const entry of driver.entries.slice(driver.committed)) ordering.speculate(entry);
        for (const { asked: each } of after) expect(take(next, each)).to.deep.equal(take(driver, each));
      }),
      { numRuns: 100 },
    );
  });

  it('retries in any order, at any time, get identical replies', () => {
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat()), (all, chances) => {
        const driver = new Driver().found();
        const firsts: { each: Asked; reply: ServiceReply }[] = [];
        const chance = () => chances.next().value ?? 0;
        for (const { asked: each, commits: count } of all) {
          firsts.push({ each, reply: take(driver, each) });
          commitSome(driver, count);
          const retried = firsts[chance() % firsts.length];
          if (retried === undefined) continue;
          const entriesBefore = driver.entries.length;
          expect(take(driver, retried.each)).to.deep.equal(retried.reply);
          expect(driver.entries.length, 'a retry writes nothing').to.equal(entriesBefore);
        }
        driver.commit();
        for (const { each, reply } of firsts) expect(take(driver, each)).to.deep.equal(reply);
      }),
      { numRuns: 100 },
    );
  });

  it('stock is never oversold: what is sold, kept back and left adds up', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ asked: fc.oneof(makeOrder, change), commits }), {
          maxLength: 60,
          size: 'max',
        }),
        (all) => {
          const driver = new Driver().found();
          for (const { asked: each, commits: count } of all) {
            take(driver, each);
            commitSome(driver, count);
          }
          driver.commit();
          const { items } = driver.ask({ kind: 'getMenu' });
          const sold = new Map<string, number>();
          for (const userCode of USERS)
            for (const { orderId, lines } of driver.ask({ kind: 'getOrders', userCode, pageSize: 500, pageToken: '' })
              .orders) {
              const { history } = driver.ask({ kind: 'getOrder', orderId });
              const statuses = history.map(({ status }) => status);
              const hasBegun = statuses.some((status) => ['preparing', 'ready', 'delivered'].includes(status));
              const isOff = statuses.some((status) => status === 'cancelled' || status === 'rejected');
              if (isOff && !hasBegun) continue;
              for (const { item, quantity } of lines) sold.set(item, (sold.get(item) ?? 0) + quantity);
            }
          for (const [item, stock] of [
            ['Fish Pie', 5],
            ['Crumble', 2],
          ] as const) {
            const left = items.find((each) => each.item === item)?.stock ?? NaN;
            expect(left).to.be.at.least(0);
            expect(left + (sold.get(item) ?? 0), item).to.equal(stock);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});
