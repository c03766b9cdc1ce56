import { expect } from 'chai';
import { checkHistory } from './check-history.js';
import { Cluster, type ClusterOptions } from './cluster.js';
import { Customers, type CustomersOptions } from './customers.js';
import { History } from './history.js';

/** ms for starting a cluster on a busy machine, and for ending one. */
const SETUP_MS = 60_000;

/** What the tests of one suite share: a cluster, and everything that was ever asked of it. */
export interface ClusterSuite {
  readonly cluster: Cluster;
  readonly history: History;
  /** A crowd of customers that orders from now on; stopped after the test in any case. */
  customers(options?: CustomersOptions): Promise<Customers>;
  /** Waits until all replicas are level, then judges the whole history. */
  check(): Promise<void>;
}

/**
 * A cluster for all tests of the surrounding `describe`, ended after them. When a test fails the end of all logs is printed,
 * the files are kept, and the next test gets a new cluster.
 */
export function clusterForSuite(options?: ClusterOptions): ClusterSuite {
  let cluster: Cluster | undefined;
  let history = new History();
  let crowds: Customers[] = [];
  const running = (): Cluster => {
    if (cluster === undefined) throw new Error('the cluster is started before the tests');
    return cluster;
  };
  const end = async (how: { keepFiles: boolean }): Promise<void> => {
    const ended = cluster;
    cluster = undefined;
    await ended?.end(how);
  };
  beforeEach(async function () {
    this.timeout(SETUP_MS);
    if (cluster !== undefined) return;
    history = new History();
    cluster = await Cluster.start(options);
  });
  afterEach(async function () {
    this.timeout(SETUP_MS);
    const stopped = crowds.map((one) => one.stop());
    crowds = [];
    if (this.currentTest?.state === 'failed') {
      cluster?.printLogs();
      // Whatever it left stopped, silent or dead: customers end with their clients.
      await end({ keepFiles: true });
    }
    await Promise.allSettled(stopped);
  });
  after(async function () {
    this.timeout(SETUP_MS);
    await end({ keepFiles: false });
  });
  return {
    get cluster() {
      return running();
    },
    get history() {
      return history;
    },
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
