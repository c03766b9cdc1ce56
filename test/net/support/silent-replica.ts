// A replica's server in a process of its own, to be killed: listens at the address given and says nothing.
import { replicaIndex } from '../../../src/base/numbers.js';
import { createPeerTransport } from '../../../src/net/peer-transport.js';
import { startReplicaServer } from '../../../src/net/replica-server.js';
import { MemoryCluster } from './memory-cluster.js';
import { TOKEN } from './rig.js';

const [, , address = ''] = process.argv;
const replicas = ['replica-1', 'replica-2', 'replica-3'].map((id, index) => ({
  id,
  address: index === 1 ? address : '127.0.0.1:1',
  resources: '',
}));
const self = replicaIndex(1);
const events = { onEnvelope: () => undefined, onRefused: () => undefined };
const transport = createPeerTransport({ self, replicas, token: TOKEN, clusterId: () => '', events });
const [calls] = new MemoryCluster(['a']).replicas;
if (calls === undefined) throw new Error('one replica');
const postcodes = { url: 'http://127.0.0.1', timeoutMs: 1000, whenUnreachable: 'accept' } as const;
const configuration = { replicas, token: TOKEN, writeConcern: 'majority', postcodes };
await startReplicaServer({ configuration, self, transport, calls });
