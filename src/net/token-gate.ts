import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { refusal, type Refusal } from '../base/refusal.js';
import { CLUSTER_TOKEN, tokenRefusal } from './bearer-token.js';
import { statusOf } from './error-details.js';

/** Requests of strangers (they may ask health) that are still coming in, at most; each may grow to the largest message. */
const STRANGERS_MAX = 8;
/** ms in which such a request must have come in. */
const STRANGER_WITHIN_MS = 2_000;

const HEALTH = '/grpc.health.v1.Health/';

/**
 * Looks at a call when its headers are there. gRPC reads the whole message of a unary call before it asks whoever answers: a stranger
 * who begins many large ones and ends none would fill the memory of a replica. Streams are left to their own guard, which sees
 * the headers first, and are not slowed down by this one.
 */
export function tokenGate(token: string): ServerInterceptor {
  const strangers = { count: 0 };
  return (method, call) => {
    if (method.requestStream) return call as ServerInterceptingCall;
    const isOpen = method.path.startsWith(HEALTH);
    return new ServerInterceptingCall(call, {
      start(next) {
        let arrived = (): void => undefined;
        next({
          onReceiveMetadata(metadata: Metadata, go: (metadata: Metadata) => void) {
            const refused = tokenRefusal(metadata, token, CLUSTER_TOKEN);
            if (refused === undefined) return go(metadata);
            if (!isOpen) return end(call, refused);
            if (strangers.count >= STRANGERS_MAX) return end(call, tooMany);
            arrived = expected(call, strangers);
            go(metadata);
          },
          onReceiveHalfClose(go: () => void) {
            arrived();
            go();
          },
          onCancel: () => arrived(),
        });
      },
    });
  };
}

const tooMany = refusal('OVERLOADED', 'Too many calls without the token are coming in; try again in a moment.');

/** Counts a stranger's request until it has come in, and does not wait for ever; gives what to do when it has. */
function expected(call: ServerInterceptingCallInterface, strangers: { count: number }): () => void {
  strangers.count++;
  let isCounted = true;
  const arrived = (): void => {
    if (isCounted) strangers.count--;
    isCounted = false;
    clearTimeout(timer);
  };
  const timer = setTimeout(() => {
    arrived();
    end(call, refusal('OVERLOADED', `The request did not come in within ${STRANGER_WITHIN_MS} ms.`));
  }, STRANGER_WITHIN_MS);
  return arrived;
}

function end(call: ServerInterceptingCallInterface, refused: Refusal): void {
  const { code, details, metadata } = statusOf(refused);
  call.sendStatus({ code, details, metadata });
}
