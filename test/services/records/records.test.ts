import { expect } from 'chai';
import { Records } from '../../../src/services/records/records.js';
import type { RecordReply } from '../../../src/services/records/replies.js';
import { AWKWARD_VALUES, Driver, get, list, reasonIn, recordIn, requestIdOf, updateOf } from './records-driver.js';

describe('record map: updates', () => {
  it('sets what is named, keeps the rest, and answers with the record whole', () => {
    const driver = new Driver();
    const made = recordIn(driver.update(requestIdOf(1), updateOf('ann', { id: '1', age: '39', picture: '' })).reply);
    expect(made).to.deep.equal({
      name: 'ann',
      version: 1,
      op: 3,
      fields: [
        ['id', '1'],
        ['age', '39'],
        ['picture', ''],
      ],
    });
    const { reply } = driver.update(requestIdOf(2), updateOf('ann', { email: 'a@b', age: '40' }));
    const fields = [
      ['id', '1'],
      ['age', '40'],
      ['picture', ''],
      ['email', 'a@b'],
    ];
    expect(recordIn(reply)).to.deep.equal({ name: 'ann', version: 2, op: 5, fields });
    expect(reasonIn(driver.records.query({ body: { kind: 'get', name: 'ann' } }))).to.equal('UNKNOWN_RECORD');
    driver.commit(1);
    expect(get(driver.records, 'ann')).to.deep.equal(made);
    driver.commit();
    expect(get(driver.records, 'ann').fields).to.deep.equal(fields);
  });

  it('brings every value back as it was, also after a restart', () => {
    const driver = new Driver();
    const fields = AWKWARD_VALUES.map((value, index) => [`field ${index}`, value] as const);
    driver.update(requestIdOf(1), { kind: 'update', name: '10', fields: [...fields, ['2', 'b'], ['1', 'a']] });
    driver.update(requestIdOf(2), { kind: 'update', name: '10', fields: [['__proto__', 'own'], ...fields] });
    driver.commit();
    const expected = [...fields, ['2', 'b'], ['1', 'a'], ['__proto__', 'own']];
    expect(get(driver.records, '10').fields).to.deep.equal(expected);
    const again = new Records(driver.files.copy());
    again.restore(driver.records.snapshot());
    expect(get(again, '10').fields).to.deep.equal(expected);
    const text = driver.files.contents()['records.csv'] ?? '';
    expect(text.split('\r\n'), 'no raw line end inside a row').to.have.length(4);
    expect(text).to.not.match(/[^\r]\n|\r[^\n]/);
  });

  it('a repeat gets its first answer whatever the record has become, before and after its commit and a restart', () => {
    const driver = new Driver();
    const first = driver.update(requestIdOf(1), updateOf('ann', { age: '1' })).reply;
    for (let number = 2; number <= 40; number++)
      driver.update(requestIdOf(number), updateOf('ann', { age: String(number), [`x${number}`]: 'y' }));
    const last = driver.update(requestIdOf(41), updateOf('ann', { age: 'last' })).reply;
    const again = () => [
      driver.update(requestIdOf(1), updateOf('ann', { age: '1' })),
      driver.update(requestIdOf(41), updateOf('ann', { age: 'last' })),
    ];
    const replies = (): unknown[] => again().map(({ reply, execution, entry }) => [execution.kind, entry, reply]);
    const expected = [first, last].map((reply) => ['known', undefined, reply]);
    expect(replies()).to.deep.equal(expected);
    driver.commit(20);
    expect(replies()).to.deep.equal(expected);
    driver.commit();
    expect(replies()).to.deep.equal(expected);
    const snapshot = driver.records.snapshot();
    driver.records = new Records(driver.files, { cacheBytesMax: 0 });
    driver.records.restore(snapshot);
    expect(replies()).to.deep.equal(expected);
    for (let number = 2; number <= 40; number++) {
      const { reply } = driver.update(
        requestIdOf(number),
        updateOf('ann', { age: String(number), [`x${number}`]: 'y' }),
      );
      const { version, fields } = recordIn(reply);
      expect([version, fields.length, fields[0]]).to.deep.equal([number, number, ['age', String(number)]]);
    }
  });

  it('an id that is used for something else is refused', () => {
    const driver = new Driver();
    driver.update(requestIdOf(1), updateOf('ann', { age: '1' }));
    for (const other of [
      updateOf('bob', { age: '1' }),
      updateOf('ann', { age: '2' }),
      updateOf('ann', { age: '1' }, 0),
    ])
      expect(reasonIn(driver.update(requestIdOf(1), other).reply)).to.equal('ID_REUSED');
    expect(driver.entries).to.have.length(1);
  });

  it('an expected version guards against what the caller has not seen; the refusal is remembered', () => {
    const driver = new Driver();
    const absent = driver.update(requestIdOf(1), updateOf('ann', { age: '1' }, 3)).reply;
    expect(reasonIn(absent)).to.equal('RECORD_VERSION_CHANGED');
    expect(recordIn(driver.update(requestIdOf(2), updateOf('ann', { age: '1' }, 0)).reply).version).to.equal(1);
    expect(recordIn(driver.update(requestIdOf(3), updateOf('ann', { age: '2' }, 1)).reply).version).to.equal(2);
    const { reply } = driver.update(requestIdOf(4), updateOf('ann', { age: '3' }, 1));
    expect(reply).to.deep.include({ kind: 'refused' });
    expect(reply.kind === 'refused' && reply.refusal.details).to.deep.equal({ record: 'ann', version: '2' });
    expect(reasonIn(driver.update(requestIdOf(5), updateOf('ann', { age: '3' }, 0)).reply)).to.equal(
      'RECORD_VERSION_CHANGED',
    );
    driver.commit();
    expect(driver.update(requestIdOf(4), updateOf('ann', { age: '3' }, 1)).reply).to.deep.equal(reply);
    expect(driver.update(requestIdOf(1), updateOf('ann', { age: '1' }, 3)).reply).to.deep.equal(absent);
    expect(get(driver.records, 'ann').fields).to.deep.equal([['age', '2']]);
  });

  it('a record that would grow too large stays as it is', () => {
    const driver = new Driver();
    const many = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${from + index}`, 'x']));
    driver.update(requestIdOf(1), updateOf('wide', many(0, 200)));
    expect(reasonIn(driver.update(requestIdOf(2), updateOf('wide', many(200, 1))).reply)).to.equal('RECORD_TOO_LARGE');
    expect(recordIn(driver.update(requestIdOf(3), updateOf('wide', many(0, 200))).reply).version).to.equal(2);
    const long = (from: number) =>
      Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`f${from + index}`, 'x'.repeat(16_384)]));
    driver.update(requestIdOf(4), updateOf('long', long(0)));
    const { reply } = driver.update(requestIdOf(5), updateOf('long', long(8)));
    expect(reasonIn(reply)).to.equal('RECORD_TOO_LARGE');
    driver.commit();
    expect(get(driver.records, 'long').fields).to.have.length(8);
  });

  it('lists records in the order in which they were made, in pages', () => {
    const driver = new Driver();
    for (const [index, name] of ['c', 'a', 'b', 'a'].entries())
      driver.update(requestIdOf(index), updateOf(name, { x: String(index) }));
    driver.commit();
    const { records } = driver;
    expect(list(records)).to.deep.equal({
      records: [
        { name: 'c', version: 1, op: 3 },
        { name: 'a', version: 2, op: 9 },
        { name: 'b', version: 1, op: 7 },
      ],
      hasMore: false,
    });
    expect(list(records, '', 2)).to.deep.include({ hasMore: true });
    expect(list(records, 'a', 2).records.map(({ name }) => name)).to.deep.equal(['b']);
    expect(list(records, 'b').records).to.deep.equal([]);
    expect(reasonIn(records.query({ body: { kind: 'list', after: 'd', pageSize: 0 } }))).to.equal('UNKNOWN_RECORD');
  });

  it('an answer given earlier does not change with the record', () => {
    const driver = new Driver();
    const { reply } = driver.update(requestIdOf(1), updateOf('ann', { age: '1' }));
    driver.commit();
    driver.update(requestIdOf(2), updateOf('ann', { age: '2' }));
    driver.commit();
    expect((reply.kind === 'done' ? (reply.body as RecordReply) : undefined)?.record.fields.get('age')).to.equal('1');
  });
});
