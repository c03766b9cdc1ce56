import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { CallRefusedError } from '../../src/ports/ordering-client.js';
import { Cluster } from '../support/cluster.js';
import { command, commandJson } from '../support/command.js';
import { StreamedOrders } from '../support/streamed-orders.js';
import { EQUAL_TABLES, readFile, readTable } from '../support/table-files.js';
import { until } from '../support/until.js';

/** Orders before the first checkpoint, and some more. */
const BEYOND_A_CHECKPOINT = 11_000;

interface Taken {
  readonly op: number;
  readonly from: string;
  readonly cluster_id: string;
  readonly bytes: number;
}

describe('faults: backup and restore', () => {
  let folder = '';
  let cluster: Cluster;
  const till = new StreamedOrders('till');
  let taken: Taken;
  /** Acknowledged when the command began. */
  let known = 0;
  const file = (): string => path.join(folder, 'restaurant.backup.tar');

  before(async function () {
    this.timeout(60_000);
    folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-backup-'));
    cluster = await Cluster.start({ frontEnds: 1 });
  });
  after(async function () {
    this.timeout(60_000);
    await till.stop();
    await cluster.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('backup: taken while orders go on, it holds all that was acknowledged before, and is read again', async () => {
    till.start(cluster);
    await till.acknowledges(BEYOND_A_CHECKPOINT);
    known = till.acknowledged.length;
    taken = await commandJson<Taken>(cluster.configurationOf(), 'backup', file());
    const during = till.acknowledged.length;
    await till.acknowledges(200);
    await till.stop();
    expect(till.others.slice(0, 3), 'no order suffered').to.deep.equal([]);
    expect(during, 'orders went on').to.be.greaterThan(known);
    const ops = till.acknowledged.slice(0, known).map(({ op }) => op);
    expect(taken.op).to.be.at.least(Math.max(...ops));
    expect(taken.op, 'more was ordered').to.be.lessThan(Math.max(...till.acknowledged.map(({ op }) => op)));
    expect(taken.from).to.not.equal((await cluster.primary()).id);
    expect(statSync(file()).mode & 0o777, 'it holds names and addresses').to.equal(0o600);
    expect(statSync(file()).size).to.equal(taken.bytes);
    expect(readdirSync(folder)).to.deep.equal(['restaurant.backup.tar']);

    const checked = await commandJson<Taken>(cluster.configurationOf(), 'backup', '--verify', file());
    expect(checked).to.include({ op: taken.op, cluster_id: taken.cluster_id, sound: true });
    const again = await command(cluster.configurationOf(), 'backup', file());
    expect(again.code).to.equal(1);
    expect(again.stderr).to.match(/is there already.*not overwritten/);
  });

  it('restore: refused where folders are not empty, and from a file in which a byte is wrong', async () => {
    const refused = await command(cluster.configurationOf(), 'restore', file());
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/folders are not empty: .*replica-1 holds checkpoint.*Nothing was written/);
    const bad = path.join(folder, 'bad.tar');
    const bytes = readFileSync(file());
    const at = Math.floor(bytes.length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(bad, bytes);
    const verdict = await command(cluster.configurationOf(), 'backup', '--verify', bad);
    expect(verdict.code).to.equal(1);
    expect(verdict.stderr).to.match(/is no sound backup: \S+ in it is damaged/);
  });

  it('restored elsewhere: the same bytes up to its op, orders are taken, ids count as before, old replicas stay out', async () => {
    await cluster.level();
    const old = cluster.replica(0).folder;
    let restored = { op: 0, cluster_id: '' };
    const other = await Cluster.start({
      frontEnds: 1,
      async prepare(made) {
        restored = await commandJson(made.configurationOf(), 'restore', file());
      },
    });
    try {
      expect(restored.op).to.equal(taken.op);
      expect(restored.cluster_id).to.not.equal(taken.cluster_id);
      const statuses = await other.level();
      expect(statuses.map(({ op }) => op)).to.deep.equal([taken.op, taken.op, taken.op]);
      for (const { folder: each } of other.replicas)
        for (const name of EQUAL_TABLES) {
          const found = readFile(each, name) ?? Buffer.alloc(0);
          const original = readFile(old, name) ?? Buffer.alloc(0);
          expect(found.equals(original.subarray(0, found.length)), `${each} ${name}`).to.equal(true);
        }
      const kept = new Set(readTable(other.replica(0).folder, 'orders.csv').map(({ fields }) => fields['order_id']));
      const due = new Set(
        readTable(old, 'orders.csv').flatMap(({ fields }) =>
          Number(fields['op']) <= taken.op ? [fields['order_id']] : [],
        ),
      );
      expect(kept.size).to.equal(due.size);
      for (const { order, op } of till.acknowledged)
        expect(kept.has(order.order_id), `op ${op}`).to.equal(op <= taken.op);

      const client = other.client();
      const [first] = till.acknowledged;
      const late = till.acknowledged.at(-1);
      if (first === undefined || late === undefined) throw new Error('there are orders');
      expect((await client.makeOrder(first.order)).receipt.op, 'a repeat').to.equal(first.op);
      const changed = { ...first.order, user_code: 'somebody else' };
      const refusal = await client.makeOrder(changed).catch((error: unknown) => error);
      expect(refusal).to.be.instanceOf(CallRefusedError).with.nested.property('refusal.reason', 'ID_REUSED');
      expect((await client.makeOrder(late.order)).receipt.op, 'not in the backup: placed').to.equal(taken.op + 1);
      await other.level();

      // A folder of the cluster that the backup was taken of: it must not count here.
      await cluster.replica(2).process.stop();
      const third = other.replica(2);
      await third.process.kill();
      rmSync(third.folder, { recursive: true });
      cpSync(cluster.replica(2).folder, third.folder, { recursive: true });
      await third.process.start();
      await until(async () => (await other.status(2)) !== undefined, 'it answers');
      await other.replica(1).process.kill();
      await until(async () => (await other.status(0))?.writable === false, 'one of three is no majority');
      // Long enough for any election that it could take part in.
      await pause(2_000);
      const left = await Promise.all([other.status(0), other.status(2)]);
      expect(left.map((one) => one?.writable)).to.deep.equal([false, false]);
      await other.replica(1).process.start();
      await other.primary();
    } catch (error) {
      other.printLogs(10);
      throw error;
    } finally {
      await other.end();
    }
  });
});
