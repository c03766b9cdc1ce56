import { expect } from 'chai';
import { op, view } from '../../../src/base/numbers.js';
import type { OutboxItem } from '../../../src/base/service.js';
import type { UpdateRecord } from '../../../src/services/records/requests.js';
import { Driver, get, reasonIn, recordIn, requestIdOf, updateOf } from './records-driver.js';

/** Makes an update, cuts it off, and returns what is kept of it. */
function cutOff(driver: Driver, update: UpdateRecord, number = 1): OutboxItem {
  driver.update(requestIdOf(number), update, 1);
  const [entry] = driver.cutOff();
  const item = entry === undefined ? undefined : driver.records.salvage(entry, 2);
  if (item === undefined) throw new Error('nothing was kept');
  return item;
}

describe('record map: updates that a view change cut off', () => {
  it('are kept when they were promised on fewer disks than a majority, and those alone', () => {
    const driver = new Driver();
    for (const [copies, isKept] of [
      [1, true],
      [2, false],
      [3, false],
    ] as const) {
      const { entry } = driver.update(requestIdOf(copies), updateOf('ann', { age: '1' }), copies);
      const item = entry === undefined ? undefined : driver.records.salvage(entry, 2);
      expect(item !== undefined, `${copies} copies`).to.equal(isKept);
      if (isKept) expect(item).to.include({ service: 'records', requestId: requestIdOf(copies), op: entry?.op });
    }
    const refused = driver.update(requestIdOf(9), updateOf('ann', { age: '1' }, 77), 1);
    expect(refused.entry === undefined ? 'no entry' : driver.records.salvage(refused.entry, 2)).to.equal(undefined);
  });

  it('are executed once on the record as it is by then', () => {
    const driver = new Driver();
    driver.update(requestIdOf(7), updateOf('ann', { age: '1', email: 'old' }));
    driver.commit();
    const item = cutOff(driver, updateOf('ann', { age: '2' }));
    driver.update(requestIdOf(2), updateOf('ann', { email: 'new' }));
    const { reply, execution } = driver.salvaged(item);
    expect(execution).to.include({ kind: 'entry', copiesNeeded: 2 });
    expect(recordIn(reply)).to.deep.include({
      version: 3,
      fields: [
        ['age', '2'],
        ['email', 'new'],
      ],
    });
    const again = driver.salvaged(item);
    expect(again.execution.kind).to.equal('known');
    expect(again.reply).to.deep.equal(reply);
    driver.commit();
    expect(driver.salvaged(item).reply).to.deep.equal(reply);
    expect(driver.update(requestIdOf(1), updateOf('ann', { age: '2' }), 1).reply).to.deep.equal(reply);
    expect(driver.records.hasCommitted(item.requestId)).to.equal(true);
    expect(driver.records.settlement(item)).to.equal('executed');
    expect(get(driver.records, 'ann').version).to.equal(3);
  });

  it('that name an expected version are judged again: they never change what their caller has not seen', () => {
    const driver = new Driver();
    const item = cutOff(driver, updateOf('ann', { age: '2' }, 0));
    driver.update(requestIdOf(2), updateOf('ann', { age: 'other' }));
    expect(reasonIn(driver.salvaged(item).reply)).to.equal('RECORD_VERSION_CHANGED');
    driver.commit();
    expect(driver.records.settlement(item), 'operators are told').to.equal('rejected');
    expect(get(driver.records, 'ann').fields).to.deep.equal([['age', 'other']]);
    const same = new Driver();
    const untouched = cutOff(same, updateOf('ann', { age: '2' }, 0));
    expect(recordIn(same.salvaged(untouched).reply).version).to.equal(1);
  });

  it('under an id that stands for something else by then are refused', () => {
    const driver = new Driver();
    const item = cutOff(driver, updateOf('ann', { age: '2' }));
    driver.update(requestIdOf(1), updateOf('bob', { age: '2' }));
    expect(reasonIn(driver.salvaged(item).reply)).to.equal('ID_REUSED');
    driver.commit();
    expect(driver.records.settlement(item), 'operators are told').to.equal('otherKept');
  });

  it('and cannot be updates are named, refused by the primary and never thrown over', () => {
    const driver = new Driver();
    const good = cutOff(driver, updateOf('ann', { age: '2' }));
    const text = (change: object): string => JSON.stringify({ ...(JSON.parse(good.update) as object), ...change });
    const unsound: Record<string, Partial<OutboxItem>> = {
      'no JSON': { update: '{' },
      nothing: { update: 'null' },
      'another kind': { update: text({ kind: 'motd' }) },
      'a refusal': {
        update: JSON.stringify({ kind: 'refused', content: '', refusal: { reason: 'INTERNAL', message: '' } }),
      },
      'no name': { update: text({ name: '' }) },
      'no fields': { update: text({ fields: [] }) },
      'a field twice': {
        update: text({
          fields: [
            ['a', ''],
            ['a', ''],
          ],
        }),
      },
      'a field that is no pair': { update: text({ fields: [['a']] }) },
      'half a character': { update: text({ fields: [['a', '\ud83c']] }) },
      'a version below 0': { update: text({ expectedVersion: -1 }) },
      'an id that is none': { requestId: 'x' },
    };
    for (const [what, change] of Object.entries(unsound)) {
      const item = { ...good, ...change };
      expect(driver.records.outboxProblem(item), what).to.be.a('string').that.does.not.include('age');
      expect(driver.salvaged(item).execution.kind, what).to.equal('refused');
    }
    expect(driver.records.outboxProblem(good)).to.equal(undefined);
    expect(driver.records.outboxProblem({ ...good, view: view(0), op: op(0) })).to.equal(undefined);
  });
});
