import { status, type ClientReadableStream, type Metadata, type ServiceError } from '@grpc/grpc-js';
import type { OrderEventView } from '../ports/ordering-client.js';
import { callRefusedError, refusalOf } from './error-details.js';
import type { FailoverCaller } from './failover-caller.js';
import type { WatchOrdersResponse__Output } from './generated/justhungry/v1/WatchOrdersResponse.js';
import { orderEventView } from './ordering-views.js';
import { statusRow } from './status-table.js';

/** Wait before a broken stream is opened again: the first one and the longest, ms. */
const WAIT_MS = { first: 20, max: 200 } as const;

/**
 * Events from an op on, over any number of broken connections, each once. Ends when `signal` is aborted; throws
 * CallRefusedError when the refusal would be the same again.
 */
export async function* watchOrders(
  caller: FailoverCaller,
  metadata: Metadata,
  fromOp: number,
  userCode: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<OrderEventView, void, undefined> {
  let position = fromOp;
  let waitMs: number = WAIT_MS.first;
  while (!signal.aborted) {
    const { client, index } = caller.streamClient();
    const request = userCode === undefined ? { from_op: position } : { from_op: position, user_code: userCode };
    const stream = client.WatchOrders(request, metadata);
    const cancel = (): void => stream.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      for await (const response of stream as ClientReadableStream<WatchOrdersResponse__Output>) {
        const event = orderEventView((response as WatchOrdersResponse__Output).event);
        waitMs = WAIT_MS.first;
        if (event.op < position) continue;
        position = event.op + 1;
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isBroken(error))
        throw error instanceof Error && 'code' in error ? callRefusedError(error as ServiceError) : error;
      caller.passOver(index);
    } finally {
      signal.removeEventListener('abort', cancel);
      stream.cancel();
    }
    await pause(waitMs, signal);
    waitMs = Math.min(waitMs * 2, WAIT_MS.max);
  }
}

/** Whether opening the stream again may help. */
function isBroken(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  const service = error as ServiceError;
  const refused = refusalOf(service);
  if (refused !== undefined) return statusRow(refused.reason).retry === 'sameId';
  return [status.UNAVAILABLE, status.CANCELLED, status.INTERNAL, status.UNKNOWN].includes(service.code);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
