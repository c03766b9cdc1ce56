import { expect } from 'chai';
import { execa } from 'execa';
import { op, replicaIndex, view, type ReplicaIndex } from '../../src/base/numbers.js';
import { createPeerTransport, type PeerTransport } from '../../src/net/peer-transport.js';
import { startReplicaServer, type ReplicaServer } from '../../src/net/replica-server.js';
import type { Envelope, Message } from '../../src/vsr/message.js';
import { freeAddresses, until } from './support/addresses.js';
import { MemoryCluster } from './support/memory-cluster.js';
import { TOKEN } from './support/rig.js';

const postcodes = { url: 'http://127.0.0.1', timeoutMs: 1000, whenUnreachable: 'accept' } as const;

/** One replica's transport and server. */
interface Peer {
  readonly transport: PeerTransport;
  readonly received: Envelope[];
  readonly refused: ReplicaIndex[];
  readonly problems: string[];
  server: ReplicaServer;
}

describe('peer transport', () => {
  let replicas: { id: string; address: string; resources: string }[];
  let peers: Peer[];
  let clusterId: string;

  async function startPeer(index: number, changes: { token?: string; ids?: readonly string[] } = {}): Promise<Peer> {
    const self = replicaIndex(index);
    const token = changes.token ?? TOKEN;
    const members = replicas.map((replica, at) => ({ ...replica, id: changes.ids?.[at] ?? replica.id }));
    const [received, refused, problems]: [Envelope[], ReplicaIndex[], string[]] = [[], [], []];
    const events = {
      onEnvelope: (envelope: Envelope) => void received.push(envelope),
      onRefused: (peer: ReplicaIndex) => void refused.push(peer),
    };
    const onProblem = (problem: string) => void problems.push(problem);
    const transport = createPeerTransport({
      self,
      replicas: members,
      token,
      clusterId: () => clusterId,
      events,
      onProblem,
    });
    const [calls] = new MemoryCluster(['a']).replicas;
    if (calls === undefined) throw new Error('one replica');
    const configuration = { replicas: members, token, writeConcern: 'majority', postcodes };
    const server = await startReplicaServer({ configuration, self, transport, calls }).catch(async (error: unknown) => {
      await transport.close();
      throw error;
    });
    const peer = { transport, received, refused, problems, server };
    peers.push(peer);
    return peer;
  }

  async function stopPeer(peer: Peer): Promise<void> {
    peers = peers.filter((other) => other !== peer);
    await peer.transport.close();
    await peer.server.stop();
  }

  beforeEach(async () => {
    const addresses = await freeAddresses(3);
    replicas = addresses.map((address, index) => ({ id: `replica-${index + 1}`, address, resources: '' }));
    peers = [];
    clusterId = 'cluster';
  });
  afterEach(async () => {
    for (const peer of peers) await stopPeer(peer);
  });

  const nonce = (number: number): Message => ({ kind: 'recovery', nonce: number });
  const to = (index: number): ReplicaIndex => replicaIndex(index);

  it('batches: what one turn sends leaves as one', async () => {
    const [a, b] = [await startPeer(0), await startPeer(1)];
    await until(() => a.transport.isUp(to(1)));
    for (let number = 0; number < 100; number++) a.transport.send(to(1), nonce(number));
    await until(() => b.received.length === 100);
    expect(a.transport.counts).to.include({ batchesSent: 1, messagesSent: 100, dropped: 0 });
    expect(b.transport.counts).to.include({ batchesReceived: 1, messagesReceived: 100, malformed: 0 });
    expect(b.received.map(({ message }) => message)).to.deep.equal(Array.from({ length: 100 }, (_, n) => nonce(n)));
    expect(b.received[0]).to.deep.include({ from: 0, clusterId: 'cluster' });
  });

  it('cluster id: that of the moment of sending', async () => {
    const [a, b] = [await startPeer(0), await startPeer(1)];
    await until(() => a.transport.isUp(to(1)));
    clusterId = '';
    a.transport.send(to(1), nonce(1));
    clusterId = 'founded';
    a.transport.send(to(1), nonce(2));
    await until(() => b.received.length === 2);
    expect(b.received.map((envelope) => envelope.clusterId)).to.deep.equal(['', 'founded']);
  });

  it('bulk: has a way of its own, in both directions', async () => {
    const [a, b] = [await startPeer(0), await startPeer(1)];
    await until(() => a.transport.isUp(to(1)) && b.transport.isUp(to(0)));
    const bytes = new Uint8Array(1024 * 1024).fill(7);
    const chunk = (offset: number): Message => ({
      kind: 'chunk',
      checkpoint: op(1),
      file: 'orders.csv',
      offset,
      bytes,
      isGone: false,
      nonce: 1,
    });
    // The lane for bulk opens by itself; until then chunks are dropped and asked for again.
    await until(() => {
      if (b.received.length === 0) a.transport.send(to(1), chunk(0));
      return b.received.length > 0;
    });
    const before = b.received.length;
    for (let offset = 1; offset <= 6; offset++) a.transport.send(to(1), chunk(offset));
    a.transport.send(to(1), { kind: 'startViewChange', view: view(2) });
    await until(() => b.received.some(({ message }) => message.kind === 'startViewChange'));
    await until(() => b.received.length >= before + 7);
    b.transport.send(to(0), nonce(1));
    await until(() => a.received.length === 1);
  });

  it('queue: bounded in bytes, the rest is dropped and counted', async () => {
    const [a] = [await startPeer(0), await startPeer(1)];
    await until(() => a.transport.isUp(to(1)));
    const item = JSON.stringify({
      requestId: '',
      service: '',
      update: 'x'.repeat(1024 * 1024),
      timeMs: 0,
      view: 0,
      op: 0,
    });
    const before = a.transport.counts.dropped;
    for (let count = 0; count < 20; count++) {
      a.transport.send(to(1), { kind: 'submitOutbox', view: view(1), items: [item] });
    }
    expect(a.transport.counts.dropped - before).to.be.within(10, 19);
  });

  it('refused: told of a peer that is not there, at every attempt', async () => {
    const a = await startPeer(0);
    await until(() => a.refused.filter((peer) => peer === 1).length >= 3 && a.refused.includes(to(2)));
    a.transport.send(to(1), nonce(1));
    expect(a.transport.counts.dropped).to.equal(1);
  });

  it('refused: told of a peer that stops, and connected again when it is back', async () => {
    const [a, b] = [await startPeer(0), await startPeer(1)];
    await until(() => a.transport.isUp(to(1)));
    a.refused.length = 0;
    await stopPeer(b);
    await until(() => a.refused.includes(to(1)));
    const again = await startPeer(1);
    await until(() => a.transport.isUp(to(1)));
    a.transport.send(to(1), nonce(5));
    await until(() => again.received.length === 1);
  });

  it('refused: told of a process that is killed (kill -9)', async () => {
    const a = await startPeer(0);
    const [, second] = replicas;
    const child = execa(
      process.execPath,
      ['--import=tsx', `${import.meta.dirname}/support/silent-replica.ts`, second?.address ?? ''],
      { reject: false },
    );
    await until(() => a.transport.isUp(to(1)));
    a.refused.length = 0;
    child.kill('SIGKILL');
    await until(() => a.refused.includes(to(1)));
    expect(a.transport.isUp(to(1))).to.equal(false);
    await child;
  });

  it('token: a wrong one is told to the operator, and is no dead peer', async () => {
    await startPeer(1);
    const a = await startPeer(0, { token: 'guess' });
    await until(() => a.problems.some((problem) => problem.includes('PERMISSION_DENIED')));
    expect(a.refused).not.to.include(to(1));
  });

  it('members: other ones configured are not heard, and the operator is told', async () => {
    const [a, b] = [await startPeer(0, { ids: ['x', 'y', 'z'] }), await startPeer(1)];
    await until(() => a.transport.isUp(to(1)));
    a.transport.send(to(1), nonce(1));
    await until(() => b.transport.counts.malformed === 1);
    expect(b.received).to.deep.equal([]);
    expect(b.problems.join()).to.contain('other members');
  });

  it('bind: a port that is taken is named', async () => {
    await startPeer(0);
    let message = '';
    try {
      await startPeer(0);
    } catch (error) {
      message = String(error);
    }
    expect(message).to.contain(`replica replica-1: cannot listen on ${replicas[0]?.address}: the port is taken`);
  });
});
