import type { ServerResponse } from 'node:http';
import { assertNever } from '../../base/assert.js';
import { pause } from './time-limit.js';

/** What can be wrong with a web service. */
export type Misbehaviour =
  /** Answers with this HTTP status, and a Retry-After in seconds if given. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Sends the headers and the beginning of a body, and no more. */
  | { readonly kind: 'stall' }
  /** Answers 200, or `status`, with this text; by default one that is no JSON. */
  | { readonly kind: 'garbage'; readonly body?: string; readonly status?: number }
  /** Sends a body of this many bytes that begins like a proper one. */
  | { readonly kind: 'oversized'; readonly bytes: number }
  /** Answers properly, this much later. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Breaks the connection. */
  | { readonly kind: 'reset' };

const json = { 'content-type': 'application/json; charset=utf-8' };

/** Treats one request as told; `answer` sends the proper answer. Delays end when `closing` is aborted. */
export function carryOut(
  misbehaviour: Misbehaviour,
  response: ServerResponse,
  answer: () => void,
  closing: AbortSignal,
): void {
  switch (misbehaviour.kind) {
    case 'status': {
      const { status, retryAfterSeconds } = misbehaviour;
      if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds);
      response.writeHead(status, json);
      response.end(JSON.stringify({ status, error: status === 429 ? 'Too Many Requests' : '500 Server Error.' }));
      return;
    }
    case 'hang':
      return;
    case 'stall':
      response.writeHead(200, { ...json, 'content-length': 1000 });
      response.write('{"status":200,"result":{"postcode":');
      return;
    case 'garbage':
      response.writeHead(misbehaviour.status ?? 200, json);
      response.end(misbehaviour.body ?? '<html><body>Welcome to the hotel</body></html>');
      return;
    case 'oversized':
      response.writeHead(200, json);
      response.end(`{"status":200,"padding":"${'x'.repeat(misbehaviour.bytes)}"}`);
      return;
    case 'slow':
      void pause(misbehaviour.delayMs, closing).then(answer);
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    default:
      assertNever(misbehaviour);
  }
}
