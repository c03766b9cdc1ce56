import { expect } from 'chai';
import { Cluster, HEARTBEAT_MS } from '../support/core-driver.js';

describe('lonely backup (rule 9, NO_QUORUM)', () => {
  it('rule 9: a call that waited for a slow disk is not told that the others are lost, who spoke meanwhile', () => {
    const cluster = Cluster.founded();
    cluster.isolate(0);
    for (const backup of [1, 2])
      cluster.core(backup).dispatch({ kind: 'connectionRefused', peer: cluster.core(0).index });
    cluster.deliver(cluster.inFlight('startViewChange', { to: 1 }));
    expect(cluster.core(1).state.status).to.equal('view-change');
    const call = cluster.write(1, 'a');
    for (let heartbeats = 0; heartbeats < 12; heartbeats++) {
      cluster.pass(HEARTBEAT_MS, [2]);
      cluster.deliver(cluster.inFlight('alive', { to: 1 }));
      cluster.core(1).tick();
    }
    expect(call.outcome).to.equal(undefined);
    cluster.core(1).fsync();
    expect(call.outcome).to.have.nested.property('refusal.reason', 'NO_PRIMARY');
  });

  it('rule 9: a backup that begins to suspect the primary gives the others time to speak', () => {
    const cluster = Cluster.founded();
    cluster.pass(20 * HEARTBEAT_MS);
    // A busy machine: nobody has said anything for a while.
    cluster.pass(6 * HEARTBEAT_MS, [1]);
    expect(cluster.core(1).state.suspects).to.not.equal(undefined);
    expect(cluster.write(1, 'a').outcome).to.have.nested.property('refusal.reason', 'NO_PRIMARY');
  });

  it('rule 9: a backup that nobody answers says after five heartbeats that a majority is missing', () => {
    const cluster = Cluster.founded();
    cluster.pass(20 * HEARTBEAT_MS);
    for (const index of [0, 1, 2]) cluster.isolate(index);
    cluster.core(1).dispatch({ kind: 'connectionRefused', peer: cluster.core(0).index });
    cluster.pass(12 * HEARTBEAT_MS, [1]);
    expect(cluster.write(1, 'a').outcome).to.have.nested.property('refusal.reason', 'NO_QUORUM');
  });

  it('rule 9: a backup of which both others refuse the connection says so at once', () => {
    const cluster = Cluster.founded();
    cluster.pass(20 * HEARTBEAT_MS);
    for (const peer of [0, 2]) cluster.core(1).dispatch({ kind: 'connectionRefused', peer: cluster.core(peer).index });
    expect(cluster.write(1, 'a').outcome).to.have.nested.property('refusal.reason', 'NO_QUORUM');
  });

  it('since when orders are closed is told, the same however often it is asked, and the operator hears of both ends', () => {
    const cluster = Cluster.founded();
    const core = cluster.core(1);
    cluster.pass(20 * HEARTBEAT_MS);
    core.notices.length = 0;
    for (const peer of [0, 2]) core.dispatch({ kind: 'connectionRefused', peer: cluster.core(peer).index });
    const since = (): string => {
      const { outcome } = cluster.write(1, 'a');
      return outcome?.kind === 'refused' ? (outcome.refusal.details?.['since'] ?? '') : '';
    };
    const first = since();
    expect(first).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    cluster.pass(40 * HEARTBEAT_MS, [1]);
    expect(since()).to.equal(first);
    cluster.pass(20 * HEARTBEAT_MS);
    expect(since()).to.equal('');
    const told = core.notices.filter(({ kind }) => kind === 'readOnly' || kind === 'writable');
    expect(told.map(({ kind }) => kind)).to.deep.equal(['readOnly', 'writable']);
    expect(told[0]).to.have.property('why').that.includes(`closed since ${first}`);
  });
});
