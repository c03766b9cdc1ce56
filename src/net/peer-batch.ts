import { createHash } from 'node:crypto';
import type { ReplicaIndex } from '../base/numbers.js';
import type { Envelope } from '../vsr/message.js';
import type { ReplicationExchangeRequest__Output } from './generated/justhungry/v1/ReplicationExchangeRequest.js';
import { messageOf } from './message-codec.js';
import { MalformedError, replicaIndexOf } from './wire-values.js';

/** Hash of the members' ids in their order: replicas of different configurations do not talk (rule 8). */
export function membersHash(ids: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(ids)).digest('hex').slice(0, 32);
}

const CLUSTER_ID = /^[0-9a-zA-Z-]{0,64}$/;

/** What a batch held: envelopes that are valid, and what was wrong with the rest. */
export interface ReceivedBatch {
  readonly envelopes: readonly Envelope[];
  readonly problems: readonly string[];
}

/** Checks everything in a batch from a peer. A bad frame drops all of it, a bad message only itself. */
export function receivedBatch(
  batch: ReplicationExchangeRequest__Output,
  me: { readonly self: ReplicaIndex; readonly count: number; readonly membersHash: string },
): ReceivedBatch {
  const envelopes: Envelope[] = [];
  const problems: string[] = [];
  try {
    const from = replicaIndexOf(batch.sender, me.count);
    if (from === me.self) throw new MalformedError('the sender has my own index');
    if (batch.members_hash !== me.membersHash) throw new MalformedError('the sender has other members configured');
    if (!CLUSTER_ID.test(batch.cluster_id)) throw new MalformedError('the cluster id is malformed');
    for (const wire of batch.messages) {
      try {
        envelopes.push({ from, clusterId: batch.cluster_id, message: messageOf(wire) });
      } catch (error) {
        problems.push(problemText(error));
      }
    }
  } catch (error) {
    problems.push(problemText(error));
  }
  return { envelopes, problems };
}

/** Bugs are not swallowed: only what the gate itself found is a fault of the input. */
function problemText(error: unknown): string {
  if (error instanceof MalformedError) return error.problem;
  throw error;
}
