import { expect } from 'chai';
import { view } from '../../src/base/numbers.js';
import { Cluster, HEARTBEAT_MS } from '../support/core-driver.js';

const refused = (cluster: Cluster, at: number): void =>
  cluster.core(at).dispatch({ kind: 'connectionRefused', peer: cluster.core(0).index });

describe('rule 3 suspicion', () => {
  it('rule 3: a refused connection is a dead process, no heartbeat is waited for', () => {
    const cluster = Cluster.founded();
    refused(cluster, 1);
    expect(cluster.inFlight('startViewChange', { from: 1 }).map(({ message }) => message.view)).to.deep.equal([1, 1]);
    expect(cluster.core(1).state).to.include({ status: 'normal', view: 0 });
  });

  it('rule 3: a wish is no promise: who wishes goes on answering its view', () => {
    const cluster = Cluster.founded();
    refused(cluster, 1);
    cluster.write(0, 'a');
    cluster.deliver(cluster.inFlight('prepare', { to: 1 }));
    cluster.core(1).fsync();
    expect(cluster.inFlight('prepareOk', { from: 1 })).to.have.length(1);
  });

  it('rule 3: one deaf replica cannot depose a healthy primary', () => {
    const cluster = Cluster.founded();
    cluster.cut(0, 2);
    cluster.cut(1, 2);
    cluster.pass(60 * HEARTBEAT_MS);
    expect(cluster.core(0).isPrimary).to.equal(true);
    expect(cluster.core(0).state.view).to.equal(0);
    const call = cluster.write(0, 'a');
    cluster.settle();
    expect(call.outcome).to.deep.include({ kind: 'written' });
  });

  it('rule 3: a deaf candidate cannot depose a healthy primary while another replica still fetches the log of the view', () => {
    const cluster = Cluster.founded();
    cluster.core(0).crash();
    cluster.pass(20 * HEARTBEAT_MS);
    expect(cluster.core(1).isPrimary).to.equal(true);
    cluster.lose('newState');
    cluster.core(0).boot();
    cluster.cut(0, 2);
    cluster.cut(1, 2);
    cluster.pass(60 * HEARTBEAT_MS);
    expect(cluster.core(0).state).to.include({ status: 'view-change', view: 1 });
    expect(cluster.core(2).state.suspects).to.not.equal(undefined);
    expect(cluster.core(1).isPrimary).to.equal(true);
    cluster.mend();
    cluster.pass(10 * HEARTBEAT_MS);
    expect(cluster.cores.map(({ state }) => [state.status, state.view])).to.deep.equal(
      [0, 1, 2].map(() => ['normal', 1]),
    );
  });

  it('rule 3: a wish is forgotten after two heartbeats', () => {
    const wishes = (waitMs: number): Cluster => {
      const cluster = Cluster.founded({ replicas: 5 });
      refused(cluster, 2);
      refused(cluster, 3);
      refused(cluster, 4);
      cluster.deliver(cluster.inFlight('startViewChange', { to: 1, from: 2 }));
      cluster.deliver(cluster.inFlight('startViewChange', { to: 1, from: 3 }));
      cluster.sleep(waitMs);
      cluster.deliver(cluster.inFlight('startViewChange', { to: 1, from: 4 }));
      return cluster;
    };
    expect(wishes(2 * HEARTBEAT_MS).core(1).state.view, 'fresh').to.equal(1);
    expect(wishes(2 * HEARTBEAT_MS + 1).core(1).state.view, 'stale').to.equal(0);
  });

  it('rule 3: oneself counts only if one suspects too', () => {
    const cluster = Cluster.founded();
    refused(cluster, 2);
    cluster.deliver(cluster.inFlight('startViewChange', { to: 1 }));
    expect(cluster.core(1).state.view).to.equal(0);
    refused(cluster, 1);
    expect(cluster.core(1).state.view).to.equal(1);
  });

  it('rule 3: the same wish repeated is one wish', () => {
    const cluster = Cluster.founded({ replicas: 5 });
    refused(cluster, 2);
    const [wish] = cluster.inFlight('startViewChange', { to: 1 });
    if (wish === undefined) throw new Error('a wish was sent');
    for (let times = 0; times < 3; times++) cluster.deliverAgain(wish);
    expect(cluster.core(1).state.view).to.equal(0);
  });

  it('rule 3: silence of five heartbeats makes a backup ask for the next view', () => {
    const cluster = Cluster.founded();
    cluster.isolate(0);
    cluster.pass(4 * HEARTBEAT_MS, [1, 2]);
    expect(cluster.core(1).state.suspects).to.equal(undefined);
    cluster.pass(2 * HEARTBEAT_MS, [1, 2]);
    expect(cluster.core(1).state.view).to.equal(1);
  });

  it('rule 3: after a pause of its own a replica listens before it suspects anyone', () => {
    const cluster = Cluster.founded();
    cluster.pass(1_000, [0, 2]);
    cluster.network = [];
    cluster.core(1).tick();
    expect(cluster.core(1).state.suspects).to.equal(undefined);
    expect(cluster.inFlight('startViewChange', { from: 1 })).to.deep.equal([]);
    cluster.pass(HEARTBEAT_MS);
    expect(cluster.core(1).state).to.include({ view: 0, status: 'normal', suspects: undefined });
  });

  it('rule 3: after a pause wishes that may be old are not heard', () => {
    const cluster = Cluster.founded({ replicas: 5 });
    for (const index of [2, 3, 4]) refused(cluster, index);
    cluster.sleep(1_000);
    cluster.core(1).tick();
    cluster.deliver(cluster.inFlight('startViewChange', { to: 1 }));
    expect(cluster.core(1).state.view).to.equal(0);
  });

  it('rule 3 ii: a message of a peer in a later view raises the own view, on disk first', () => {
    const cluster = Cluster.founded();
    cluster.isolate(2);
    cluster.core(0).dispatch({ kind: 'resign', why: 'told to' });
    cluster.pass(10 * HEARTBEAT_MS, [0, 1]);
    const reached = cluster.primary.state.view;
    expect(reached).to.be.at.least(1);
    cluster.mend();
    cluster.sleep(HEARTBEAT_MS);
    cluster.primary.tick();
    cluster.deliver(cluster.inFlight('heartbeat', { to: 2 }));
    expect(cluster.core(2).state).to.include({ view: reached, status: 'view-change' });
    expect(cluster.core(2).disk.map(({ kind }) => kind)).to.deep.equal(['persist']);
    expect(cluster.network.filter(({ from }) => from === 2)).to.deep.equal([]);
  });

  it('rule 3 ii: startViewChange(w) proves w − 1 and no more', () => {
    const cluster = Cluster.founded();
    const message = { kind: 'startViewChange', view: view(4) } as const;
    cluster.deliverAgain({ from: 1, to: 2, clusterId: cluster.core(0).state.clusterId, message });
    expect(cluster.core(2).state.view).to.equal(3);
  });

  it('rule 3: messages of another cluster raise nothing', () => {
    const cluster = Cluster.founded();
    const message = { kind: 'startViewChange', view: view(4) } as const;
    cluster.deliverAgain({ from: 1, to: 2, clusterId: 'another', message });
    expect(cluster.core(2).state.view).to.equal(0);
  });

  it('rule 3: a primary that resigns stops its heartbeats, and its backups join at once', () => {
    const cluster = Cluster.founded();
    cluster.core(0).dispatch({ kind: 'resign', why: 'told to' });
    expect(cluster.core(0).isPrimary).to.equal(false);
    cluster.sleep(HEARTBEAT_MS);
    cluster.core(0).tick();
    expect(cluster.inFlight('heartbeat')).to.deep.equal([]);
    cluster.settle();
    for (const core of cluster.cores) expect(core.state.view).to.equal(1);
  });

  it('rule 3: a primary whom nobody answers resigns after five heartbeats', () => {
    const cluster = Cluster.founded();
    cluster.isolate(0);
    cluster.pass(5 * HEARTBEAT_MS + 20, [0]);
    expect(cluster.core(0).isPrimary).to.equal(false);
    expect(cluster.core(0).state.view, 'its view needs a majority to rise').to.equal(0);
  });

  it('rule 3: an fsync that takes too long makes the primary resign', () => {
    const cluster = Cluster.founded();
    cluster.core(0).dispatch({ kind: 'diskSlow' });
    expect(cluster.core(0).isPrimary).to.equal(false);
  });

  it('rule 3: a view change that does not finish asks for the next view, with doubled patience', () => {
    const cluster = Cluster.founded({ replicas: 5 });
    cluster.core(0).crash();
    cluster.core(1).crash();
    const begun = (): unknown[] =>
      cluster.core(2).notices.flatMap((notice) => (notice.kind === 'viewChangeBegun' ? [notice.view] : []));
    for (const index of [2, 3, 4]) refused(cluster, index);
    cluster.settle([2, 3, 4]);
    expect(begun()).to.deep.equal([1]);
    const patience = cluster.core(2).state.viewChangeDeadlineMs - cluster.nowMs;
    cluster.pass(patience + 2 * HEARTBEAT_MS, [2, 3, 4]);
    expect(begun()).to.deep.equal([1, 2]);
    expect(cluster.core(2).isPrimary).to.equal(true);
  });
});
