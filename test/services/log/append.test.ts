import { expect } from 'chai';
import { AWKWARD, Driver, everything, keyIn, reasonIn, requestIdOf, START_MS } from './log-driver.js';

describe('message log: append', () => {
  it('gives keys from 0 on, also while nothing is committed yet, and keeps what was said', () => {
    const driver = new Driver();
    expect(keyIn(driver.append(requestIdOf(1), 'a').reply)).to.equal(0);
    driver.commit();
    expect(keyIn(driver.append(requestIdOf(2), 'b').reply)).to.equal(1);
    expect(keyIn(driver.append(requestIdOf(3), 'a').reply)).to.equal(2);
    expect(driver.list(), 'what is not committed is not shown').to.deep.include({ nextFrom: 1, count: 1 });
    driver.commit();
    const time = (seconds: number) => new Date(START_MS + seconds * 1000).toISOString();
    expect(driver.list()).to.deep.equal({
      messages: [
        { key: 0, value: 'a', op: 3, time: time(1), requestId: requestIdOf(1) },
        { key: 1, value: 'b', op: 4, time: time(2), requestId: requestIdOf(2) },
        { key: 2, value: 'a', op: 5, time: time(3), requestId: requestIdOf(3) },
      ],
      nextFrom: 3,
      count: 3,
    });
    expect(driver.log.counts()).to.deep.equal({ messages: 3 });
  });

  it('keeps every text byte for byte, at any length that is allowed', () => {
    const driver = new Driver();
    const texts = [...AWKWARD, 'x'.repeat(65_536), '\0'.repeat(65_536), '"'.repeat(65_536), '🍕'.repeat(16_384)];
    for (const [number, value] of texts.entries()) driver.append(requestIdOf(number), value);
    driver.commit();
    expect(everything(driver.log).map(({ value }) => value)).to.deep.equal(texts);
    const [, ...rows] = driver.files.contents()['messages.csv']?.trimEnd().split('\r\n') ?? [];
    expect(rows, 'a row is a line').to.have.length(texts.length);
  });

  it('a repeat gets its first answer and appends nothing, before and after the commit', () => {
    const driver = new Driver();
    driver.append(requestIdOf(1), 'a');
    const { reply } = driver.append(requestIdOf(2), 'b', 1);
    expect(driver.append(requestIdOf(2), 'b', 3).execution).to.deep.equal({ kind: 'known', op: 4, reply });
    driver.commit();
    driver.append(requestIdOf(3), 'c');
    expect(driver.append(requestIdOf(2), 'b').execution).to.deep.equal({ kind: 'known', op: 4, reply });
    expect(driver.entries).to.have.length(3);
  });

  it('the same id with another value is refused by name, before and after the commit', () => {
    const driver = new Driver();
    driver.append(requestIdOf(1), 'a');
    for (const _ of [0, 1]) {
      const { execution, reply } = driver.append(requestIdOf(1), 'a ');
      expect(execution).to.include({ kind: 'known', op: 3 });
      expect(reasonIn(reply)).to.equal('ID_REUSED');
      driver.commit();
    }
    expect(driver.list().count).to.equal(1);
    expect(driver.log.hasCommitted(requestIdOf(1))).to.equal(true);
    expect([driver.log.opOf(requestIdOf(1)), driver.log.opOf(requestIdOf(2))]).to.deep.equal([3, undefined]);
    expect(driver.log.hasCommitted(requestIdOf(2))).to.equal(false);
  });

  it('asks for as many disks as the caller does', () => {
    const driver = new Driver();
    for (const copies of [1, 2, 3])
      expect(driver.append(requestIdOf(copies), 'a', copies).execution).to.include({ copiesNeeded: copies });
  });
});

describe('message log: list', () => {
  it('pages follow each other without gaps, whatever their limit', () => {
    const driver = new Driver();
    for (let number = 0; number < 250; number++) driver.append(requestIdOf(number), `message ${number}`);
    driver.commit();
    for (const limit of [1, 7, 100, 249, 250, 1000]) {
      const keys: number[] = [];
      while (keys.length < 250) {
        const { messages, nextFrom, count } = driver.list(keys.length, limit);
        expect(messages).to.have.length(Math.min(limit, 250 - keys.length));
        keys.push(...messages.map(({ key }) => key));
        expect({ nextFrom, count }).to.deep.equal({ nextFrom: keys.length, count: 250 });
      }
      expect(keys).to.deep.equal(Array.from({ length: 250 }, (_, key) => key));
    }
  });

  it('beyond the end there is nothing, and the key asked for is where to go on', () => {
    const driver = new Driver();
    expect(driver.list(0)).to.deep.equal({ messages: [], nextFrom: 0, count: 0 });
    driver.append(requestIdOf(1), 'a');
    driver.commit();
    expect(driver.list(1)).to.deep.equal({ messages: [], nextFrom: 1, count: 1 });
    expect(driver.list(70)).to.deep.equal({ messages: [], nextFrom: 70, count: 1 });
  });

  it('a page holds about 1 MiB of the table, and one message at least', () => {
    const driver = new Driver();
    for (let number = 0; number < 40; number++) driver.append(requestIdOf(number), `${number % 10}`.repeat(65_536));
    driver.commit();
    const lengths: number[] = [];
    for (let from = 0; from < 40; from += lengths.at(-1) ?? 40) lengths.push(driver.list(from).messages.length);
    expect(lengths).to.deep.equal([15, 15, 10]);
    expect(driver.list(25).messages.at(-1)?.key, 'the last ones fit').to.equal(39);
    expect(driver.list(24).messages.at(-1)?.key, 'one too many').to.equal(38);
  });
});
