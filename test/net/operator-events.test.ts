import { expect } from 'chai';
import { replicaIndex } from '../../src/base/numbers.js';
import { createOperationsClient } from '../../src/net/operations-client.js';
import { createPeerTransport } from '../../src/net/peer-transport.js';
import { startReplicaServer } from '../../src/net/replica-server.js';
import type { OperatorEvents, ReplicaEvent, SharedNotice } from '../../src/ports/events.js';
import { freeAddresses } from './support/addresses.js';
import { MemoryCluster } from './support/memory-cluster.js';

const TOKEN = 'cluster-token';
const EVENT: ReplicaEvent = {
  number: 1_795_296_000_000,
  time: '2026-11-21T12:00:00.000Z',
  replica: 'one',
  kind: 'unhealthy',
  view: 7,
  op: 9_000_000_000,
  commit: 3,
  subject: 'two',
  reason: 'text "with" é',
  key: 'k',
};

describe('operators’ events over the network', () => {
  const asked: [number, number][] = [];
  const shared: SharedNotice[] = [];
  const events: OperatorEvents = {
    list(after, limit) {
      asked.push([after, limit]);
      return [EVENT, { ...EVENT, number: EVENT.number + 1, kind: 'damage', subject: '' }];
    },
    share(notice) {
      shared.push(notice);
      return { key: 'other', isMine: true, by: 'one', delivered: ['command'] };
    },
  };

  /** Runs something with a client of a replica that has these events. */
  async function asking<T>(act: (client: ReturnType<typeof createOperationsClient>) => Promise<T>): Promise<T> {
    const cluster = new MemoryCluster(['one', 'two', 'three']);
    const addresses = await freeAddresses(3);
    const replicas = cluster.ids.map((id, index) => ({ id, address: addresses[index] ?? '', resources: '' }));
    const self = replicaIndex(0);
    const transport = createPeerTransport({
      self,
      replicas,
      token: TOKEN,
      clusterId: () => '',
      events: { onEnvelope: () => undefined, onRefused: () => undefined },
    });
    const [calls] = cluster.replicas;
    if (calls === undefined) throw new Error('there is a replica');
    const postcodes = { url: 'http://127.0.0.1', timeoutMs: 1_000, whenUnreachable: 'accept' } as const;
    const configuration = { replicas, token: TOKEN, writeConcern: 'majority', postcodes };
    const server = await startReplicaServer({ configuration, self, transport, calls, events });
    const client = createOperationsClient(server.address, TOKEN);
    try {
      return await act(client);
    } finally {
      client.close();
      await transport.close();
      await server.stop();
    }
  }

  it('come as they are, in pages of a size that is allowed', async () => {
    const [first, second] = await asking(async (client) => {
      const found = await client.events(5, 10);
      await client.events(0, 1_000_000);
      return found;
    });
    expect(first).to.deep.equal(EVENT);
    expect(second).to.include({ kind: 'damage', subject: '' });
    expect(asked).to.deep.equal([
      [5, 10],
      [0, 1_000],
    ]);
  });

  it('a notice is shared, and answered with what is known; one that makes no sense is not looked at', async () => {
    const notice: SharedNotice = { from: 'two', kind: 'unhealthy', subject: 'three', key: 'a', delivered: ['webhook'] };
    const answers = await asking(async (client) => [
      await client.shareNotice(notice),
      await client.shareNotice({ ...notice, key: 'x'.repeat(1_000) }),
    ]);
    expect(shared).to.deep.equal([notice]);
    expect(answers).to.deep.equal([
      { key: 'other', isMine: true, by: 'one', delivered: ['command'] },
      { key: '', isMine: false, by: '', delivered: [] },
    ]);
  });
});
