import { expect } from 'chai';
import type { Decoded, ReadContract, WireMessage, WriteContract } from '../../../src/base/service-contract.js';
import { recordsContract, type RecordsContractOptions } from '../../../src/services/records/contract.js';
import { Driver, requestIdOf } from './records-driver.js';

/** The 13 keys that the old program let its callers update, of the 18 that it held. */
const UPDATABLE = 'id,index,guid,isActive,balance,picture,age,eyeColor,name,about,registered,latitude,longitude'.split(
  ',',
);

function method(name: string, options?: RecordsContractOptions): WriteContract | ReadContract {
  const found = recordsContract(options).methods.find((each) => each.name === name);
  if (found === undefined || found.kind === 'stream') throw new Error(`no method ${name}`);
  return found;
}

const message = (fields: Readonly<Record<string, string>>, more: WireMessage = {}): WireMessage => ({
  name: 'ann',
  fields: Object.entries(fields).map(([key, value]) => ({ key, value })),
  ...more,
});

const reasonOf = (decoded: Decoded): string => (decoded.kind === 'refused' ? decoded.refusal.reason : 'asked');

describe('record map: contract', () => {
  it('a field that the configuration does not list is refused by name with what is allowed; staff import any', () => {
    const options = { updatable: UPDATABLE };
    const asked = message({ age: '40', email: 'a@b', company: 'x' });
    const decoded = method('Update', options).decode(asked);
    expect(reasonOf(decoded)).to.equal('FIELD_NOT_UPDATABLE');
    if (decoded.kind === 'asked') return;
    expect(decoded.refusal.message).to.match(
      /^email, company cannot be updated; allowed: id, index, guid,.*longitude\. Nothing/,
    );
    expect(decoded.refusal.details).to.deep.equal({ fields: 'email,company', updatable: UPDATABLE.join(',') });
    for (const key of UPDATABLE)
      expect(reasonOf(method('Update', options).decode(message({ [key]: '' })))).to.equal('asked');
    for (const key of ['gender', 'company', 'email', 'phone', 'address'])
      expect(reasonOf(method('Update', options).decode(message({ [key]: '' })))).to.equal('FIELD_NOT_UPDATABLE');
    expect(reasonOf(method('Import', options).decode(asked))).to.equal('asked');
    expect(method('Import').access).to.equal('staff');
    expect(reasonOf(method('Update').decode(asked)), 'without a list').to.equal('asked');
    expect(reasonOf(method('Update', { updatable: [] }).decode(message({ age: '' })))).to.equal('FIELD_NOT_UPDATABLE');
  });

  it('what the service answers is the message that travels', () => {
    const driver = new Driver();
    const update = method('Update');
    const decoded = update.decode(message({ b: '', a: 'x=y' }, { expected_version: 0 }));
    if (decoded.kind === 'refused') throw new Error(decoded.refusal.message);
    const execution = driver.records.execute(
      { requestId: requestIdOf(1), body: decoded.body, copiesNeeded: 2 },
      { op: 3 as never, view: 0 as never, timeMs: 0, replicaCount: 3 },
    );
    if (execution.kind !== 'entry' || execution.reply.kind !== 'done') throw new Error('it was not done');
    expect(update.respond(execution.reply.body)).to.deep.equal({
      record: {
        name: 'ann',
        version: 1,
        fields: [
          { key: 'b', value: '' },
          { key: 'a', value: 'x=y' },
        ],
        updated_at: '1970-01-01T00:00:00.000Z',
        op: 3,
      },
    });
    const listed = { records: [{ name: 'ann', version: 1, op: 3 }], hasMore: true };
    expect(method('List').respond(listed)).to.deep.equal({ records: listed.records, has_more: true });
  });

  it('what is wrong is refused with its field', () => {
    for (const [name, asked, field] of [
      ['Update', message({}), 'fields'],
      ['Import', message({ a: '' }, { name: '' }), 'name'],
      ['Get', { name: '=' }, 'name'],
      ['List', { after: '', page_size: 501 }, 'page_size'],
    ] as const) {
      const decoded = method(name).decode(asked);
      expect(reasonOf(decoded), name).to.equal('INVALID_FIELD');
      expect(decoded.kind === 'refused' && decoded.refusal.details).to.deep.equal({ field });
    }
  });
});
