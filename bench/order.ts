import { randomUUID } from 'node:crypto';
import type { MakeOrderRequest } from '../src/net/generated/justhungry/v1/MakeOrderRequest.js';
import type { MakeOrderResponse } from '../src/net/generated/justhungry/v1/MakeOrderResponse.js';

/** The menu of the cluster under test: no limited stock, so every order can be had. */
export const BENCH_MENU = [
  'item,price,category,description,allergens,stock',
  'Samosa (2),3.95,Starters,"Crisp pastry with potato, peas and cumin",gluten,',
  'Chicken Tikka Masala,9.50,Mains,Chicken in a tomato and cream sauce,milk,',
  'Garlic Naan,2.75,Sides,Baked in the tandoor,gluten;milk,',
  '',
].join('\r\n');
/** Items on it. */
export const BENCH_MENU_ITEMS = 3;

const USERS = 1000;

/** An order as customers place them: two items, a checked postcode, the write concern of the configuration. */
export function orderRequest(customer: number): MakeOrderRequest {
  return {
    order_id: randomUUID(),
    user_code: `customer-${customer % USERS}`,
    lines: [
      { item: 'Chicken Tikka Masala', quantity: 2, price_pence: 950 },
      { item: 'Garlic Naan', quantity: 1, price_pence: 275 },
    ],
    post_code: 'DH1 1JN',
  };
}

/** What the echo server answers: a response of the size and shape of the real one. */
export const echoResponse: MakeOrderResponse = {
  order: {
    order_id: '018f2b6e-7c4d-4a3b-9d2e-1f0a2b3c4d5e',
    user_code: 'customer-123',
    lines: [
      { item: 'Chicken Tikka Masala', quantity: 2, price_pence: 950 },
      { item: 'Garlic Naan', quantity: 1, price_pence: 275 },
    ],
    total_pence: 2175,
    post_code: 'DH1 1JN',
    postcode_check: 'POSTCODE_VERDICT_VALID',
    placed_at: '2026-11-21T18:30:00.125Z',
    status: 'ORDER_STATUS_PLACED',
    op: 123_456,
  },
  receipt: { op: 123_456, view: 0, copies: 2, committed: true, chain: '0123456789abcdef0123456789abcdef' },
};
