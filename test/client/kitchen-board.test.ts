import { expect } from 'chai';
import { type Board, boardAfter, boardText, emptyBoard, movePick, nextStatus } from '../../src/client/kitchen/board.js';
import { plainPaint } from '../../src/client/text/paint.js';
import { FakeRestaurant } from '../support/ordering-client-fake.js';

describe('kitchen board', () => {
  async function board(count: number): Promise<{ restaurant: FakeRestaurant; ids: string[]; shown: () => Board }> {
    const restaurant = new FakeRestaurant();
    const ids: string[] = [];
    for (let at = 0; at < count; at++) ids.push((await restaurant.place('ann', at + 1)).order_id);
    return { restaurant, ids, shown: () => restaurant.events.reduce(boardAfter, emptyBoard) };
  }

  it('events: open orders, oldest first; closed ones leave', async () => {
    const { restaurant, ids, shown } = await board(3);
    await restaurant.updateOrderStatus('', ids[1] ?? '', 'ready');
    await restaurant.updateOrderStatus('', ids[0] ?? '', 'rejected');
    expect([...shown().orders.keys()]).to.deep.equal(ids.slice(1));
    expect(shown().orders.get(ids[1] ?? '')?.status).to.equal('ready');
  });

  it('events: one that comes twice changes nothing', async () => {
    const { restaurant, shown } = await board(2);
    const before = shown();
    expect(restaurant.events.reduce(boardAfter, before)).to.equal(before);
  });

  it('pick: stays on its order, moves to the next when that leaves, and never off the board', async () => {
    const { restaurant, ids, shown } = await board(3);
    let now = movePick(movePick(shown(), 1), 0);
    expect(now.picked).to.equal(ids[1]);
    expect(movePick(now, 9).picked).to.equal(ids[2]);
    expect(movePick(now, -9).picked).to.equal(ids[0]);
    await restaurant.updateOrderStatus('', ids[1] ?? '', 'delivered');
    now = restaurant.events.reduce(boardAfter, now);
    expect(now.picked).to.equal(ids[2]);
    for (const id of [ids[2], ids[0]]) await restaurant.updateOrderStatus('', id ?? '', 'delivered');
    now = restaurant.events.reduce(boardAfter, now);
    expect(now.picked).to.equal('');
    expect(movePick(now, 1).picked).to.equal('');
  });

  it('text: fits the screen and shows the picked order', async () => {
    const { shown, ids } = await board(40);
    const text = boardText(movePick(shown(), 30), '', 20, plainPaint);
    expect(text.split('\n').length).to.be.at.most(20);
    expect(text)
      .to.contain('Kitchen: 40 open orders')
      .and.to.match(new RegExp(`> +\\S+ +${ids[30]?.slice(0, 8)} `));
    expect(boardText(emptyBoard, '', 20, plainPaint)).to.contain('Nothing to do.');
  });

  it('next status: the ordinary course, then nothing', () => {
    expect(nextStatus('placed')).to.equal('accepted');
    expect(nextStatus('ready')).to.equal('delivered');
    expect(nextStatus('delivered')).to.equal(undefined);
    expect(nextStatus('cancelled')).to.equal(undefined);
  });
});
