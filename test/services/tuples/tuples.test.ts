import { expect } from 'chai';
import { changed, Driver, pairOf, textsOf } from './tuples-driver.js';

const FRUIT = [
  ['fruit apple', 'red 3'],
  ['fruit pear', 'green 12'],
  ['fruit plum', 'blue 7'],
  ['nut', 'brown'],
] as const;

const stocked = () => {
  const driver = new Driver();
  driver.put(1, FRUIT);
  return driver.commit();
};

describe('the tuple space', () => {
  it('put: adds what is absent and returns all else with the reason', () => {
    const driver = stocked();
    const { used, notUsed } = changed(
      driver.request(2, {
        kind: 'put',
        pairs: [
          pairOf(['fruit fig', 'green 1']),
          pairOf(['nut', 'black']),
          { key: ['fruit', 'a b'], value: ['x'] },
          { key: [], value: ['x'] },
          { key: ['x'], value: Array.from({ length: 17 }, () => 'y') },
          pairOf(['fruit fig', 'blue 2']),
          { key: ['x', 'é'], value: ['y'] },
          { key: ['x', 'y'.repeat(65)], value: ['y'] },
          { key: ['x', ''], value: ['y'] },
          pairOf(['nut pea', 'brown']),
        ],
      }).reply,
    );
    expect(used).to.equal(2);
    expect(notUsed.map(({ index, reason }) => [index, reason])).to.deep.equal([
      [1, 'present'],
      [2, 'malformed'],
      [3, 'malformed'],
      [4, 'malformed'],
      [5, 'present'],
      [6, 'malformed'],
      [7, 'malformed'],
      [8, 'malformed'],
    ]);
    expect(notUsed[0]).to.deep.include({ pair: pairOf(['nut', 'black']) });
    expect(notUsed.map(({ message }) => message).join('\n')).to.equal(
      [
        'its key is there already; Post changes its value',
        'its key has an element [1] with something else than ASCII letters and digits',
        'its key has no elements',
        'its value has 17 elements, more than 16',
        'its key is there already; Post changes its value',
        'its key has an element [1] with something else than ASCII letters and digits',
        'its key has an element [1] of 65 characters, more than 64',
        'its key has an empty element [1]',
      ].join('\n'),
    );
    driver.commit();
    expect(driver.get('fruit fig')).to.deep.equal(['fruit fig=green 1']);
    expect(driver.get('nut')).to.deep.equal(['nut=brown']);
    expect(driver.count().tuples).to.equal(6);
  });

  it('post: updates what is present and returns all else', () => {
    const driver = stocked();
    const { used, notUsed } = driver.post(2, [
      ['nut', 'black'],
      ['nut pea', 'brown'],
      ['fruit pear', 'yellow'],
      ['nut', 'white'],
    ]);
    expect(used).to.equal(3);
    expect(notUsed).to.deep.equal([
      {
        index: 1,
        pair: pairOf(['nut pea', 'brown']),
        reason: 'absent',
        message: 'there is no such key; Put adds it',
      },
    ]);
    driver.commit();
    expect(driver.get()).to.deep.equal(['fruit apple=red 3', 'fruit pear=yellow', 'fruit plum=blue 7', 'nut=white']);
  });

  it('get: a pattern for each element, matched as a whole, and only tuples of so many elements', () => {
    const driver = stocked();
    expect(driver.get('fruit p.*')).to.deep.equal(['fruit pear=green 12', 'fruit plum=blue 7']);
    expect(driver.get('fruit p')).to.deep.equal([]);
    expect(driver.get('.*')).to.deep.equal(['nut=brown']);
    expect(driver.get('.* .*')).to.have.length(3);
    expect(driver.get('.* .* .*')).to.deep.equal([]);
    expect(driver.get('.* .*', '.* \\d')).to.deep.equal(['fruit apple=red 3', 'fruit plum=blue 7']);
    expect(driver.get('fruit apple', 'red 3')).to.deep.equal(['fruit apple=red 3']);
    expect(driver.get('fruit apple', 'red 4')).to.deep.equal([]);
    expect(driver.get('fruit apple', 'red')).to.deep.equal([]);
    expect(driver.get(undefined, '(?i)BR.*')).to.deep.equal(['nut=brown']);
  });

  it('delete: removes the matches and returns them', () => {
    const driver = stocked();
    const answer = driver.delete(2, 'fruit p.*', '.* \\d+');
    expect(textsOf(answer)).to.deep.equal(['fruit pear=green 12', 'fruit plum=blue 7']);
    expect(answer).to.deep.include({ next: 0, problem: undefined });
    expect(driver.get('fruit pear'), 'not before it is committed').to.have.length(1);
    driver.commit();
    expect(driver.get()).to.deep.equal(['fruit apple=red 3', 'nut=brown']);
    expect(driver.count().tuples).to.equal(2);
  });

  it('malformed patterns: an empty list and the reason, nothing is removed', () => {
    const driver = stocked();
    let number = 100;
    for (const [keys, kind, reason] of [
      ['fruit (', 'malformed', /^keys\[1\] is no Python regular expression: missing \), unterminated subpattern/],
      ['fruit (?=a).*', 'unsupported', /^keys\[1\]: not supported: lookahead/],
      ['(?=a) [', 'malformed', /^keys\[1\] is no Python/],
      [Array.from({ length: 17 }, () => 'a').join(' '), 'malformed', /^keys has 17 patterns/],
      [Array.from({ length: 5 }, () => 'a'.repeat(900)).join(' '), 'unsupported', /more than 4000 characters together/],
      ['(?:(?:a?){20}){20} (?:(?:a?){20}){20}', 'unsupported', /^keys\[1\]: it comes to/],
    ] as const) {
      const found = driver.ask({ kind: 'get', keys: keys.split(' '), values: undefined, limit: 10, after: 0 });
      const removed = driver.delete(number++, keys);
      for (const answer of [found, removed]) {
        expect(answer).to.deep.include({ pairs: [], next: 0 });
        expect(answer).to.have.nested.property('problem.kind', kind);
        expect(answer).to.have.nested.property('problem.reason').that.matches(reason);
      }
    }
    expect(driver.ask({ kind: 'get', keys: ['nut'], values: [], limit: 10, after: 0 }))
      .to.have.nested.property('problem.reason')
      .that.matches(/^values has no patterns/);
    driver.commit();
    expect(driver.count().tuples).to.equal(4);
  });

  it('delete without keys removes nothing', () => {
    const driver = stocked();
    const { reply } = driver.request(2, { kind: 'delete', keys: undefined, values: ['.*'], limit: 10, after: 0 });
    expect(reply)
      .to.have.nested.property('body.problem.reason')
      .that.matches(/^keys has no patterns/);
    expect(driver.commit().count().tuples).to.equal(4);
  });

  it('pages: each pair once, whatever comes and goes meanwhile', () => {
    const driver = stocked();
    const ask = (after: number) =>
      driver.ask({ kind: 'get', keys: ['fruit', '.*'], values: undefined, limit: 1, after }) as { next: number };
    const first = ask(0);
    expect(first).to.deep.include({ pairs: [pairOf(['fruit apple', 'red 3'])] });
    driver.delete(2, 'fruit (apple|pear)');
    driver.put(3, [['fruit fig', 'green 1']]);
    driver.post(4, [['fruit plum', 'black 0']]);
    driver.commit();
    const second = ask(first.next);
    expect(second).to.deep.include({ pairs: [pairOf(['fruit plum', 'black 0'])] });
    const third = ask(second.next);
    expect(third).to.deep.include({ pairs: [pairOf(['fruit fig', 'green 1'])], next: 0 });
  });

  it('delete in pages: what is left over is told', () => {
    const driver = stocked();
    const first = driver.delete(2, '.* .*', undefined, { limit: 2 });
    expect(textsOf(first)).to.deep.equal(['fruit apple=red 3', 'fruit pear=green 12']);
    expect(first.next).to.equal(2);
    const second = driver.delete(3, '.* .*', undefined, { limit: 2, after: first.next });
    expect(textsOf(second)).to.deep.equal(['fruit plum=blue 7']);
    expect(second.next).to.equal(0);
    expect(driver.commit().get()).to.deep.equal(['nut=brown']);
  });

  it('a repeat gets its first answer, committed or not; another content under its id is refused', () => {
    const driver = stocked();
    const put = {
      kind: 'put',
      pairs: [pairOf(['a', 'b']), pairOf(['nut', 'x']), { key: [''], value: ['y'] }],
    } as const;
    const remove = { kind: 'delete', keys: ['.*'], values: undefined, limit: 1, after: 0 } as const;
    const malformed = { ...remove, keys: ['('] };
    const first = [put, remove, malformed].map((body, index) => driver.request(10 + index, body).reply);
    const repeats = () => [put, remove, malformed].map((body, index) => driver.request(10 + index, body));
    const entries = driver.entries.length;
    expect(repeats().map(({ reply }) => reply)).to.deep.equal(first);
    driver.put(20, [['nut', 'again']]);
    driver.delete(21, 'a');
    driver.commit();
    for (const { reply, execution } of repeats()) {
      expect(execution.kind).to.equal('known');
      expect(first).to.deep.include(reply);
    }
    expect(driver.entries).to.have.length(entries + 2);
    const other = driver.request(10, { kind: 'post', pairs: put.pairs });
    expect(other.reply).to.have.nested.property('refusal.reason', 'ID_REUSED');
    expect(driver.request(11, { ...remove, limit: 2 }).reply).to.have.nested.property('refusal.reason', 'ID_REUSED');
  });

  it('what is decided counts before it is committed, and not after it is cut off', () => {
    const driver = stocked();
    driver.put(2, [['nut pea', 'green']]);
    expect(driver.put(3, [['nut pea', 'white']]).used).to.equal(0);
    driver.delete(4, 'nut.* .*');
    expect(driver.put(5, [['nut pea', 'white']]).used).to.equal(1);
    driver.cutOff();
    expect(driver.post(6, [['nut pea', 'white']]).used).to.equal(0);
    expect(driver.put(3, [['nut pea', 'white']]).used, 'its id is free again').to.equal(1);
  });

  it('equal pairs have an equal hash, however they came about', () => {
    const one = stocked();
    const other = new Driver();
    other.put(1, [...FRUIT].reverse());
    other.put(2, [['x', 'y']]);
    other.post(3, [['nut', 'black']]);
    other.commit();
    expect(other.count().hash).not.to.equal(one.count().hash);
    other.delete(4, 'x');
    other.post(5, [['nut', 'brown']]);
    other.commit();
    expect(other.count().hash).to.equal(one.count().hash);
    expect(new Driver().count().hash).to.equal('0'.repeat(16));
  });
});
