import { credentials, type ServiceError } from '@grpc/grpc-js';
import { refusal } from '../base/refusal.js';
import type { IncomingBackup } from '../ports/backup.js';
import type { ReplicaStatus } from '../ports/calls.js';
import { CallRefusedError, type OrderView } from '../ports/ordering-client.js';
import { receiveBackup } from './backup-stream.js';
import { bearerMetadata } from './bearer-token.js';
import { clusterChannelOptions } from './channel-options.js';
import { callRefusedError, refusalOf } from './error-details.js';
import type { GetStatusResponse__Output } from './generated/justhungry/v1/GetStatusResponse.js';
import type { ListOutboxResponse__Output } from './generated/justhungry/v1/ListOutboxResponse.js';
import { replicaStatusOf } from './operations-codec.js';
import { orderView } from './ordering-views.js';
import { protocol } from './proto-files.js';
import { unreachableText } from './unreachable.js';

/**
 * One replica as its operators ask it. Calls that fail throw CallRefusedError, which says in words why there is no answer; a dead
 * replica fails at once.
 */
export interface OperationsClient {
  /** Default deadline: 1,000 ms from now. */
  status(deadlineMs?: number): Promise<ReplicaStatus>;
  /** What waits in its outbox, oldest first, all of it. Default deadline of each page: 1,000 ms. */
  outbox(deadlineMs?: number): Promise<OrderView[]>;
  /** Asks a primary to give up its office; done when it has been told. */
  resign(why: string, deadlineMs?: number): Promise<void>;
  /** What it holds now, to be kept; ends when nothing comes for `silenceMs`, default 10,000. Close the client when all was read. */
  backup(silenceMs?: number): Promise<IncomingBackup>;
  close(): void;
}

const DEADLINE_MS = 1000;
/** ms without a piece after which a replica that sends a backup is given up: it hangs. */
const SILENCE_MS = 10_000;
/** Orders of one page, and pages read at most: more than an outbox holds. */
const OUTBOX_PAGE = 100;
const OUTBOX_PAGES_MAX = 300;

/** Makes a client of the replica at `address`; nothing is sent before the first call. */
export function createOperationsClient(address: string, token: string): OperationsClient {
  const client = new protocol.Operations(address, credentials.createInsecure(), clusterChannelOptions);
  const metadata = bearerMetadata(token);
  const settle =
    <T>(resolve: (value: T) => void, reject: (error: Error) => void, deadlineMs: number) =>
    (error: ServiceError | null, value: T | undefined): void => {
      if (error !== null) reject(failureOf(error, address, deadlineMs));
      else if (value !== undefined) resolve(value);
    };
  return {
    async status(deadlineMs = DEADLINE_MS) {
      const wire = await new Promise<GetStatusResponse__Output>((resolve, reject) => {
        client.GetStatus({}, metadata, { deadline: Date.now() + deadlineMs }, settle(resolve, reject, deadlineMs));
      });
      return replicaStatusOf(wire);
    },
    async outbox(deadlineMs = DEADLINE_MS) {
      const found = new Map<string, OrderView>();
      for (let after = '', pages = 0; pages < OUTBOX_PAGES_MAX; pages++) {
        const request = { after_order_id: after, limit: OUTBOX_PAGE };
        const page = await new Promise<ListOutboxResponse__Output>((resolve, reject) => {
          client.ListOutbox(
            request,
            metadata,
            { deadline: Date.now() + deadlineMs },
            settle(resolve, reject, deadlineMs),
          );
        });
        // The one asked for may have left meanwhile: then the first page comes again.
        for (const order of page.orders) found.set(order.order_id, orderView(order));
        after = page.orders.at(-1)?.order_id ?? '';
        if (!page.has_more) break;
      }
      return [...found.values()];
    },
    async resign(why, deadlineMs = DEADLINE_MS) {
      await new Promise<object>((resolve, reject) => {
        client.Resign({ why }, metadata, { deadline: Date.now() + deadlineMs }, settle(resolve, reject, deadlineMs));
      });
    },
    backup(silenceMs = SILENCE_MS) {
      const stream = client.Backup({}, metadata, {});
      const failureOfCall = (error: unknown): Error =>
        error instanceof Error && 'code' in error
          ? failureOf(error as ServiceError, address, silenceMs)
          : new Error(String(error), { cause: error });
      return receiveBackup({ stream, failureOf: failureOfCall }, silenceMs);
    },
    close: () => client.close(),
  };
}

function failureOf(error: ServiceError, address: string, deadlineMs: number): CallRefusedError {
  const told = callRefusedError(error);
  const words = refusalOf(error) === undefined ? unreachableText(error, address, deadlineMs) : undefined;
  if (words === undefined) return told;
  return new CallRefusedError(refusal(told.refusal.reason, words), told.status, { cause: error });
}
