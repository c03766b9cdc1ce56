import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { connect as connectEtcd } from '../../bench/load/etcd-customers.js';
import { connect as connectPostgres } from '../../bench/load/postgres-customers.js';
import type { Connect } from '../../bench/load/customers.js';
import { refuseUnsafe } from '../../bench/subjects/etcd-checks.js';
import { type EtcdWay, hasEtcd, startEtcd } from '../../bench/subjects/etcd.js';
import { runSql } from '../../bench/subjects/postgres-checks.js';
import { hasPostgres, startPostgres } from '../../bench/subjects/postgres.js';
import type { Subject } from '../../bench/subjects/subject.js';
import { until } from '../support/until.js';

/** Places one order as the load generator would. */
async function placeOne(connect: Connect, { target, orderCalls: calls }: Subject): Promise<void> {
  const customers = await connect({ calls, target, customers: 1, warmUpMs: 0, measureMs: 0 });
  const problem = await new Promise<string | undefined>((resolve) => customers.call(0, resolve));
  await customers.close();
  expect(problem).to.equal(undefined);
  expect(customers.acknowledged()).to.equal(1);
}

const hasEnded = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] === 'Z';
  } catch {
    return true;
  }
};

/** The error with which the check fails, once it does. */
const checkError = (subject: Subject): Promise<Error> =>
  until(async () => {
    try {
      await subject.check();
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }, `the check of ${subject.name} fails`);

async function endsWithAll(subject: Subject): Promise<void> {
  const pids = subject.processes().map(({ pid }) => pid);
  await subject.stop();
  expect(pids.filter((pid) => !hasEnded(pid))).to.deep.equal([]);
}

describe('bench peers', function () {
  this.timeout(60_000);

  it('etcd: holds an order on every member, and is refused with a member less', async function () {
    if (!hasEtcd()) this.skip();
    const etcd = await startEtcd();
    const subject = etcd.subject(etcd.ways[0] as EtcdWay);
    try {
      await subject.check();
      await placeOne(connectEtcd, subject);
      await until(async () => (await subject.kept()).every((count) => count === 1), 'every member has the order');
      process.kill(subject.processes()[2]?.pid ?? 0, 'SIGKILL');
      expect((await checkError(subject)).message).to.match(/etcd on 127.0.0.1:\d+ (does not answer|knows no leader)/);
    } finally {
      await endsWithAll(subject);
    }
  });

  it('etcd: is refused with --unsafe-no-fsync, as a flag or as a variable', () => {
    expect(() => refuseUnsafe('etcd-1', '/usr/bin/etcd\0--unsafe-no-fsync\0')).to.throw(
      /etcd-1 runs with --unsafe-no-fsync/,
    );
    expect(() => refuseUnsafe('etcd-1', 'PATH=/bin\0ETCD_UNSAFE_NO_FSYNC=true\0')).to.throw(/ETCD_UNSAFE_NO_FSYNC/);
    expect(() =>
      refuseUnsafe('etcd-1', '/usr/bin/etcd\0--unsafe-no-fsync=false\0--name\0unsafe-no-fsync-not\0'),
    ).to.not.throw();
  });

  it('PostgreSQL: holds an order on every server, and is refused when a commit does not wait for the standbys', async function () {
    if (!hasPostgres()) this.skip();
    const subject = await startPostgres(1);
    const [primary = ''] = subject.target.addresses;
    try {
      await subject.check();
      await placeOne(connectPostgres, subject);
      await until(async () => (await subject.kept()).every((count) => count === 1), 'every server has the order');
      await runSql(primary, 'alter role bench set synchronous_commit = off');
      expect((await checkError(subject)).message).to.match(/runs with synchronous_commit = off instead of on/);
      await runSql(primary, 'alter role bench reset synchronous_commit');
      await until(async () => {
        await subject.check();
        return true;
      }, 'all is well again');
      process.kill(subject.processes()[2]?.pid ?? 0, 'SIGINT');
      // Until the primary has forgotten the stream, other parts of the check may fail first: the slot, the standby itself.
      await until(
        async () => /standby s2 is .*missing.*expected state streaming/.test((await checkError(subject)).message),
        'standby s2 is missed',
      );
    } finally {
      await endsWithAll(subject);
    }
  });
});
