import { expect } from 'chai';
import type { OutboxItem } from '../../../src/base/service.js';
import { AWKWARD, Driver, everything, keyIn, reasonIn, requestIdOf } from './log-driver.js';

/** Appends with write concern 1 and cuts it off; returns what is kept of it. */
function cutOff(driver: Driver, number: number, value: string): OutboxItem {
  const { entry } = driver.append(requestIdOf(number), value, 1);
  const item = entry === undefined ? undefined : driver.log.salvage(entry, 2);
  if (item === undefined) throw new Error('nothing was salvaged');
  driver.cutOff();
  return item;
}

describe('message log: salvage', () => {
  it('keeps appends acknowledged below a majority, and nothing else', () => {
    const driver = new Driver();
    for (const copies of [1, 2, 3]) driver.append(requestIdOf(copies), 'a', copies);
    const cut = driver.cutOff();
    const items = cut.map((entry) => driver.log.salvage(entry, 2));
    expect(items.map((item) => item?.requestId)).to.deep.equal([requestIdOf(1), undefined, undefined]);
    expect(items[0]).to.deep.equal({
      requestId: requestIdOf(1),
      service: 'log',
      update: cut[0]?.update,
      timeMs: cut[0]?.timeMs,
      view: 3,
      op: 3,
    });
    const unreadable = cut.map((entry) => driver.log.salvage({ ...entry, update: 'x' }, 2));
    expect(
      unreadable.filter((item) => item !== undefined),
      'what cannot be read is kept',
    ).to.have.length(3);
  });

  it('appends it again, once, at the next free key, and says the same from then on', () => {
    const driver = new Driver();
    const item = cutOff(driver, 1, 'first');
    driver.append(requestIdOf(2), 'second');
    const { execution, reply, entry } = driver.salvaged(item);
    expect(keyIn(reply), 'key 0 is taken').to.equal(1);
    expect(execution, 'this time it is kept').to.include({ copiesNeeded: 2 });
    expect(entry && driver.log.salvage(entry, 2), 'the outbox keeps it till it is committed').to.equal(undefined);
    expect(driver.salvaged(item).execution, 'before the commit').to.deep.equal({ kind: 'known', op: 4, reply });
    driver.commit();
    expect(driver.log.hasCommitted(item.requestId)).to.equal(true);
    expect(driver.log.settlement(item)).to.equal('executed');
    expect(driver.salvaged(item).execution, 'after it').to.deep.equal({ kind: 'known', op: 4, reply });
    expect(driver.append(requestIdOf(1), 'first').reply, 'the caller repeats it').to.deep.equal(reply);
    expect(everything(driver.log).map(({ value }) => value)).to.deep.equal(['second', 'first']);
  });

  it('what its caller sent again meanwhile is not appended twice', () => {
    const driver = new Driver();
    const item = cutOff(driver, 1, 'a');
    const { reply } = driver.append(requestIdOf(1), 'a');
    expect(driver.salvaged(item).execution).to.deep.equal({ kind: 'known', op: 3, reply });
  });

  it('an id that stands for another message by now is told, and nothing written', () => {
    const driver = new Driver();
    const item = cutOff(driver, 1, 'a');
    driver.append(requestIdOf(1), 'b');
    const { execution, reply } = driver.salvaged(item);
    expect(execution).to.include({ kind: 'known', op: 3 });
    expect(reasonIn(reply)).to.equal('ID_REUSED');
    driver.commit();
    expect(driver.log.settlement(item), 'operators are told').to.equal('otherKept');
  });

  it('any text survives', () => {
    for (const value of AWKWARD) {
      const driver = new Driver();
      driver.salvaged(cutOff(driver, 1, value));
      driver.commit();
      expect(driver.list().messages[0]?.value).to.equal(value);
    }
  });

  it('judges an item before it is taken up: what is no append is refused, and not quoted', () => {
    const driver = new Driver();
    const item = cutOff(driver, 1, 'secret');
    expect(driver.log.outboxProblem(item)).to.equal(undefined);
    const bad: OutboxItem[] = [
      { ...item, update: 'secret' },
      { ...item, update: 'append 0 1 ' },
      { ...item, update: 'append 0 1 secret"' },
      { ...item, update: 'append 0 1 \\ud800' },
      { ...item, update: 'append 0 0 secret' },
      { ...item, update: `append 0 1 ${'x'.repeat(65_537)}` },
      { ...item, requestId: 'secret' },
      { ...item, requestId: '00000000-0000-4000-8000-000000000001' },
    ];
    for (const each of bad) {
      expect(driver.log.outboxProblem(each), each.update.slice(0, 40))
        .to.be.a('string')
        .that.does.not.include('secret');
      expect(driver.salvaged(each).execution).to.include({ kind: 'refused' });
    }
  });
});
