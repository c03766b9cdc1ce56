import type { ClusterConfiguration } from '../ports/configuration.js';
import { commonState } from '../operations/common-op.js';
import { stateHash } from '../operations/state-comparison.js';
import type { Cli } from './cli.js';
import type { ReplicaAnswer, StateHashes } from './cluster-status-view.js';
import type { Inspector } from './environment.js';

/** ms that a status waits for hashes at one op: a replica that lags further has none in it. */
const PATIENCE_MS = 700;

/** Asks the members of the view for the hash of what they hold at one op, which soon all have reached. */
export async function stateHashes(
  cli: Cli,
  { replicas, ...access }: Pick<ClusterConfiguration, 'replicas' | 'token' | 'tls'>,
  answers: readonly ReplicaAnswer[],
): Promise<StateHashes> {
  const inspectors: Inspector[] = [];
  try {
    const comparable = [];
    for (const { id, status } of answers) {
      const member = replicas.find((one) => one.id === id);
      if (member === undefined || (status?.role !== 'primary' && status?.role !== 'backup')) continue;
      const inspector = await cli.environment.createInspector(member.address, access);
      inspectors.push(inspector);
      comparable.push({ id, noteAt: inspector.noteAt, applied: status.applied });
    }
    if (comparable.length === 0) return { op: 0, byId: new Map() };
    const { op, states } = await commonState(comparable, { monotonicMs: () => performance.now() }, PATIENCE_MS);
    const noted = states.flatMap(({ id, note }) => (note === undefined ? [] : [[id, stateHash(note)] as const]));
    return { op: noted.length === 0 ? 0 : op, byId: new Map(noted) };
  } finally {
    for (const inspector of inspectors) inspector.close();
  }
}
