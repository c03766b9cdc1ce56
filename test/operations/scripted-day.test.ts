import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { checkHistory } from '../support/check-history.js';
import { Cluster } from '../support/cluster.js';
import { command, commandJson } from '../support/command.js';
import { Customers } from '../support/customers.js';
import { History } from '../support/history.js';
import { EQUAL_TABLES, readFile } from '../support/table-files.js';
import { until } from '../support/until.js';

interface Status {
  readonly writable: boolean;
  readonly may_fail: number;
  readonly primary: string;
  readonly replicas: readonly { readonly id: string; readonly role: string; readonly health: string }[];
}

/** What an operator does in a day, by the commands of the built program alone, while customers order. */
describe('operations: a scripted day', function () {
  this.timeout(180_000);
  let cluster: Cluster;
  let customers: Customers;
  const folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-day-'));
  const backup = path.join(folder, 'evening.tar');
  const history = new History();
  const run = (...args: string[]) => command(cluster.configurationOf(), ...args);
  const json = <T>(...args: string[]) => commandJson<T>(cluster.configurationOf(), ...args);
  const primaryOf = async () => {
    const { primary } = await json<Status>('status');
    return cluster.replicas.find(({ id }) => id === primary) ?? cluster.replica(0);
  };

  before(async () => {
    cluster = await Cluster.start();
    customers = await new Customers(cluster, history, { writers: 3, readers: 1, thinkMs: 20 }).start();
  });
  after(async () => {
    await customers.stop();
    await cluster.end();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') cluster.printLogs(15);
  });

  it('morning: status says that orders are taken and one replica may fail', async () => {
    const { code, stdout } = await run('status');
    expect(code).to.equal(0);
    expect(stdout).to.match(/^Taking orders; 1 more replica may fail\./);
    for (const { id, address } of cluster.replicas)
      expect(stdout).to.match(new RegExp(`${id} +${address} +(primary|backup) +healthy`));
  });

  it('the primary is killed: orders go on, status names the new one and who is down', async () => {
    const killed = await primaryOf();
    await killed.process.kill();
    await customers.acknowledges(20);
    const status = await json<Status>('status');
    expect(status).to.include({ writable: true, may_fail: 0 });
    expect(status.primary).to.not.equal(killed.id);
    expect(status.replicas.find(({ id }) => id === killed.id)).to.include({ role: 'down', health: 'unhealthy' });
    await killed.process.start();
    await cluster.joined(killed);
    expect(await json<Status>('status')).to.include({ writable: true, may_fail: 1 });
  });

  // Here belongs `switchover`, and `safe-to-stop` before the next step, once the commands are there.

  it('a disk is wiped: it fills itself, and is level again', async () => {
    const wiped = cluster.others(await primaryOf())[0] ?? cluster.replica(0);
    await wiped.process.kill();
    rmSync(wiped.folder, { recursive: true });
    await customers.acknowledges(20);
    await wiped.process.start();
    await cluster.joined(wiped);
    await until(async () => (await json<Status>('status')).may_fail === 1, 'status counts on it again');
  });

  it('evening: a backup while orders go on, checked, restored elsewhere, compared', async () => {
    const known = new Set(history.acknowledged);
    const { code, stdout } = await run('backup', backup);
    expect(code, stdout).to.equal(0);
    expect(stdout).to.match(
      /evening\.tar holds everything of replica-\d up to op \d+ \(.*Z\), \d+\.\d [kM]B; it was read again and is sound\./,
    );
    await customers.acknowledges(10);
    expect((await run('backup', '--verify', backup)).stdout).to.match(
      /evening\.tar is sound: everything of replica-1, replica-2, replica-3 up to op/,
    );
    const refused = await run('restore', backup);
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.match(/folders are not empty/);

    let told = '';
    const elsewhere = await Cluster.start({
      frontEnds: 1,
      async prepare(made) {
        told = (await command(made.configurationOf(), 'restore', backup)).stdout;
      },
    });
    try {
      expect(told).to.match(/^replica-1, replica-2, replica-3 hold everything up to op \d+ .*as a new cluster/);
      await elsewhere.level();
      const [first, ...others] = elsewhere.replicas;
      const rows = readFile(first?.folder ?? '', 'orders.csv') ?? Buffer.alloc(0);
      for (const other of others)
        for (const name of EQUAL_TABLES)
          expect(
            readFile(other.folder, name)?.equals(readFile(first?.folder ?? '', name) ?? Buffer.alloc(0)),
            name,
          ).to.equal(true);
      expect(readFile(cluster.replica(0).folder, 'orders.csv')?.subarray(0, rows.length).equals(rows)).to.equal(true);
      for (const id of known) expect(rows.includes(id), `order ${id} was acknowledged before`).to.equal(true);
      expect((await command(elsewhere.configurationOf(), 'status')).stdout).to.match(/^Taking orders; 1 more/);
    } finally {
      await elsewhere.end();
    }
  });

  it('night: nothing was lost, doubled or stale, and all copies are equal', async () => {
    await customers.stop();
    await cluster.level();
    const problems = checkHistory(
      history,
      cluster.replicas.map((one) => one.folder),
    );
    expect(problems.slice(0, 10).join('\n')).to.equal('');
    expect(history.acknowledged.length).to.be.greaterThan(50);
  });
});
