import { credentials, type ServiceError } from '@grpc/grpc-js';
import type { ReplicaStatus } from '../ports/calls.js';
import { bearerMetadata } from './bearer-token.js';
import { clusterChannelOptions } from './channel-options.js';
import { callRefusedError } from './error-details.js';
import type { GetStatusResponse__Output } from './generated/justhungry/v1/GetStatusResponse.js';
import { replicaStatusOf } from './operations-codec.js';
import { protocol } from './proto-files.js';

/** One replica as its operators ask it. Calls that fail throw CallRefusedError; a dead replica fails at once. */
export interface OperationsClient {
  /** Default deadline: 1,000 ms from now. */
  status(deadlineMs?: number): Promise<ReplicaStatus>;
  /** Asks a primary to give up its office; done when it has been told. */
  resign(why: string, deadlineMs?: number): Promise<void>;
  close(): void;
}

const DEADLINE_MS = 1000;

/** Makes a client of the replica at `address`; nothing is sent before the first call. */
export function createOperationsClient(address: string, token: string): OperationsClient {
  const client = new protocol.Operations(address, credentials.createInsecure(), clusterChannelOptions);
  const metadata = bearerMetadata(token);
  return {
    async status(deadlineMs = DEADLINE_MS) {
      const wire = await new Promise<GetStatusResponse__Output>((resolve, reject) => {
        client.GetStatus({}, metadata, { deadline: Date.now() + deadlineMs }, settle(resolve, reject));
      });
      return replicaStatusOf(wire);
    },
    async resign(why, deadlineMs = DEADLINE_MS) {
      await new Promise<object>((resolve, reject) => {
        client.Resign({ why }, metadata, { deadline: Date.now() + deadlineMs }, settle(resolve, reject));
      });
    },
    close: () => client.close(),
  };
}

function settle<T>(resolve: (value: T) => void, reject: (error: Error) => void) {
  return (error: ServiceError | null, value: T | undefined): void => {
    if (error !== null) reject(callRefusedError(error));
    else if (value !== undefined) resolve(value);
  };
}
