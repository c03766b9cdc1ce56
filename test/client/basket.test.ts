import { expect } from 'chai';
import { addToBasket, basketTotal, changeQuantity, differences, updatedBasket } from '../../src/client/basket.js';
import type { MenuItemView } from '../../src/ports/ordering-client.js';

const item = (name: string, price: number, stock?: number): MenuItemView => ({
  item: name,
  price_pence: price,
  category: '',
  description: '',
  allergens: [],
  ...(stock === undefined ? {} : { stock }),
});

describe('basket', () => {
  it('add: puts an item in once and adds up its portions, to 999', () => {
    let basket = addToBasket([], item('Dal', 695), 2);
    basket = addToBasket(basket, item('Naan', 310), 1);
    basket = addToBasket(basket, item('Dal', 695), 998);
    expect(basket).to.deep.equal([
      { item: 'Dal', quantity: 999, price_pence: 695 },
      { item: 'Naan', quantity: 1, price_pence: 310 },
    ]);
    expect(basketTotal(basket)).to.equal(999 * 695 + 310);
  });

  it('change: sets a quantity; 0 takes the item out', () => {
    const basket = addToBasket([], item('Dal', 695), 2);
    expect(changeQuantity(basket, 'Dal', 5)[0]?.quantity).to.equal(5);
    expect(changeQuantity(basket, 'Dal', 0)).to.deep.equal([]);
  });

  it('compare: names another price, too few left and what is gone; the update leaves nothing to name', () => {
    const basket = [
      { item: 'Dal', quantity: 2, price_pence: 695 },
      { item: 'Fish', quantity: 3, price_pence: 1295 },
      { item: 'Soup', quantity: 1, price_pence: 300 },
      { item: 'Cake', quantity: 1, price_pence: 400 },
    ];
    const menu = [item('Dal', 750), item('Fish', 1295, 1), item('Cake', 400, 0)];
    expect(differences(basket, menu)).to.deep.equal([
      { kind: 'price', item: 'Dal', was: 695, now: 750 },
      { kind: 'stock', item: 'Fish', wanted: 3, left: 1 },
      { kind: 'gone', item: 'Soup' },
      { kind: 'stock', item: 'Cake', wanted: 1, left: 0 },
    ]);
    const updated = updatedBasket(basket, menu);
    expect(updated).to.deep.equal([
      { item: 'Dal', quantity: 2, price_pence: 750 },
      { item: 'Fish', quantity: 1, price_pence: 1295 },
    ]);
    expect(differences(updated, menu)).to.deep.equal([]);
  });
});
