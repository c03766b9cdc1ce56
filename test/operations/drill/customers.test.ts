import { expect } from 'chai';
import { Customers } from '../../../src/operations/drill/customers.js';
import { History } from '../../../src/operations/drill/history.js';
import { CallRefusedError } from '../../../src/ports/ordering-client.js';
import { refusal } from '../../../src/base/refusal.js';
import { FakeRestaurant } from '../../support/ordering-client-fake.js';

describe('drill customers', () => {
  const crowd = { writers: 2, readers: 1, thinkMs: 1 };

  it('stop: who gets no answer goes home without one (the restaurant never comes back)', async () => {
    const restaurant = new FakeRestaurant();
    const history = new History();
    const customers = await new Customers({ frontEnds: 2, client: () => restaurant }, history, crowd).start();
    restaurant.fault = (method) =>
      method === 'makeOrder' ? new CallRefusedError(refusal('NO_PRIMARY', 'gone'), 'UNAVAILABLE') : undefined;
    const before = history.orders.length;
    while (history.orders.length < before + 10) await new Promise((resolve) => setTimeout(resolve, 1));
    await customers.stop(20);
    expect(history.orders.at(-1)?.outcome).to.have.property('kind', 'refused');
  });

  it('ordering: some is sent through two front ends at once, and old orders and cancellations are sent again', async () => {
    const restaurant = new FakeRestaurant();
    const history = new History();
    const customers = await new Customers({ frontEnds: 2, client: () => restaurant }, history, crowd).start();
    await customers.acknowledges(60);
    await customers.stop();
    const repeats = history.orders.filter(({ isRepeat }) => isRepeat);
    const firsts = new Map(
      history.orders.filter(({ isRepeat }) => !isRepeat).map((call) => [call.order.order_id, call]),
    );
    expect(repeats.filter(({ client }) => client.startsWith('twin'))).to.have.length.above(10);
    const late = repeats.filter(({ order, beginMs }) => beginMs > (firsts.get(order.order_id)?.endMs ?? Infinity));
    expect(late).to.have.length.above(10);
    expect(history.cancels.filter(({ isRepeat }) => isRepeat)).to.have.length.above(0);
  });
});
