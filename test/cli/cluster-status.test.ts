import { expect } from 'chai';
import { clusterStatus, type ReplicaAnswer } from '../../src/cli/cluster-status.js';
import type { ReplicaStatus } from '../../src/ports/calls.js';

const IDS = ['replica-1', 'replica-2', 'replica-3'];
const QUORUM = 2;

/** A replica that answers; `heard` are the others that it hears. */
const answer = (id: string, role: ReplicaStatus['role'], reason: string, heard: readonly string[]): ReplicaAnswer => ({
  id,
  address: '',
  why: '',
  status: {
    id,
    role,
    view: 1,
    logView: 1,
    op: 9,
    durableOp: 9,
    commit: 9,
    applied: 9,
    chain: '',
    primaryId: '',
    writable: false,
    reason,
    peers: IDS.filter((peer) => peer !== id).map((peer) => ({
      id: peer,
      health: heard.includes(peer) ? 'healthy' : 'unhealthy',
    })),
    outbox: 0,
    takesAlone: false,
    damage: [],
    uptimeMs: 1,
    orders: 0,
    reads: 0,
    diskFreeBytes: undefined,
    lagMs: 0,
    lastFault: undefined,
  },
});
const silent = (id: string): ReplicaAnswer => ({ id, address: '', why: 'connection refused', status: undefined });
const LONELY = 'Orders are closed since 2026-01-01T00:00:00Z: replica-1 reaches 1 of 3.';

describe('cluster status', () => {
  it('two replicas down: how many are needed, since when, and that of the survivor in its row', () => {
    const { writable, reason, replicas } = clusterStatus(
      [answer('replica-1', 'backup', LONELY, []), silent('replica-2'), silent('replica-3')],
      QUORUM,
    );
    expect(writable).to.equal(false);
    expect(reason).to.equal(`1 of 3 replicas answer, 2 are needed: start the others. ${LONELY}`);
    expect(replicas.map((replica) => replica.reason)).to.deep.equal([
      LONELY,
      'connection refused',
      'connection refused',
    ]);
  });

  it('one of three alone that keeps ordering: one sentence that says so, nowhere that orders are closed', () => {
    const alone = answer('replica-1', 'backup', LONELY, []);
    const status = alone.status && { ...alone.status, takesAlone: true, outbox: 2 };
    const { writable, reason, replicas } = clusterStatus(
      [{ ...alone, status }, silent('replica-2'), silent('replica-3')],
      QUORUM,
    );
    expect(writable).to.equal(false);
    expect(reason).to.equal(
      'they are kept in an outbox and placed as soon as 2 of 3 replicas reach each other (1 of 3 answer now): start the others. ' +
        'Nothing else can be changed meanwhile.',
    );
    expect(replicas[0]?.reason).to.equal('takes new orders alone; 2 in the outbox');
  });

  it('two replicas wiped: who remembers, and what the operator can do', () => {
    const wiped = ['replica-2', 'replica-3'].map((id) => answer(id, 'recovering', 'recovering', ['replica-1']));
    const { reason } = clusterStatus([answer('replica-1', 'backup', LONELY, []), ...wiped], QUORUM);
    expect(reason).to.match(/^replica-2, replica-3 lost what was on disk .* only replica-1 does\./);
    expect(reason).to.match(/just-hungry rebuild .* --from /);
  });

  it('one replica wiped, one down: start it', () => {
    const { reason } = clusterStatus(
      [answer('replica-1', 'backup', LONELY, []), answer('replica-2', 'recovering', '', []), silent('replica-3')],
      QUORUM,
    );
    expect(reason).to.match(/^replica-2 lost .* only replica-1 does\. Start those that do not answer/);
  });

  it('nobody remembers: start the others', () => {
    const { reason } = clusterStatus(
      [answer('replica-1', 'recovering', '', []), silent('replica-2'), silent('replica-3')],
      QUORUM,
    );
    expect(reason).to.match(/none does\. Start the others/);
  });

  const primaryThatHears = (heard: readonly string[]): ReplicaAnswer => {
    const primary = answer('replica-1', 'primary', '', heard);
    return { ...primary, status: primary.status && { ...primary.status, writable: true } };
  };

  it('a replica is down: it may not fail again, and what to do', () => {
    const { may_fail, replicas, advice } = clusterStatus(
      [primaryThatHears(['replica-2']), answer('replica-2', 'backup', '', ['replica-1']), silent('replica-3')],
      QUORUM,
    );
    expect(may_fail).to.equal(0);
    expect(replicas[2]).to.include({ role: 'down', health: 'unhealthy', orders: null, reads: null, lag_seconds: null });
    expect(advice).to.have.length(1);
    expect(advice[0]).to.match(/^start replica-3 /);
  });

  it('a backup that the primary does not hear: it cannot take the place of another', () => {
    const backups = ['replica-2', 'replica-3'].map((id) => answer(id, 'backup', '', IDS));
    const { may_fail, replicas } = clusterStatus([primaryThatHears(['replica-2']), ...backups], QUORUM);
    expect(may_fail).to.equal(0);
    expect(replicas[2]).to.include({ role: 'backup', health: 'unhealthy' });
  });

  it('copies that differ, a disk that is nearly full, a backup that lags: each is told', () => {
    const lagging = answer('replica-3', 'backup', '', IDS);
    const status = lagging.status && { ...lagging.status, lagMs: 12_340, diskFreeBytes: 5e8 };
    const hashes = {
      op: 7,
      byId: new Map(IDS.map((id) => [id, id === 'replica-2' ? 'b'.repeat(64) : 'a'.repeat(64)])),
    };
    const { advice, replicas, hash_op } = clusterStatus(
      [primaryThatHears(IDS), answer('replica-2', 'backup', '', IDS), { ...lagging, status }],
      QUORUM,
      hashes,
    );
    expect(hash_op).to.equal(7);
    expect(replicas[2]).to.include({ lag_seconds: 12.3, disk_free_bytes: 5e8, state_hash: 'a'.repeat(64) });
    expect(advice.map((line) => line.split(/[:,] /)[0])).to.deep.equal([
      'the copies differ at op 7',
      'make room on the disk of replica-3',
      'replica-3 is 12 s behind',
    ]);
  });

  it('without a primary: as badly as anyone that answers sees it', () => {
    const { replicas } = clusterStatus(
      [
        answer('replica-1', 'backup', '', IDS),
        answer('replica-2', 'backup', '', ['replica-1']),
        answer('replica-3', 'backup', '', IDS),
      ],
      QUORUM,
    );
    expect(replicas.map(({ health }) => health)).to.deep.equal(['healthy', 'healthy', 'unhealthy']);
  });

  it('a view change under way: patience, and no complaint of a backup that hears enough', () => {
    const backups = IDS.map((id) => answer(id, 'backup', 'not the primary', IDS));
    const { reason, replicas } = clusterStatus(backups, QUORUM);
    expect(reason).to.match(/no replica is primary yet/);
    expect(replicas.map((replica) => replica.reason)).to.deep.equal(['', '', '']);
  });
});
