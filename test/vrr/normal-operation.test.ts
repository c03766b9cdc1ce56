import { expect } from 'chai';
import { encodeEntry, GENESIS_CHAIN } from '../../src/base/entry.js';
import { op, view } from '../../src/base/numbers.js';
import { Cluster, entryOf, HEARTBEAT_MS } from '../support/core-driver.js';

describe('4.1 normal operation (rules 1 and 2)', () => {
  it('4.1 normal operation: an order is answered when a majority has it on disk', () => {
    const cluster = Cluster.founded();
    const call = cluster.write(0, 'a');
    expect(cluster.inFlight('prepare')).to.have.length(2);
    cluster.deliver(cluster.inFlight('prepare', { to: 1 }));
    cluster.core(0).fsync();
    expect(call.outcome, 'one disk is no majority').to.equal(undefined);
    cluster.core(1).fsync();
    cluster.deliver(cluster.inFlight('prepareOk', { from: 1 }));
    expect(call.outcome).to.deep.include({ kind: 'written' });
    expect(call.outcome).to.have.nested.property('receipt.copies', 2);
    expect(call.outcome).to.have.nested.property('receipt.committed', true);
  });

  it('4.1 normal operation: a prepare is one message for all backups, which the transport writes once', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    const [first, second] = cluster.inFlight('prepare').map(({ message }) => message);
    expect(first !== undefined && first === second).to.equal(true);
  });

  it('rule 1: prepareOk follows the fsync, never the message', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.deliver(cluster.inFlight('prepare', { to: 1 }));
    expect(cluster.inFlight('prepareOk')).to.deep.equal([]);
    cluster.core(1).fsync();
    expect(cluster.inFlight('prepareOk').map(({ message }) => message.op)).to.deep.equal([3]);
  });

  it('rule 2: the primary counts its own disk only after its own fsync', () => {
    const cluster = Cluster.founded();
    const call = cluster.write(0, 'a');
    cluster.settle([1]);
    cluster.deliver(cluster.inFlight('prepareOk', { from: 1 }));
    expect(call.outcome).to.equal(undefined);
    expect(cluster.core(0).state.commit).to.equal(2);
    cluster.core(0).fsync();
    expect(call.outcome).to.deep.include({ kind: 'written' });
  });

  it('rule 2: a majority of backups commits, but the own tables follow the own disk', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.settle([1, 2]);
    cluster.deliver(cluster.inFlight('prepareOk'));
    expect(cluster.core(0).state).to.include({ commit: 3, applied: 2 });
    cluster.core(0).fsync();
    expect(cluster.core(0).state.applied).to.equal(3);
  });

  it('4.1 normal operation: prepareOk is cumulative', () => {
    const cluster = Cluster.founded();
    const calls = [cluster.write(0, 'a'), cluster.write(0, 'b')];
    cluster.settle([1]);
    cluster.core(0).fsync();
    const [first, last] = cluster.inFlight('prepareOk', { from: 1 });
    if (first === undefined || last === undefined) throw new Error('each fsync is answered');
    cluster.hold([first]);
    cluster.deliver([last]);
    expect(calls.map(({ outcome }) => outcome?.kind)).to.deep.equal(['written', 'written']);
  });

  it('rule 2 a: a prepare with a gap before it is not appended; the gap is asked for', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    const lost = cluster.hold(cluster.inFlight('prepare', { to: 1 }));
    cluster.write(0, 'b');
    cluster.deliver(cluster.inFlight('prepare', { to: 1 }));
    expect(cluster.core(1).disk).to.deep.equal([]);
    expect(cluster.inFlight('getState', { from: 1 }).map(({ message }) => message.after)).to.deep.equal([2]);
    cluster.settle();
    expect(cluster.core(1).lastOp).to.equal(4);
    for (const late of lost) cluster.deliverAgain(late);
    expect(cluster.core(1).disk, 'what comes late changes nothing').to.deep.equal([]);
  });

  it('rule 2 a: an entry whose chain does not follow is not appended', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    const [prepare] = cluster.hold(cluster.inFlight('prepare', { to: 1 }));
    if (prepare === undefined) throw new Error('a prepare was sent');
    const { requestId, service, update, timeMs } = entryOf(cluster.core(0), 3);
    const forged = encodeEntry({ op: op(3), view: view(0), timeMs, requestId, service, update }, GENESIS_CHAIN);
    cluster.deliverAgain({ ...prepare, message: { ...prepare.message, entries: [forged] } });
    expect(cluster.core(1).lastOp).to.equal(2);
    expect(cluster.core(1).notices.at(-1)).to.have.property('why', 'the chain does not follow at op 3');
  });

  it('4.1 normal operation: a repeated prepare is appended once', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    const [prepare] = cluster.inFlight('prepare', { to: 1 });
    if (prepare === undefined) throw new Error('a prepare was sent');
    cluster.deliver([prepare]);
    cluster.deliverAgain(prepare);
    expect(cluster.core(1).disk).to.have.length(1);
    expect(cluster.core(1).lastOp).to.equal(3);
  });

  it('4.1 normal operation: a prepareOk of another view, or beyond the log, is not counted', () => {
    const cluster = Cluster.founded();
    const call = cluster.write(0, 'a');
    cluster.core(0).fsync();
    for (const [inView, upTo] of [[1, 3] as const, [0, 9] as const]) {
      const message = { kind: 'prepareOk', view: view(inView), op: op(upTo), chain: cluster.core(0).chain } as const;
      if (inView === 0) cluster.deliverAgain({ from: 1, to: 0, clusterId: cluster.core(0).state.clusterId, message });
    }
    expect(call.outcome).to.equal(undefined);
  });

  it('rule 12: the commit number reaches backups by heartbeat, and tables follow min(commit, own disk)', () => {
    const cluster = Cluster.founded();
    cluster.write(0, 'a');
    cluster.deliver(cluster.inFlight('prepare'));
    cluster.settle([0, 1]);
    cluster.sleep(HEARTBEAT_MS);
    cluster.core(0).tick();
    cluster.deliver(cluster.inFlight('heartbeat', { to: 2 }));
    expect(cluster.core(2).state).to.include({ commit: 3, durable: 2, applied: 2 });
    cluster.core(2).fsync();
    expect(cluster.core(2).state.applied).to.equal(3);
  });

  it('4.1 normal operation: a backup refuses a write and names the primary', () => {
    const cluster = Cluster.founded();
    const call = cluster.write(1, 'a');
    expect(call.outcome).to.deep.include({ kind: 'refused', primary: 0 });
    expect(cluster.core(1).lastOp).to.equal(2);
  });

  it('4.1 normal operation: too many uncommitted orders are refused, not queued without end', () => {
    const cluster = Cluster.founded({ uncommittedOpsMax: 2 });
    const calls = cluster.writeAll(0, ['a', 'b', 'c']);
    expect(calls[2]?.outcome).to.have.nested.property('refusal.reason', 'OVERLOADED');
    expect(cluster.core(0).lastOp).to.equal(4);
  });

  it('4.1 normal operation: so are too many bytes of them, until they are committed', () => {
    const cluster = Cluster.founded({ uncommittedBytesMax: 400 });
    const calls = cluster.writeAll(0, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    const refused = calls.filter(({ outcome }) => outcome?.kind === 'refused');
    expect(refused.length).to.be.within(1, 7);
    for (const { outcome } of refused) expect(outcome).to.have.nested.property('refusal.reason', 'OVERLOADED');
    cluster.settle();
    const later = cluster.write(0, 'i');
    cluster.settle();
    expect(later.outcome).to.have.property('kind', 'written');
  });

  it('rule 12: below the configured quorum writes are refused at once, with the reason', () => {
    const cluster = Cluster.founded();
    cluster.isolate(0);
    cluster.pass(200, [0]);
    cluster.sleep(60);
    const call = cluster.write(0, 'a');
    expect(call.outcome).to.have.nested.property('refusal.reason', 'NO_QUORUM');
  });
});
