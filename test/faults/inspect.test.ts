import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect } from 'chai';
import { clusterForSuite } from '../support/cluster-suite.js';
import type { Replica } from '../support/cluster.js';
import { MAIN } from '../support/server-process.js';
import { until } from '../support/until.js';

/** The commands that look into a cluster of real processes, beside live orders. */
describe('faults: what operators see of the copies', () => {
  const suite = clusterForSuite({ frontEnds: 1 });

  const command = async (...args: string[]): Promise<{ code: number | undefined; stdout: string; value: Json }> => {
    const config = path.join(suite.cluster.folder, 'front-end-1.json');
    const { exitCode, stdout } = await execa(process.execPath, [MAIN, ...args, '--config', config], { reject: false });
    const value = args.includes('--json') ? (JSON.parse(stdout) as Json) : {};
    return { code: exitCode, stdout, value };
  };
  type Json = Readonly<Record<string, unknown>>;
  const someBackup = async (): Promise<Replica> => {
    const [backup] = suite.cluster.others(await suite.cluster.primary());
    if (backup === undefined) throw new Error('there are backups');
    return backup;
  };

  it('verify under load: true, at an op at which orders were going on; and read from the disks', async () => {
    const customers = await suite.customers();
    const before = Math.max(...(await suite.cluster.statuses()).map((one) => one?.applied ?? 0));
    const { code, stdout } = await command('verify');
    expect(stdout).to.match(/^true\n/);
    expect(code).to.equal(0);
    const deep = await command('verify', '--deep', '--json');
    expect(deep.value).to.deep.include({ equal: true, damage: [] });
    expect(deep.value['op']).to.be.greaterThan(before);
    await customers.acknowledges(10);
    await customers.stop();
    await suite.check();
  });

  it('a row changed in the folder of a stopped backup: diff names it, verify says who is missing, a start puts it right', async () => {
    const { cluster, history } = suite;
    const backup = await someBackup();
    const primary = await cluster.primary();
    await cluster.level();
    await backup.process.kill();
    const equal = await command('diff', primary.id, backup.id, '--json');
    expect(equal.value).to.deep.include({ equal: true, files: [] });
    expect(equal.code).to.equal(0);

    const file = path.join(backup.folder, 'orders.csv');
    const orderId = history.acknowledged[3] ?? '';
    const text = readFileSync(file, 'utf8');
    const row = text.split('\r\n').find((line) => line.includes(orderId)) ?? '';
    const changed = row.replace(/(\d\d)T/, (day) => (day === '13T' ? '14T' : '13T'));
    expect(changed).to.not.equal(row);
    writeFileSync(file, text.replace(row, changed));

    const { value, code } = await command('diff', primary.id, backup.id, '--json');
    expect(code).to.equal(1);
    expect(value['files']).to.deep.equal([
      {
        file: 'orders.csv',
        missing: [],
        extra: [],
        different: [{ a: row, b: changed, columns: ['placed_at'] }],
        cut: false,
        note: '',
      },
    ]);
    const verified = await command('verify', '--wait', '1');
    expect(verified.stdout).to.match(/^unknown\n/);
    expect(verified.code).to.equal(1);
    const explained = await command('explain', orderId);
    expect(explained.code).to.equal(0);
    expect(explained.stdout).to.contain(`${backup.id} does not answer`);
    expect(explained.stdout).to.contain('in its stopped folder');
    const status = await command('status', '--json');
    expect(status.value).to.deep.include({ writable: true, may_fail: 0 });
    expect(status.value['advice']).to.match(/start replica-/);

    await backup.process.start();
    await cluster.level();
    expect((await command('verify')).stdout).to.match(/^true\n/);
    expect((await command('diff', primary.id, backup.id)).code).to.equal(0);
    const row2 = (await command('status', '--json')).value['replicas'] as readonly Json[];
    const repaired = row2.find(({ id }) => id === backup.id)?.['last_fault'] as Json | undefined;
    expect(repaired?.['what']).to.match(/orders\.csv/);
    await backup.process.kill();
    await backup.process.start();
    await cluster.joined(backup);
    const row3 = (await command('status', '--json')).value['replicas'] as readonly Json[];
    const kept = row3.find(({ id }) => id === backup.id)?.['last_fault'] as Json | undefined;
    expect(kept?.['what'], 'over a restart').to.match(/orders\.csv/);
  });

  it('the primary is killed: explain still tells the order, and the failover; also when no majority is left', async () => {
    const { cluster, history } = suite;
    await cluster.level();
    const killed = await cluster.primary();
    const orderId = history.acknowledged[0] ?? '';
    await killed.process.kill();
    const next = await until(async () => {
      const now = await cluster.primary();
      return now.id !== killed.id && now;
    }, 'another primary');
    const { value, code } = await command('explain', orderId, '--json');
    expect(code).to.equal(0);
    expect(value).to.deep.include({ found: true, primary: next.id, disagree: [] });
    const failovers = value['failovers'] as readonly Json[];
    expect(failovers.at(-1)).to.include({ primary: next.id });
    const [step] = value['steps'] as readonly { readonly copies: readonly Json[] }[];
    expect(step?.copies.map(({ replica, holds }) => [replica, holds === 'folder'])).to.deep.equal(
      cluster.replicas.map(({ id }) => [id, id === killed.id]),
    );

    await next.process.kill();
    const alone = await until(async () => {
      const { stdout, code: found } = await command('explain', orderId);
      return found === 0 && stdout.includes('There is no primary now') && stdout;
    }, 'the last replica tells it, labelled');
    expect(alone).to.contain(`Order ${orderId} of `);
    const down = await command('status');
    expect(down.code).to.equal(1);
    expect(down.stdout).to.match(/^Not taking orders: 1 of 3 replicas answer, 2 are needed/);

    const [last] = cluster.replicas.filter(({ process: one }) => one.isRunning) as [Replica];
    await last.process.kill();
    const dark = await command('explain', orderId, '--json');
    expect(dark.code, 'all are dead: the folders tell').to.equal(0);
    expect(dark.value).to.deep.include({ found: true, order: null });
    const traces = dark.value['folders'] as readonly Json[];
    for (const { id } of cluster.replicas)
      expect(
        traces.some(({ replica, file }) => replica === id && file === 'order-status.csv'),
        id,
      ).to.equal(true);
    expect((await command('explain', '2b8f2f6e-0000-4000-8000-000000000001')).code).to.equal(1);

    await Promise.all([killed, next, last].map(({ process: one }) => one.start()));
    await suite.check();
  });
});
