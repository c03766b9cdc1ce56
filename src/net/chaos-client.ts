import type { ServiceError } from '@grpc/grpc-js';
import { refusal } from '../base/refusal.js';
import type { ChaosDeed, ChaosFault } from '../ports/chaos.js';
import { CallRefusedError } from '../ports/ordering-client.js';
import { bearerMetadata } from './bearer-token.js';
import { faultOfWire, wireFault } from './chaos-codec.js';
import { callRefusedError, refusalOf } from './error-details.js';
import type { ListFaultsResponse__Output } from './generated/justhungry/v1/ListFaultsResponse.js';
import { protocol } from './proto-files.js';
import { clusterChannel, type ClusterTls } from './tls.js';
import { unreachableText } from './unreachable.js';

/** Makes one replica fail on purpose. Calls that fail throw CallRefusedError; where chaos is off its reason is CHAOS_OFF. */
export interface ChaosClient {
  inject(fault: ChaosFault | ChaosDeed): Promise<void>;
  clear(): Promise<void>;
  list(): Promise<ChaosFault[]>;
  close(): void;
}

const DEADLINE_MS = 2_000;

/** Makes a client of the replica at `address`; nothing is sent before the first call. Without `tls`: plain text. */
export function createChaosClient(address: string, token: string, tls?: ClusterTls): ChaosClient {
  const client = new protocol.Operations(address, ...clusterChannel(address, tls));
  const metadata = bearerMetadata(token);
  const deadline = (): { deadline: number } => ({ deadline: Date.now() + DEADLINE_MS });
  const settle =
    <T>(resolve: (value: T) => void, reject: (error: Error) => void) =>
    (error: ServiceError | null, value: T | undefined): void => {
      if (error !== null) reject(failureOf(error, address));
      else if (value !== undefined) resolve(value);
    };
  return {
    async inject(fault) {
      const request = { fault: wireFault(fault) };
      await new Promise<object>((resolve, reject) => {
        client.InjectFault(request, metadata, deadline(), settle(resolve, reject));
      });
    },
    async clear() {
      await new Promise<object>((resolve, reject) => {
        client.ClearFaults({}, metadata, deadline(), settle(resolve, reject));
      });
    },
    async list() {
      const { faults } = await new Promise<ListFaultsResponse__Output>((resolve, reject) => {
        client.ListFaults({}, metadata, deadline(), settle(resolve, reject));
      });
      return faults.flatMap((wire) => {
        const fault = faultOfWire(wire);
        return 'problem' in fault || fault.kind === 'kill' || fault.kind === 'pause' ? [] : [fault];
      });
    },
    close: () => client.close(),
  };
}

function failureOf(error: ServiceError, address: string): CallRefusedError {
  const told = callRefusedError(error);
  const words = refusalOf(error) === undefined ? unreachableText(error, address, DEADLINE_MS) : undefined;
  if (words === undefined) return told;
  return new CallRefusedError(refusal(told.refusal.reason, words), told.status, { cause: error });
}
