import { expect } from 'chai';
import type { OrderUpdate, StatusUpdate, Update } from '../../../../src/services/ordering/updates.js';
import { Violation } from '../../checkers.js';
import { HandWrittenLog } from '../entries.js';
import { CommittedLog } from '../committed-log.js';
import { OrderingModel } from './ordering-model.js';

const placed = (changes: Partial<OrderUpdate> = {}): OrderUpdate => ({
  kind: 'order',
  user: 'ann',
  lines: [['Crumble', 3, 525]],
  postCode: 'DH1 1JN',
  check: 'unchecked',
  stock: [['Crumble', 5]],
  limited: [0],
  copies: 2,
  ...changes,
});

const status = (changes: Partial<StatusUpdate> = {}): StatusUpdate => ({
  kind: 'status',
  order: 'a',
  status: 'accepted',
  check: 'unchecked',
  reason: '',
  ...changes,
});

const cancelled = status({ status: 'cancelled', reason: 'late', stock: [['Crumble', 8]] });

/** A model that has taken the founding, order `a` of three of eight crumbles, and these. */
function taken(...updates: readonly (readonly [id: string, update: Update])[]): OrderingModel {
  const log = new HandWrittenLog().found();
  log.ordering('a', placed());
  for (const [id, update] of updates) log.ordering(id, update);
  const model = new OrderingModel();
  const committed = new CommittedLog(new Map([['ordering', model]]));
  for (const entry of log.entries) committed.take(entry);
  return model;
}

const refused: Readonly<Record<string, readonly [why: RegExp, ...updates: (readonly [string, Update])[]]>> = {
  'more sold than were left': [/were sold, and 5 were left/, ['b', placed({ lines: [['Crumble', 6, 525]] })]],
  'stock that is not what is left': [/stock is said to be/, ['b', placed({ stock: [['Crumble', 5]] })]],
  'limited stock that was not taken': [
    /stock is said to be/,
    ['b', placed({ lines: [['Fish Pie', 1, 1_195]], stock: [], limited: [] })],
  ],
  'another price': [/another price/, ['b', placed({ lines: [['Crumble', 1, 524]] })]],
  'a rejection of what was promised to nobody': [/rejected at once/, ['b', placed({ rejected: 'sold out' })]],
  'a change of an order that is not there': [/nobody placed/, ['s', status({ order: 'z' })]],
  'an order that goes back': [
    /from ready to accepted/,
    ['s', status({ status: 'ready' })],
    ['t', status({ status: 'accepted' })],
  ],
  'a change after the end': [/that is cancelled/, ['s', cancelled], ['t', status({ status: 'rejected' })]],
  'stock that does not come back': [/stock is said to be/, ['s', status({ status: 'cancelled', reason: 'late' })]],
  'stock that comes back of what was cooked': [
    /stock is said to be/,
    ['s', status({ status: 'preparing' })],
    ['t', cancelled],
  ],
  'a second check of a postcode': [
    /a check too many/,
    ['s', status({ status: 'placed', check: 'valid', isCheck: true })],
    ['t', status({ status: 'placed', check: 'unknown', isCheck: true })],
  ],
  'a version of the menu left out': [
    /the version of the menu/,
    ['m', { kind: 'menu', version: 3, items: [], content: '' }],
  ],
};

describe('simulation: model of the restaurant', () => {
  for (const [name, [why, ...updates]] of Object.entries(refused))
    it(`model: objects to ${name}`, () => {
      expect(() => taken(...updates)).to.throw(Violation, why);
    });

  it('model: tells any query at any op', () => {
    const model = taken(
      ['b', placed({ user: 'bob', stock: [['Crumble', 2]] })],
      ['s', cancelled.stock === undefined ? cancelled : { ...cancelled, stock: [['Crumble', 5]] }],
    );
    const crumbles = (op: number) => model.menuAt(op).items.find(({ item }) => item === 'Crumble')?.stock;
    expect([2, 3, 4, 5].map(crumbles)).to.deep.equal([8, 5, 2, 5]);
    expect(model.orderAt('a', 4)?.order.status).to.equal('placed');
    expect(model.orderAt('a', 5)).to.deep.include({
      history: [
        { status: 'placed', at: '1970-01-01T00:00:03.000Z', op: 3, reason: '' },
        { status: 'cancelled', at: '1970-01-01T00:00:05.000Z', op: 5, reason: 'late' },
      ],
    });
    expect(model.orderAt('b', 3)).to.equal(undefined);
    expect(model.ordersAt('bob', 5, 5).map(({ orderId }) => orderId)).to.deep.equal(['b']);
    expect(model.eventsAt(4, 9, 5).map(({ kind }) => kind)).to.deep.equal(['placed', 'statusChanged']);
    expect(model.countsAt(5)).to.deep.include({ orders: 2, changes: 1, refusals: 0, menuVersion: 1 });
  });
});
