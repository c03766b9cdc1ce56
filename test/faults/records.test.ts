import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { ReadRecordView, RecordView, UpdatedRecordView } from '../../src/ports/records-view.js';
import type { ServiceClient } from '../../src/ports/service-client.js';
import { recordsContract } from '../../src/services/records/contract.js';
import { AWKWARD_VALUES, requestIdOf } from '../services/records/records-driver.js';
import { Cluster, type Replica } from '../support/cluster.js';
import { command, commandJson } from '../support/command.js';
import { readFile, readTable } from '../support/table-files.js';
import { until } from '../support/until.js';

/** The 13 keys that the failover challenge (S000) let its callers update. */
const UPDATABLE = 'id,index,guid,isActive,balance,picture,age,eyeColor,name,about,registered,latitude,longitude'.split(
  ',',
);
/** The record that it held, all 18 keys. */
const ORIGINAL = {
  id: '5f5e3a',
  index: '0',
  guid: '7a0b6c8e-52a5-4a3e-8f6c-0d2a7a2f7f11',
  isActive: 'true',
  balance: '$2,339.42',
  picture: '',
  age: '39',
  eyeColor: 'blue',
  name: 'Ann "Annie" Smith',
  gender: 'female',
  company: 'ACME, Ltd.',
  email: 'ann@example.org',
  phone: '+44 191 496 0000',
  address: '1 Main Street\nDurham\nDH1 1JN',
  about: 'a=b, c=d',
  registered: '2014-08-20T05:48:32 -01:00',
  latitude: '54.77',
  longitude: '-1.57',
};
const OPTIONS = { frontEnds: 1, more: { records: { updatable: UPDATABLE }, chaos: true } };
const NAME = 'the record';

const fieldsOf = (record: Readonly<Record<string, string>>) =>
  Object.entries(record).map(([key, value]) => ({ key, value }));

