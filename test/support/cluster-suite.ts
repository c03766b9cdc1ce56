import { expect } from 'chai';
import { checkHistory } from './check-history.js';
import { Cluster, type ClusterOptions } from './cluster.js';
import { Customers, type CustomersOptions } from './customers.js';
import { History } from './history.js';

/** What the tests of one suite share: a cluster, and everything that was ever asked of it. */
export interface ClusterSuite {
  readonly cluster: Cluster;
  readonly history: History;
  /** A crowd of customers that orders from now on; told to stop after the test in any case. */
  customers(options?: CustomersOptions): Promise<Customers>;
  /** Waits until all replicas are level, then judges the whole history. */
  check(): Promise<void>;
}

/**
 * A cluster for all tests of the surrounding `describe`, ended after them. The test that fails prints the end of all logs and
 * keeps the files.
 */
export function clusterForSuite(options?: ClusterOptions): ClusterSuite {
  let cluster: Cluster | undefined;
  let hasFailed = false;
  const history = new History();
  const crowds: Customers[] = [];
  const running = (): Cluster => {
    if (cluster === undefined) throw new Error('the cluster is started before the tests');
    return cluster;
  };
  before(async function () {
    this.timeout(60_000);
    cluster = await Cluster.start(options);
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      hasFailed = true;
      cluster?.printLogs();
    }
    await Promise.all(crowds.splice(0).map((one) => one.stop()));
  });
  after(async () => cluster?.end({ keepFiles: hasFailed }));
  return {
    get cluster() {
      return running();
    },
    history,
    async customers(crowdOptions) {
      const crowd = new Customers(running(), history, crowdOptions);
      crowds.push(crowd);
      return crowd.start();
    },
    async check() {
      await running().level();
      const problems = checkHistory(
        history,
        running().replicas.map(({ folder }) => folder),
      );
      expect(problems.slice(0, 10).join('\n')).to.equal('');
    },
  };
}
