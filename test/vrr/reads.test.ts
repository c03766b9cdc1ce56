import { expect } from 'chai';
import { Cluster, HEARTBEAT_MS } from '../support/core-driver.js';
import { READ_BYTES_PER_STEP_MAX } from '../../src/vsr/reads.js';

/** A founded cluster with one order on every disk. */
function cluster3(): Cluster {
  const cluster = Cluster.founded();
  cluster.write(0, 'first');
  cluster.pass(2 * HEARTBEAT_MS);
  return cluster;
}

describe('rule 9 reads', () => {
  it('rule 9 reads: a linearizable read waits for a round begun after it', () => {
    const cluster = cluster3();
    const read = cluster.read(0);
    expect(read.outcome).to.equal(undefined);
    expect(cluster.inFlight('heartbeat')).to.have.length(2);
    cluster.deliver(cluster.inFlight('heartbeat', { to: 1 }));
    cluster.deliver(cluster.inFlight('heartbeatOk', { from: 1 }));
    expect(read.outcome).to.have.nested.property('asOf.op', 3);
    expect(read.outcome).to.have.nested.property('asOf.complete', true);
  });

  it('rule 9 reads: an answer to an earlier round releases nothing', () => {
    const cluster = cluster3();
    cluster.read(0);
    const [early] = cluster.hold(cluster.inFlight('heartbeat', { to: 1 }));
    const read = cluster.read(0);
    if (early === undefined) throw new Error('a round was begun');
    cluster.deliverAgain(early);
    cluster.deliver(cluster.inFlight('heartbeatOk', { from: 1 }));
    expect(read.outcome).to.equal(undefined);
  });

  it('rule 9 reads: one round serves all reads of a batch', () => {
    const cluster = cluster3();
    const reads = [cluster.read(0), cluster.read(0)];
    cluster.settle();
    for (const read of reads) expect(read.outcome).to.have.property('kind', 'read');
  });

  it('rule 9 reads: a read waits until the tables hold what was in the log when it came', () => {
    const cluster = cluster3();
    cluster.write(0, 'a');
    const read = cluster.read(0);
    cluster.hold(cluster.inFlight('prepare'));
    cluster.deliver(cluster.inFlight('heartbeat'));
    for (const { message, ...one } of cluster.inFlight('heartbeatOk')) cluster.deliver([{ ...one, message }]);
    cluster.core(0).fsync();
    expect(read.outcome, 'op 4 may be acknowledged by whoever takes over').to.equal(undefined);
    cluster.pass(4 * HEARTBEAT_MS);
    expect(read.outcome).to.have.nested.property('asOf.op', 4);
    expect(read.outcome).to.have.nested.property('answer.body.total', 2);
  });

  it('rule 9 reads: a deposed primary that knows of nothing answers no linearizable read', () => {
    const cluster = cluster3();
    cluster.isolate(0);
    cluster.pass(10 * HEARTBEAT_MS, [1, 2]);
    cluster.write(1, 'b');
    cluster.settle([1, 2]);
    expect(cluster.core(0).isPrimary).to.equal(true);
    const read = cluster.read(0);
    cluster.settle([0]);
    expect(read.outcome).to.equal(undefined);
    cluster.mend();
    cluster.pass(4 * HEARTBEAT_MS);
    expect(read.outcome, 'it must be asked of the next primary').to.deep.equal({ kind: 'dropped' });
  });

  it('rule 9 reads: linearizable reads are dropped on leaving, the others stay', () => {
    const cluster = cluster3();
    const fresh = cluster.read(0);
    const session = cluster.read(0, 'session', 4);
    cluster.core(0).dispatch({ kind: 'resign', why: 'told to' });
    expect(fresh.outcome).to.deep.equal({ kind: 'dropped' });
    expect(session.outcome).to.equal(undefined);
    cluster.pass(4 * HEARTBEAT_MS);
    cluster.write(cluster.primary.index, 'b');
    cluster.pass(4 * HEARTBEAT_MS);
    expect(session.outcome).to.have.nested.property('asOf.op', 4);
  });

  it('rule 9 reads: a backup in the view answers a round though it lacks the log, a recovering one does not', () => {
    const cluster = cluster3();
    cluster.core(2).wipe();
    cluster.core(2).boot();
    cluster.cut(0, 1);
    cluster.pass(2 * HEARTBEAT_MS, [0, 2]);
    const read = cluster.read(0);
    cluster.pass(2 * HEARTBEAT_MS, [0, 2]);
    expect(cluster.core(2).state.status).to.be.oneOf(['recovering', 'founding']);
    expect(read.outcome).to.equal(undefined);
  });

  it('rule 9 reads: session answers at any replica that has reached the caller’s op', () => {
    const cluster = cluster3();
    cluster.cut(0, 2);
    cluster.write(0, 'a');
    cluster.pass(2 * HEARTBEAT_MS, [0, 1]);
    const level = cluster.read(1, 'session', 4);
    const behind = cluster.read(2, 'session', 4);
    expect(level.outcome).to.have.nested.property('asOf.op', 4);
    expect(behind.outcome).to.equal(undefined);
    cluster.mend();
    cluster.pass(4 * HEARTBEAT_MS);
    expect(behind.outcome).to.have.nested.property('asOf.op', 4);
  });

  it('rule 9 reads: any answers at once, from committed state only', () => {
    const cluster = cluster3();
    cluster.write(0, 'a', { value: 100 });
    cluster.core(0).fsync();
    const read = cluster.read(0, 'any');
    expect(read.outcome).to.have.nested.property('answer.body.total', 1);
  });

  it('rule 9 reads: a backup refuses a linearizable read', () => {
    const cluster = cluster3();
    expect(cluster.read(1).outcome).to.deep.include({ kind: 'refused', primary: 0 });
  });

  it('rule 9 reads: nobody waits, nothing is answered', () => {
    const cluster = cluster3();
    cluster.isolate(0);
    const read = cluster.read(0, 'linearizable', 0, 30);
    cluster.pass(50, [0]);
    expect(read.outcome).to.equal(undefined);
    expect(cluster.core(0).state.reads).to.deep.equal([]);
  });

  it('rule 9: many that are answered with much are answered over several steps, oldest first, and heartbeats come between', () => {
    const cluster = Cluster.founded();
    const { state } = cluster.core(0);
    const ledger = state.services.get('ledger');
    if (ledger === undefined) throw new Error('there is a ledger');
    const query = ledger.query.bind(ledger);
    ledger.query = (asked) => ({ ...query(asked), bytes: READ_BYTES_PER_STEP_MAX / 2 });
    const reads = Array.from({ length: 100 }, () => cluster.read(0, 'session', state.applied + 1));
    const answered = (): number => reads.filter(({ outcome }) => outcome?.kind === 'read').length;
    const write = cluster.write(0, 'a');
    cluster.settle();
    expect(write.outcome?.kind, 'nobody waits for the reads').to.equal('written');
    const first = answered();
    expect(first).to.be.within(2, 50);
    expect(state.areReadsDue).to.equal(true);
    cluster.core(0).dispatch({ kind: 'reads', requests: [] });
    expect(answered()).to.equal(first + 2);
    expect(reads.slice(0, first + 2).every(({ outcome }) => outcome !== undefined)).to.equal(true);
    cluster.core(0).tick();
    expect(answered(), 'a tick answers some too').to.be.above(first + 2);
    while (state.areReadsDue) cluster.core(0).dispatch({ kind: 'reads', requests: [] });
    expect(answered()).to.equal(reads.length);
  });
});
