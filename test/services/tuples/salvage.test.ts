import { expect } from 'chai';
import type { OutboxItem } from '../../../src/base/service.js';
import { present } from '../../../src/base/assert.js';
import { Driver, pairOf, pairsIn, requestIdOf, textsOf } from './tuples-driver.js';

const MAJORITY = 2;

/** What is kept of the entries that the driver has open when it leaves the view. */
function salvagedOf(driver: Driver): OutboxItem[] {
  return driver.cutOff().flatMap((entry) => driver.tuples.salvage(entry, MAJORITY) ?? []);
}

const stocked = () => {
  const driver = new Driver();
  driver.put(1, [
    ['a', '1'],
    ['b', '2'],
    ['c', '3'],
  ]);
  return driver.commit();
};

describe('entries of the tuple space that are cut off', () => {
  it('are kept when somebody may have been told that they are done, and carried out once', () => {
    const driver = stocked();
    driver.put(2, [['x', '1']], 1);
    driver.put(3, [['y', '1']], 2);
    driver.post(4, [['a', '9']], 1);
    driver.delete(5, '[bc]', undefined, { copies: 1 });
    const items = salvagedOf(driver);
    expect(items.map(({ requestId }) => requestId)).to.deep.equal([2, 4, 5].map(requestIdOf));
    for (const item of items) expect(driver.tuples.outboxProblem(item)).to.equal(undefined);
    const outcomes = items.map((item) => driver.salvaged(item));
    expect(outcomes.map(({ execution }) => execution.kind)).to.deep.equal(['entry', 'entry', 'entry']);
    driver.commit();
    expect(driver.get()).to.deep.equal(['a=9', 'x=1']);
    for (const item of items) {
      expect(driver.tuples.hasCommitted(item.requestId)).to.equal(true);
      expect(driver.salvaged(item).execution.kind).to.equal('known');
    }
    // What was carried out needs a majority now: it is not kept again.
    expect(outcomes.map(({ entry }) => entry && driver.tuples.salvage(entry, MAJORITY))).to.deep.equal(
      outcomes.map(() => undefined),
    );
  });

  it('a repeat of the caller gets what it was told', () => {
    const driver = stocked();
    const put = { kind: 'put', pairs: [pairOf(['a', '0']), pairOf(['x', '1'])] } as const;
    const remove = { kind: 'delete', keys: ['[bc]'], values: undefined, limit: 10, after: 0 } as const;
    const told = [driver.request(2, put, 1).reply, driver.request(3, remove, 1).reply];
    for (const item of salvagedOf(driver)) driver.salvaged(item);
    expect([driver.request(2, put, 1).reply, driver.request(3, remove, 1).reply]).to.deep.equal(told);
    driver.commit();
    expect([driver.request(2, put, 1).reply, driver.request(3, remove, 1).reply]).to.deep.equal(told);
  });

  it('what others did meanwhile stays', () => {
    const driver = stocked();
    driver.put(
      2,
      [
        ['x', '1'],
        ['y', '1'],
      ],
      1,
    );
    driver.post(3, [['a', '9']], 1);
    driver.delete(4, '[bc]', undefined, { copies: 1 });
    const [put, post, remove] = salvagedOf(driver);
    driver.put(10, [['x', 'other']]);
    driver.delete(11, 'a');
    driver.post(12, [['b', 'other']]);
    driver.salvaged(present(put, 'put is kept'));
    driver.salvaged(present(post, 'post is kept'));
    const { reply } = driver.salvaged(present(remove, 'delete is kept'));
    expect(textsOf(pairsIn(reply))).to.deep.equal(['c=3']);
    driver.commit();
    expect(driver.get()).to.deep.equal(['b=other', 'x=other', 'y=1']);
    const asked = { kind: 'put', pairs: [pairOf(['x', '1']), pairOf(['y', '1'])] } as const;
    expect(driver.request(2, asked).reply).to.have.nested.property('body.notUsed[0].reason', 'present');
  });

  it('an id that stands for something else by now keeps what it stands for', () => {
    const driver = stocked();
    driver.put(2, [['x', '1']], 1);
    const [item] = salvagedOf(driver);
    driver.put(2, [['y', '1']]);
    const { execution, reply } = driver.salvaged(present(item, 'it is kept'));
    expect(execution.kind).to.equal('known');
    expect(reply).to.have.nested.property('refusal.reason', 'ID_REUSED');
    expect(driver.commit().get('[xy]')).to.deep.equal(['y=1']);
  });

  it('an entry that cannot be read is kept', () => {
    const driver = stocked();
    const { entry } = driver.request(2, { kind: 'put', pairs: [pairOf(['x', '1'])] });
    const item = driver.tuples.salvage({ ...present(entry, 'an entry'), update: 'x' }, MAJORITY);
    expect(item).to.include({ update: 'x' });
  });

  it('items that nobody vouches for are judged', () => {
    const driver = stocked();
    driver.put(2, [['x', '1']], 1);
    driver.delete(3, 'a', undefined, { copies: 1 });
    const [put, remove] = salvagedOf(driver).map((item) => ({
      item,
      update: JSON.parse(item.update) as Record<string, unknown>,
    }));
    const bad: readonly (readonly [typeof put, Record<string, unknown>, RegExp])[] = [
      [put, { kind: 'frobnicate' }, /none of the tuple space/],
      [put, { content: 7 }, /none of the tuple space/],
      [put, { content: 'x' }, /no hash/],
      [put, { pairs: [[0, 'a-b', '1']] }, /none of the tuple space/],
      [put, { pairs: [[0, 'a']] }, /none of the tuple space/],
      [
        put,
        {
          pairs: [
            [0, 'q', '1'],
            [1, 'q', '2'],
          ],
        },
        /none of the tuple space/,
      ],
      [
        put,
        {
          pairs: [
            [0, 'q', '1'],
            [0, 'r', '2'],
          ],
        },
        /one list/,
      ],
      [put, { notUsed: [0] }, /one list/],
      [put, { pairs: [[1000, 'q', '1']] }, /one list/],
      [
        put,
        { pairs: Array.from({ length: 1001 }, (_, index) => [index, `q${index}`, '1']) },
        /none of the tuple space/,
      ],
      [
        remove,
        {
          removed: [
            ['a', '1'],
            ['a', '1'],
          ],
        },
        /none of the tuple space/,
      ],
      [remove, { next: -1 }, /none of the tuple space/],
      [remove, { problem: 'x' }, /none of the tuple space/],
    ];
    for (const [good, changes, why] of bad) {
      const { item, update } = present(good, 'it is kept');
      const spoilt = { ...item, update: JSON.stringify({ ...update, ...changes }) };
      expect(driver.tuples.outboxProblem(spoilt), JSON.stringify(changes)).to.match(why);
      const entries = driver.entries.length;
      expect(driver.salvaged(spoilt).execution.kind).to.equal('refused');
      expect(driver.entries).to.have.length(entries);
    }
    expect(driver.tuples.outboxProblem({ ...present(put, 'put').item, update: '{' })).to.match(/none of/);
  });
});
