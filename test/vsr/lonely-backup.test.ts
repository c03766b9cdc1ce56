import { expect } from 'chai';
import { Cluster, HEARTBEAT_MS } from '../support/core-driver.js';

describe('lonely backup (rule 9, NO_QUORUM)', () => {
  it('rule 9: backups that have never heard each other do not take each other for dead when the primary dies', () => {
    const cluster = Cluster.founded();
    cluster.pass(20 * HEARTBEAT_MS);
    cluster.isolate(0);
    cluster.core(1).dispatch({ kind: 'connectionRefused', peer: cluster.core(0).index });
    expect(cluster.write(1, 'a').outcome).to.have.nested.property('refusal.reason', 'NO_PRIMARY');
  });

  it('rule 9: a backup that nobody answers says after five heartbeats that a majority is missing', () => {
    const cluster = Cluster.founded();
    cluster.pass(20 * HEARTBEAT_MS);
    for (const index of [0, 1, 2]) cluster.isolate(index);
    cluster.core(1).dispatch({ kind: 'connectionRefused', peer: cluster.core(0).index });
    cluster.pass(6 * HEARTBEAT_MS, [1]);
    expect(cluster.write(1, 'a').outcome).to.have.nested.property('refusal.reason', 'NO_QUORUM');
  });

  it('rule 9: a backup of which both others refuse the connection says so at once', () => {
    const cluster = Cluster.founded();
    cluster.pass(20 * HEARTBEAT_MS);
    for (const peer of [0, 2]) cluster.core(1).dispatch({ kind: 'connectionRefused', peer: cluster.core(peer).index });
    expect(cluster.write(1, 'a').outcome).to.have.nested.property('refusal.reason', 'NO_QUORUM');
  });
});
