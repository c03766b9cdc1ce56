import type { ClientReadableStream, Metadata, ServiceError } from '@grpc/grpc-js';
import type { OrderEventView } from '../ports/ordering-client.js';
import { isBroken, REOPEN_MS, rest } from './broken-stream.js';
import { callRefusedError } from './error-details.js';
import type { FailoverCaller } from './failover-caller.js';
import type { WatchOrdersResponse__Output } from './generated/justhungry/v1/WatchOrdersResponse.js';
import { orderEventView } from './ordering-views.js';

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
  let waitMs: number = REOPEN_MS.first;
  while (!signal.aborted) {
    const { client, index } = caller.streamClient();
    const request = userCode === undefined ? { from_op: position } : { from_op: position, user_code: userCode };
    const stream = client.WatchOrders(request, metadata);
    const cancel = (): void => stream.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      for await (const response of stream as ClientReadableStream<WatchOrdersResponse__Output>) {
        const event = orderEventView((response as WatchOrdersResponse__Output).event);
        waitMs = REOPEN_MS.first;
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
    await rest(waitMs, signal);
    waitMs = Math.min(waitMs * 2, REOPEN_MS.max);
  }
}
