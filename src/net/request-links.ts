import { Client } from '@grpc/grpc-js';
import { present } from '../base/assert.js';
import { replicaIndex, type ReplicaIndex } from '../base/numbers.js';
import type { ForwardedReply, RequestLinks } from '../ports/request-links.js';
import { bearerMetadata } from './bearer-token.js';
import { openExchange, requestsCalls } from './exchanges.js';
import { forwardedReply, wireCall } from './forwarded-codec.js';
import type { CallReply__Output } from './generated/justhungry/v1/CallReply.js';
import type { RequestsExchangeResponse__Output } from './generated/justhungry/v1/RequestsExchangeResponse.js';
import { createStreamLink, type StreamLink } from './stream-link.js';
import { clusterChannel, type ClusterTls } from './tls.js';
import { TurnBatcher } from './turn-batcher.js';
import { MalformedError } from './wire-values.js';
import type { WireCall, WireCalls } from './wire/requests-exchange.js';

/** Call numbers are uint32. */
const CALL_NUMBER_MAX = 0xffffffff;
/** What a call costs besides its payload, about, in bytes. */
const CALL_BYTES = 100;
/** Replies handed on in one turn of the event loop, at least, and the turns that a large batch takes at most … */
const REPLIES_PER_TURN_MIN = 16;
const TURNS_PER_BATCH_MAX = 16;
/** … unless the last turn took this long, ms: where much arrives, answers would come out slower than they come in. */
const TURN_MS_LONG = 5;

/** What request links are made of. */
export interface RequestLinksOptions {
  /** In the order of the configuration; `address` is where this process reaches each. */
  readonly replicas: readonly { readonly id: string; readonly address: string }[];
  /** The cluster's token. */
  readonly token: string;
  /** Absent: plain text. */
  readonly tls?: ClusterTls | undefined;
  /** The replica that this process is, when it relays: it has no link to itself and its calls have made one hop. */
  readonly self?: ReplicaIndex;
  /** Told what an operator should know, such as a wrong token. Default: nobody. */
  readonly onProblem?: (problem: string) => void;
}

interface Way {
  readonly link: StreamLink<WireCalls>;
  readonly batcher: TurnBatcher<WireCall>;
  readonly pending: Map<number, (reply: ForwardedReply) => void>;
}

/** Opens a stream to each replica and keeps it open. */
export function createRequestLinks(options: RequestLinksOptions): RequestLinks {
  const { replicas, token, tls, self, onProblem = () => undefined } = options;
  const hops = self === undefined ? 0 : 1;
  const ids = replicas.map(({ id }) => id);
  const listeners = new Set<(replica: ReplicaIndex, isUp: boolean) => void>();
  let lastNumber = 0;

  function createWay(address: string, index: ReplicaIndex): Way {
    const pending: Way['pending'] = new Map();
    const batcher = new TurnBatcher<WireCall>((calls) => link.write({ calls }));
    let lastProblem = '';
    const link = createStreamLink<WireCalls, RequestsExchangeResponse__Output>({
      open() {
        const client = new Client(address, ...clusterChannel(address, tls));
        return { client, stream: openExchange(client, requestsCalls, bearerMetadata(token)) };
      },
      onUp() {
        lastProblem = '';
        for (const listener of listeners) listener(index, true);
      },
      onData: ({ replies }) => handOn(pending, replies),
      onDrain: () => batcher.drained(),
      onDown({ wasUp, isRefused, problem }) {
        const unsent = new Set(batcher.clear().map(({ call }) => call));
        const calls = [...pending];
        pending.clear();
        if (!isRefused && problem !== lastProblem) onProblem(`replica ${ids[index]} at ${address}: ${problem}`);
        lastProblem = problem;
        if (wasUp) for (const listener of listeners) listener(index, false);
        for (const [number, done] of calls) done({ kind: 'linkDown', isSent: !unsent.has(number) });
      },
    });
    return { link, batcher, pending };
  }

  /**
   * Hands replies to their callers, a piece a turn: the first customers have theirs, and order again, while the rest is being
   * written. In one go a batch of customers moves through all processes in lockstep and leaves a core idle. Batches as streams of
   * orders make them are cut into larger pieces: each piece is a message to the stream.
   */
  function handOn(pending: Way['pending'], replies: readonly CallReply__Output[], from = 0): void {
    const begunMs = performance.now();
    const piece = Math.max(REPLIES_PER_TURN_MIN, Math.ceil(replies.length / TURNS_PER_BATCH_MAX));
    const to = Math.min(from + piece, replies.length);
    handOnPiece(pending, replies.slice(from, to));
    if (to === replies.length) return;
    setImmediate(() => {
      if (performance.now() - begunMs > TURN_MS_LONG) handOnPiece(pending, replies.slice(to));
      else handOn(pending, replies, to);
    });
  }

  function handOnPiece(pending: Way['pending'], replies: readonly CallReply__Output[]): void {
    for (const reply of replies) {
      const done = pending.get(reply.call);
      if (done === undefined) continue;
      pending.delete(reply.call);
      done(replyOf(reply));
    }
  }

  function replyOf(wire: CallReply__Output): ForwardedReply {
    try {
      return forwardedReply(wire, ids);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      onProblem(`a replica sent a malformed reply: ${error.problem}`);
      // It was done or not: asking again with the same id tells.
      return { kind: 'dropped' };
    }
  }

  const ways = replicas.map(({ address }, index) =>
    index === self ? undefined : createWay(address, replicaIndex(index)),
  );

  function nextNumber(pending: Way['pending']): number {
    do lastNumber = lastNumber === CALL_NUMBER_MAX ? 1 : lastNumber + 1;
    while (pending.has(lastNumber));
    return lastNumber;
  }

  return {
    count: replicas.length,
    isUp: (replica) => ways[replica]?.link.isUp ?? false,
    send(replica, call, forward, done) {
      const { link, batcher, pending } = present(ways[replica], 'calls go to other processes');
      const number = nextNumber(pending);
      pending.set(number, done);
      if (link.isUp) {
        batcher.add(wireCall(number, call, forward, hops), call.payload.length + CALL_BYTES);
      } else {
        setImmediate(() => {
          if (pending.delete(number)) done({ kind: 'linkDown', isSent: false });
        });
      }
      return () => void pending.delete(number);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      for (const way of ways) {
        way?.link.close();
        way?.pending.clear();
      }
    },
  };
}
