import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { createOperationsClient } from '../../src/net/operations-client.js';
import { checkHistory } from '../support/check-history.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { CLUSTER_TOKEN, type FrontEnd, type Replica } from '../support/cluster.js';
import { commandJson } from '../support/command.js';
import { freePorts } from '../support/free-ports.js';
import { ServerProcess } from '../support/server-process.js';
import { EQUAL_TABLES, readFile } from '../support/table-files.js';
import { until } from '../support/until.js';

interface Configuration {
  replicas: { id: string; address: string; resources: string }[];
}

describe('faults: a replica whose machine is gone', () => {
  const suite = clusterForSuite();

  it('replaced under its id at a new address, in an empty folder: orders go on, and it becomes level', async () => {
    const { cluster, history } = suite;
    const primary = await cluster.primary();
    const [gone, other] = cluster.others(primary) as [Replica, Replica];
    const customers = await suite.customers();
    await customers.acknowledges(50);
    await gone.process.kill();
    rmSync(gone.folder, { recursive: true });

    // As docs/operating.md says: the new machine first, then the others with the new address, one by one, the primary last.
    const [port = 0] = await freePorts(1);
    const address = `127.0.0.1:${port}`;
    const place = path.join(cluster.folder, 'new-machine');
    const move = ({ process }: Replica | FrontEnd): void => {
      const file = cluster.configurationOf(process.name);
      const configuration = JSON.parse(readFileSync(file, 'utf8')) as Configuration;
      for (const one of configuration.replicas.filter(({ id }) => id === gone.id))
        Object.assign(one, { address, resources: place });
      writeFileSync(file, JSON.stringify(configuration));
    };
    for (const one of [...cluster.replicas, ...cluster.frontEnds]) move(one);
    const replacement = new ServerProcess(
      `new ${gone.id}`,
      [...gone.process.args],
      path.join(cluster.folder, 'new-machine.log'),
    );
    const asked = createOperationsClient(address, CLUSTER_TOKEN);
    try {
      await replacement.start();
      for (const one of [other, primary]) {
        await one.process.stop();
        await one.process.start();
        await until(async () => (await cluster.status(one.index))?.role !== undefined, `${one.id} answers`);
        await cluster.primary();
      }
      for (const one of cluster.frontEnds) {
        await one.process.stop();
        await one.process.start();
      }
      await until(async () => (await asked.status()).role === 'backup', 'the new one is a member');
      await customers.acknowledges(50);
      await customers.stop();
      const level = await until(async () => {
        const [leading, own] = await Promise.all([
          cluster.primary().then(({ index }) => cluster.status(index)),
          asked.status(),
        ]);
        return leading !== undefined && own.chain === leading.chain && own.applied === leading.op && own;
      }, 'the new one is level');
      expect(level.role).to.equal('backup');
      for (const name of EQUAL_TABLES)
        expect(readFile(place, name)?.equals(readFile(other.folder, name) ?? Buffer.alloc(0)), name).to.equal(true);
      const status = await commandJson<{ may_fail: number; replicas: { id: string; address: string }[] }>(
        cluster.configurationOf(),
        'status',
      );
      expect(status.may_fail).to.equal(1);
      expect(status.replicas.find(({ id }) => id === gone.id)?.address).to.equal(address);
      // While only two are left, each restart is a pause of orders: some learn no outcome. None is lost or doubled, whatever they were told.
      const folders = [place, ...[primary, other].map(({ folder }) => folder)];
      expect(checkHistory(history, folders).slice(0, 10).join('\n')).to.equal('');
    } finally {
      asked.close();
      await replacement.kill();
    }
  });
});
