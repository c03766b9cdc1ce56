import { createOperationsClient } from '../net/operations-client.js';
import type { ClusterTls } from '../net/tls.js';
import type { PlannedEnd } from '../ports/calls.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { PeerConsent } from '../runtime/planned-ends.js';

/** ms that a peer has for its answer; the operator's call waits. */
const ANSWER_WITHIN_MS = 1_000;

/** Asks all other replicas whether this one may end; those that do not answer, or are too old to know the question, are missing. */
export async function askPeers(
  { replicas, token }: Pick<ClusterConfiguration, 'replicas' | 'token'>,
  tls: ClusterTls | undefined,
  end: PlannedEnd,
): Promise<readonly PeerConsent[]> {
  const answers = replicas
    .filter(({ id }) => id !== end.from)
    .map(async ({ id, address }): Promise<readonly PeerConsent[]> => {
      const peer = createOperationsClient(address, token, tls);
      try {
        return [{ id, refusal: await peer.agreeToEnd(end, ANSWER_WITHIN_MS) }];
      } catch {
        return [];
      } finally {
        peer.close();
      }
    });
  return (await Promise.all(answers)).flat();
}
