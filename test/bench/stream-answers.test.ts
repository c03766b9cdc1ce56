import { expect } from 'chai';
import { FoodOrdering } from '../../bench/contract.js';
import { echoResponse } from '../../bench/order.js';
import { placedNumbers } from '../../bench/load/stream-answers.js';

const { responseSerialize } = FoodOrdering.service.MakeOrders;
const order_id = '018f2b6e-7c4d-4a3b-9d2e-1f0a2b3c4d5e';

describe('bench stream answers', () => {
  it('placed orders: are named by their numbers, however long those are', () => {
    const numbers = [1, 127, 128, 300_000, 2 ** 40];
    const answers = numbers.map((number) => ({ number, order_id, response: echoResponse }));
    expect(placedNumbers(responseSerialize({ answers }))).to.deep.equal(numbers);
  });

  it('an answer that is an error: the whole is to be read', () => {
    const refused = { number: 2, order_id, error: { code: 9, message: 'sold out' } };
    const answers = [{ number: 1, order_id, response: echoResponse }, refused];
    expect(placedNumbers(responseSerialize({ answers }))).to.equal(undefined);
  });
});
