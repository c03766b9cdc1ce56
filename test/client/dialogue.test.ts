import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { refusal } from '../../src/base/refusal.js';
import { runPromptClient } from '../../src/client/dialogue/prompt-client.js';
import { newSession, type Session } from '../../src/client/dialogue/session.js';
import { createPendingOrders } from '../../src/client/pending-orders.js';
import { plainPaint } from '../../src/client/text/paint.js';
import { CallRefusedError, type NewOrder } from '../../src/ports/ordering-client.js';
import { temporaryFolder } from '../cli/support/command-run.js';
import { FakeRestaurant, refused, unknownOutcome } from '../support/ordering-client-fake.js';
import { ScriptedPrompter } from '../support/scripted-prompter.js';

const FRONT_ENDS = ['127.0.0.1:7400'];
const TWO_DAL = ['add', 'Dal Tadka', '2'];
/** Order, postcode, no contact, yes. */
const ORDER_IT = ['order', 'DH1 1JN', 'n', 'y'];

describe('dialogue', () => {
  let root: string;
  let restaurant: FakeRestaurant;
  let session: Session;
  beforeEach(() => {
    root = temporaryFolder();
    restaurant = new FakeRestaurant();
    session = newSession();
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  const pending = () => createPendingOrders(path.join(root, 'pending'));
  const notedOrders = (): string[] =>
    existsSync(path.join(root, 'pending')) ? readdirSync(path.join(root, 'pending')) : [];
  const sentIds = (): string[] =>
    restaurant.calls.filter(({ method }) => method === 'makeOrder').map(({ args }) => (args[0] as NewOrder).order_id);

  async function visit(answers: readonly (string | (() => void))[]): Promise<{ text: string; exitCode: number }> {
    const prompter = new ScriptedPrompter(answers);
    const context = {
      client: restaurant,
      prompter,
      pending: pending(),
      frontEnds: FRONT_ENDS,
      paint: plainPaint,
      retryPauseMs: 1,
    };
    const exitCode = await runPromptClient(context, session);
    expect(prompter.isClosed).to.equal(true);
    return { text: prompter.text, exitCode };
  }

  it('start: asks the user code, shows message of the day and menu; quit ends with 0', async () => {
    const { text, exitCode } = await visit(['ann', 'quit']);
    expect(exitCode).to.equal(0);
    expect(text).to.match(/user code[\s\S]*Welcome![\s\S]*Dal Tadka +£6\.95[\s\S]*sold out[\s\S]*Goodbye/);
  });

  it('start: refuses a user code that the gate would refuse, and asks again', async () => {
    const { text } = await visit(['=cmd', ' ', 'x'.repeat(65), 'ann', 'quit']);
    expect(text).to.contain('spreadsheet').and.to.contain('is empty').and.to.contain('more than 64');
    expect(session.userCode).to.equal('ann');
  });

  it('order: basket, postcode, confirmation with the total, result; then the basket is empty', async () => {
    const answers = ['ann', ...TWO_DAL, 'add', 'Garlic Naan', '1', ...ORDER_IT, 'orders', 'quit'];
    const { text } = await visit(answers);
    expect(text).to.contain('Place this order for £17.00?').and.to.contain('Ordered.').and.to.contain('on 2 disks');
    expect(session.basket).to.deep.equal([]);
    const [order] = [...restaurant.orders.values()];
    expect(order?.order).to.include({ user_code: 'ann', total_pence: 1700, post_code: 'DH1 1JN' });
    expect(notedOrders()).to.deep.equal([]);
  });

  it('order: one that waits for confirmation is told as that, here and in the list', async () => {
    restaurant.isAlone = true;
    restaurant.keepsOrdering = true;
    const { text } = await visit(['ann', ...TWO_DAL, ...ORDER_IT, 'orders', 'quit']);
    expect(text).to.contain('Your order is taken and waits for confirmation').and.not.contain('Ordered.');
    expect(text).to.contain('on 1 disk, waiting for confirmation').and.not.contain('op 0');
    expect(text).to.contain('placed (waiting for confirmation)');
    expect(session.basket).to.deep.equal([]);
    expect(notedOrders()).to.deep.equal([]);
  });

  it('order: refused by one replica without a majority, it stays noted; an earlier attempt may have got through', async () => {
    const details = { alone: 'true', line_1_price_pence: '700' };
    const why = new CallRefusedError(
      refusal('PRICE_CHANGED', 'Dal Tadka costs £7.00.', details),
      'FAILED_PRECONDITION',
    );
    restaurant.fault = (method) => (method === 'makeOrder' ? why : undefined);
    const { text } = await visit(['ann', ...TWO_DAL, ...ORDER_IT, 'n', 'quit']);
    expect(text).to.contain('is not confirmed: Dal Tadka costs £7.00.');
    expect(notedOrders()).to.have.length(1);
  });

  it('order: takes contact and notes where they are given', async () => {
    const answers = [
      'ann',
      ...TWO_DAL,
      'order',
      'DH1 1JN',
      'y',
      'Ann',
      '0191 1234',
      '1, Hill "Top"',
      'ring',
      'y',
      'quit',
    ];
    await visit(answers);
    const [kept] = [...restaurant.orders.values()];
    expect(kept?.order.contact).to.deep.equal({ name: 'Ann', phone: '0191 1234', address: '1, Hill "Top"' });
    expect(kept?.order.notes).to.equal('ring');
  });

  it('order: is not sent when it is not confirmed, and the basket stays', async () => {
    await visit(['ann', ...TWO_DAL, 'order', 'DH1 1JN', 'n', 'n', 'quit']);
    expect(sentIds()).to.deep.equal([]);
    expect(session.basket).to.have.length(1);
  });

  it('basket: changes and removes', async () => {
    const { text } = await visit([
      'ann',
      ...TWO_DAL,
      'basket',
      'Dal Tadka',
      '5',
      'basket',
      'Dal Tadka',
      '0',
      'basket',
      'quit',
    ]);
    expect(text).to.contain('£34.75').and.to.contain('The basket is empty.');
  });

  it('basket: refuses impossible quantities (0, -1, 1e9, text)', async () => {
    const { text } = await visit(['ann', 'add', 'Dal Tadka', '0', '-1', '1e9', '1000', 'two', '3', 'quit']);
    expect(text.match(/give a whole number from 1 to 999/g)).to.have.length(5);
    expect(session.basket[0]?.quantity).to.equal(3);
  });

  it('postcode: a wrong one is told and asked again; empty goes back', async () => {
    const { text } = await visit(['ann', ...TWO_DAL, 'order', 'ZZ9 9ZZ', 'AB1 0AA', '123', '', 'quit']);
    expect(text)
      .to.contain('does not exist')
      .and.to.contain('no longer in use')
      .and.to.contain('form of a UK postcode');
    expect(sentIds()).to.deep.equal([]);
  });

  it('outcome unknown: asks again with the same id until there is one, and orders once', async () => {
    let lost = 2;
    restaurant.fault = (method) => (method === 'makeOrder' && lost-- > 0 ? 'lost-answer' : undefined);
    const { text } = await visit(['ann', ...TWO_DAL, ...ORDER_IT, 'quit']);
    expect(text).to.contain('same order number').and.to.contain('Ordered.');
    expect(sentIds()).to.have.length(3);
    expect(new Set(sentIds()).size).to.equal(1);
    expect(restaurant.orders.size).to.equal(1);
  });

  it('front end away: the basket and the order survive; later it is the same order (same id)', async () => {
    const down = refused('NO_PRIMARY', 'No front end can be reached.', 'UNAVAILABLE');
    const answers = [
      'ann',
      ...TWO_DAL,
      'order',
      'DH1 1JN',
      'n',
      () => (restaurant.fault = () => down),
      'y',
      'n',
      'menu',
      'orders',
      () => (restaurant.fault = () => undefined),
      'order',
      'quit',
    ];
    const { text } = await visit(answers);
    expect(text).to.contain('never twice').and.to.contain('The menu cannot be shown: No front end can be reached.');
    expect(new Set(sentIds()).size).to.equal(1);
    expect(restaurant.orders.size).to.equal(1);
    expect(session.basket).to.deep.equal([]);
    expect(notedOrders()).to.deep.equal([]);
  });

  it('leaving with an unknown outcome: says so and how to go on; the order stays noted', async () => {
    const answers = [
      'ann',
      ...TWO_DAL,
      'order',
      'DH1 1JN',
      'n',
      () => (restaurant.fault = (m) => (m === 'makeOrder' ? unknownOutcome() : undefined)),
      'y',
      'n',
      'quit',
    ];
    const { text } = await visit(answers);
    expect(text).to.match(/may have been placed.*order --resume/);
    expect(notedOrders()).to.deep.equal([`${sentIds()[0]}.json`]);
  });

  it('start: offers what an earlier client left, and places exactly that', async () => {
    restaurant.fault = (method) => (method === 'makeOrder' ? unknownOutcome() : undefined);
    await visit(['ann', ...TWO_DAL, ...ORDER_IT, 'n', 'quit']);
    const [id] = sentIds();
    restaurant.fault = () => undefined;
    session = newSession();
    const { text } = await visit(['ann', 'y', 'quit']);
    expect(text).to.contain(`An earlier order has an unknown outcome: ${id}`).and.to.contain('Ordered.');
    expect([...restaurant.orders.keys()]).to.deep.equal([id]);
    session = newSession();
    expect((await visit(['ann', 'quit'])).text).not.to.contain('earlier order');
  });

  it('price changed after the confirmation: shows the right price, updates the basket, orders with a new id', async () => {
    const raise = (): void => {
      restaurant.menu = restaurant.menu.map((item) =>
        item.item === 'Dal Tadka' ? { ...item, price_pence: 750 } : item,
      );
    };
    // Between the comparison and the order: the confirmation is the last answer before it is sent.
    const answers = ['ann', ...TWO_DAL, 'order', 'DH1 1JN', 'n', raise, 'y', 'y', 'order', '', 'n', 'y', 'quit'];
    const { text } = await visit(answers);
    expect(text).to.contain('Dal Tadka now costs £7.50 (was £6.95)').and.to.contain('new total £15.00');
    expect(new Set(sentIds()).size).to.equal(2);
    expect([...restaurant.orders.values()].map(({ order }) => order.total_pence)).to.deep.equal([1500]);
  });

  it('price changed before the order: asks before anything is sent', async () => {
    const raise = (): void => {
      restaurant.menu = restaurant.menu.map((item) => ({ ...item, price_pence: item.price_pence + 5 }));
    };
    await visit(['ann', ...TWO_DAL, raise, 'order', 'n', 'quit']);
    expect(sentIds()).to.deep.equal([]);
    expect(session.basket[0]?.price_pence).to.equal(695);
  });

  it('sold out meanwhile: offers what is left', async () => {
    const sell = (): void => {
      restaurant.menu = restaurant.menu.map((item) => (item.stock === undefined ? item : { ...item, stock: 1 }));
    };
    const { text } = await visit(['ann', 'add', 'Goan Fish Fry', '3', 'order', 'DH1 1JN', 'n', sell, 'y', 'y', 'quit']);
    expect(text).to.contain('Only 1 of Goan Fish Fry left, not 3.');
    expect(session.basket).to.deep.equal([{ item: 'Goan Fish Fry', quantity: 1, price_pence: 1295 }]);
  });

  it('no majority: menu and orders are labelled, the order is kept', async () => {
    await restaurant.place('ann');
    restaurant.isAlone = true;
    const { text } = await visit(['ann', 'orders', 'quit']);
    expect(text).to.match(/Orders cannot be taken just now: Only 1 of 3/);
    expect(text.match(/as of op 3, \d\d:\d\d:\d\d, may be incomplete/g)).to.have.length(3);
  });

  it('my orders: pages of ten', async () => {
    for (let at = 0; at < 12; at++) await restaurant.place('ann');
    const { text } = await visit(['ann', 'orders', 'y', 'quit']);
    expect(text.match(/1 × Dal Tadka/g)).to.have.length(12);
  });

  it('track and cancel: shows the history; cancels only what is placed', async () => {
    const first = await restaurant.place('ann');
    const second = await restaurant.place('ann', 2);
    await restaurant.updateOrderStatus('', second.order_id, 'accepted');
    const answers = [
      'ann',
      'cancel',
      first.order_id,
      'y',
      'track',
      first.order_id,
      'cancel',
      'other',
      second.order_id,
      'y',
      'quit',
    ];
    const { text } = await visit(answers);
    expect(text).to.contain(`Order ${first.order_id} is cancelled.`).and.to.contain('The kitchen has begun');
    expect(text).to.match(/placed\n.*cancelled/);
  });

  it('cancel: repeats with one request id while the outcome is unknown', async () => {
    const order = await restaurant.place('ann');
    let lost = 1;
    restaurant.fault = (method) => (method === 'cancelOrder' && lost-- > 0 ? unknownOutcome() : undefined);
    await visit(['ann', 'cancel', order.order_id, 'y', 'quit']);
    const ids = restaurant.calls.filter(({ method }) => method === 'cancelOrder').map(({ args }) => args[0]);
    expect(ids).to.have.length(2);
    expect(new Set(ids).size).to.equal(1);
  });

  it('change user: other orders are seen, the basket stays', async () => {
    await restaurant.place('bob', 7);
    const { text } = await visit(['ann', ...TWO_DAL, 'user', 'bob', 'orders', 'quit']);
    expect(text).to.contain('7 × Dal Tadka');
    expect(session.basket).to.have.length(1);
  });

  it('end of input: leaves cleanly wherever it comes (every prefix of a visit)', async () => {
    const whole = [
      'ann',
      ...TWO_DAL,
      'basket',
      'Dal Tadka',
      '3',
      ...ORDER_IT,
      'orders',
      'postcode',
      'DH1 1JN',
      'track',
      'back',
    ];
    for (let length = 0; length < whole.length; length++) {
      session = newSession();
      const { text, exitCode } = await visit(whole.slice(0, length));
      expect(exitCode).to.equal(0);
      expect(text).to.match(/Goodbye\.$/);
    }
  });
});