describe('faults: record map', function () {
  this.timeout(120_000);
  let folder = '';
  let cluster: Cluster;
  let client: ServiceClient;
  const run = (...args: readonly string[]) => command(cluster.configurationOf(), 'records', ...args);
  const json = <T>(...args: readonly string[]) => commandJson<T>(cluster.configurationOf(), 'records', ...args);

  /** The record as every replica has it, once each has this op. */
  const copies = async (op: number, of: readonly Replica[] = cluster.replicas): Promise<RecordView[]> => {
    const asked = { name: NAME, min_op: op, consistency: 'session' };
    const answers = await Promise.all(
      of.map(({ id }) => client.call<ReadRecordView>('Get', { ...asked, replica: id }, { deadlineMs: 30_000 })),
    );
    expect(answers.map(({ as_of: asOf }) => asOf.replica)).to.deep.equal(of.map(({ id }) => id));
    return answers.map(({ record }) => record);
  };

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-records-'));
    cluster = await Cluster.start(OPTIONS);
    client = cluster.serviceClient(recordsContract());
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') cluster.printLogs();
  });
  after(async () => {
    await cluster.end();
    rmSync(folder, { recursive: true });
  });

  it('the staff import the record, a file updates it, the answer is the whole, and each replica shows the same', async () => {
    const imported = await json<UpdatedRecordView>(
      'import',
      NAME,
      ...Object.entries(ORIGINAL).map(([key, value]) => `${key}=${value}`),
    );
    expect(imported.record.fields).to.deep.equal(fieldsOf(ORIGINAL));
    expect(imported.receipt.committed).to.equal(true);
    const file = path.join(folder, 'update_file');
    writeFileSync(file, "age=40\r\nbalance='999'\r\nabout=still a=b, c=d\r\npicture=\r\n");
    const updated = { ...ORIGINAL, age: '40', balance: "'999'", about: 'still a=b, c=d' };
    const { code, stdout } = await run('update', NAME, '--file', file);
    expect(code).to.equal(0);
    expect(stdout).to.include("balance='999'\n").and.include('address="1 Main Street\\nDurham\\nDH1 1JN"\n');
    expect(stdout).to.match(/the record has version 2 \(op \d+\)\. Safe: on [23] disks, op \d+\.$/);
    const op = imported.record.op + 1;
    const [record] = await copies(op);
    expect(record?.fields).to.deep.equal(fieldsOf(updated));
    for (const other of await copies(op)) expect(other).to.deep.equal(record);
    const seen = new Set<string>();
    await until(async () => {
      const read = await client.call<ReadRecordView>('Get', { name: NAME, min_op: op, consistency: 'session' });
      expect(read.record).to.deep.equal(record);
      return seen.add(read.as_of.replica).size === 2;
    }, 'reads spread over the backups');
    expect(seen).not.to.include((await cluster.primary()).id);
    for (const replica of ['primary', 'replica-2'])
      expect(
        (await json<ReadRecordView>('get', NAME, '--replica', replica, '--min-op', String(op))).record,
      ).to.deep.equal(record);
  });

  it('a field that may not be updated: refused by name with what is allowed, and nothing is changed', async () => {
    const before = await json<ReadRecordView>('get', NAME);
    const { code, stdout, stderr } = await run('update', NAME, 'age=41', 'email=other@example.org');
    expect([code, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.match(/email cannot be updated; allowed: id, index, .*longitude\..*\[FIELD_NOT_UPDATABLE\]/);
    const line = path.join(folder, 'bad_file');
    writeFileSync(line, 'age=41\nno value\n');
    expect((await run('update', NAME, '--file', line)).stderr).to.match(/line 2: there is no '=' in it/);
    const stale = await run('update', NAME, 'age=41', '--expected-version', '1');
    expect(stale.stderr).to.match(/has version 2, not 1.*\[RECORD_VERSION_CHANGED\]/);
    expect((await json<ReadRecordView>('get', NAME)).record).to.deep.equal(before.record);
  });

  it('chaos kill-primary: its copy is named as not there, others answer, updates go on, and it comes back with all', async () => {
    const before = await json<ReadRecordView>('get', NAME);
    const dead = await cluster.primary();
    const asked = { request_id: requestIdOf(77), name: NAME, fields: [{ key: 'age', value: '42' }] };
    const first = await client.call<UpdatedRecordView>('Update', asked);
    expect(await commandJson(cluster.configurationOf(), 'chaos', 'kill-primary')).to.deep.include({ replica: dead.id });
    await dead.process.untilExit();
    const gone = await run('get', NAME, '--replica', dead.id);
    expect(gone.code).to.equal(1);
    expect(gone.stderr).to.include(dead.id).and.include('[REPLICA_UNREACHABLE]');
    const others = cluster.others(dead);
    for (const record of await copies(first.record.op, others)) expect(record).to.deep.equal(first.record);
    const repeated = await client.call<UpdatedRecordView>('Update', asked);
    expect(repeated.record, 'a repeat at the next primary is the same update').to.deep.equal(first.record);
    const next = await json<UpdatedRecordView>('update', NAME, 'age=43', '--write-concern', '2');
    expect(next.record.version).to.equal(before.record.version + 2);
    const late = await client.call<UpdatedRecordView>('Update', asked);
    expect(late.record, 'also when the record has changed since').to.deep.equal(first.record);
    const story = await commandJson<{ requests: { service: string; op: number }[] }>(
      cluster.configurationOf(),
      'explain',
      asked.request_id,
    );
    expect(story.requests.map(({ service, op }) => [service, op])).to.deep.equal([['records', first.record.op]]);
    await dead.process.start();
    await cluster.joined(dead);
    for (const record of await copies(next.record.op)) expect(record).to.deep.equal(next.record);
  });

  it('every value comes back as it was: through the wire, a restart of all, a wiped folder, and a backup', async () => {
    const values = Object.fromEntries(AWKWARD_VALUES.map((value, index) => [`field ${index}`, value]));
    const { record } = await client.call<UpdatedRecordView>('Import', { name: NAME, fields: fieldsOf(values) });
    const changed = { age: '43', balance: "'999'", about: 'still a=b, c=d' };
    expect(record.fields).to.deep.equal(fieldsOf({ ...ORIGINAL, ...changed, ...values }));

    const verdict = await commandJson<{ equal: boolean; replicas: { services: { records: object } }[] }>(
      cluster.configurationOf(),
      'verify',
    );
    expect(verdict.equal).to.equal(true);
    const counted = { records: 1, updates: record.version };
    expect(verdict.replicas.map(({ services }) => services.records)).to.deep.equal([counted, counted, counted]);
    const differences = await commandJson(cluster.configurationOf(), 'diff', 'replica-1', 'replica-3');
    expect(differences).to.include({ equal: true });
    await cluster.level();
    const rows = readTable(cluster.replica(0).folder, 'records.csv');
    expect(rows.at(-1)?.fields).to.include({ record: NAME, version: String(record.version), extent: 'changed' });
    expect(JSON.parse(rows.at(-1)?.fields['fields'] ?? '')).to.deep.equal(Object.entries(values));

    await Promise.all(cluster.replicas.map(({ process }) => process.kill()));
    await Promise.all(cluster.replicas.map(({ process }) => process.start()));
    await cluster.primary();
    for (const copy of await copies(record.op)) expect(copy).to.deep.equal(record);

    const [wiped] = cluster.others(await cluster.primary());
    if (wiped === undefined) throw new Error('there are backups');
    await wiped.process.kill();
    rmSync(wiped.folder, { recursive: true });
    mkdirSync(wiped.folder);
    await wiped.process.start();
    await cluster.joined(wiped);
    expect(await copies(record.op, [wiped])).to.deep.equal([record]);
    await cluster.level();
    expect(readFile(wiped.folder, 'records.csv')).to.deep.equal(
      readFile((await cluster.primary()).folder, 'records.csv'),
    );

    const backup = path.join(folder, 'records.backup.tar');
    await commandJson(cluster.configurationOf(), 'backup', backup);
    const other = await Cluster.start({
      ...OPTIONS,
      async prepare(made) {
        await commandJson(made.configurationOf(), 'restore', backup);
      },
    });
    try {
      const otherClient = other.serviceClient(recordsContract());
      const restored = await otherClient.call<ReadRecordView>('Get', { name: NAME });
      expect(restored.record).to.deep.equal(record);
      const again = { request_id: requestIdOf(77), name: NAME, fields: [{ key: 'age', value: '42' }] };
      const repeated = await otherClient.call<UpdatedRecordView>('Update', again);
      expect(repeated.record.version, 'ids count as before').to.equal(record.version - 2);
    } finally {
      await other.end();
    }
  });
});
