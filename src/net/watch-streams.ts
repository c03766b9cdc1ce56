import { Metadata, type handleServerStreamingCall, type ServerWritableStream } from '@grpc/grpc-js';
import { once } from 'node:events';
import { refusal, type Refusal } from '../base/refusal.js';
import type { CallRouter } from '../ports/front-end.js';
import { fieldRefusal } from '../base/field-problem.js';
import { queryProblem } from '../services/ordering/validation.js';
import { INTERNAL } from './call-guard.js';
import { statusOf } from './error-details.js';
import { EventFeed, FeedRefusedError } from './event-feed.js';
import type { WatchOrdersRequest__Output } from './generated/justhungry/v1/WatchOrdersRequest.js';
import { messageCodec } from './proto-files.js';
import { standingOf } from './staff-standing.js';
import { wireProblem, wireShape } from './wire-check.js';

/** Watchers of one front end at most. */
const WATCHERS_MAX = 10_000;

const requestCodec = messageCodec<never, WatchOrdersRequest__Output>('justhungry.v1.WatchOrdersRequest');
const shape = wireShape(requestCodec.name);

type Stream = ServerWritableStream<Buffer, Buffer>;

/** What WatchOrders needs. */
export interface WatchStreamsOptions {
  readonly router: CallRouter;
  readonly staffToken: string | undefined;
  /** Told of bugs. */
  readonly onProblem: (problem: string, error: unknown) => void;
  readonly wallMs: () => number;
}

/** The streams of WatchOrders: each event once and in order from the op asked for, over failovers, as fast as the reader reads. */
export class WatchStreams {
  readonly #options: WatchStreamsOptions;
  readonly #feed: EventFeed;
  readonly #streams = new Map<Stream, AbortController>();

  constructor(options: WatchStreamsOptions) {
    this.#options = options;
    this.#feed = new EventFeed(options.router, options.wallMs);
  }

  readonly handler: handleServerStreamingCall<Buffer, Buffer> = (stream) => {
    const asked = this.#gate(stream);
    if ('reason' in asked) return end(stream, asked);
    if (this.#streams.size >= WATCHERS_MAX) {
      return end(
        stream,
        refusal('OVERLOADED', `This front end has ${WATCHERS_MAX} watchers already. Try again later.`),
      );
    }
    const ending = new AbortController();
    this.#streams.set(stream, ending);
    // Tells the watcher that it is heard before there is anything to tell.
    stream.sendMetadata(new Metadata());
    stream.on('cancelled', () => ending.abort());
    this.#pump(stream, asked, ending.signal)
      .catch((error: unknown) => {
        if (ending.signal.aborted) return;
        if (error instanceof FeedRefusedError) return end(stream, error.refusal);
        this.#options.onProblem('WatchOrders failed', error);
        end(stream, INTERNAL);
      })
      .finally(() => this.#streams.delete(stream));
  };

  /** Watchers now. */
  get count(): number {
    return this.#streams.size;
  }

  /** Ends all streams; watchers go on elsewhere from the op after the last one they saw. */
  close(): void {
    const stopping = refusal(
      'STOPPING',
      'This front end is stopping. Go on watching at the op after the last one seen.',
    );
    for (const [stream, ending] of this.#streams) {
      end(stream, stopping);
      ending.abort();
    }
  }

  #gate(stream: Stream): { fromOp: number; userCode: string | undefined } | Refusal {
    const problem = wireProblem(stream.request, shape);
    if (problem !== undefined) {
      return refusal(
        'INVALID_FIELD',
        `The request is no valid WatchOrdersRequest: ${problem}; send it as the proto says.`,
      );
    }
    const { from_op: fromOp, user_code: userCode } = requestCodec.read(stream.request);
    const filter = userCode === undefined ? {} : { userCode };
    const wrong = queryProblem({ kind: 'events', fromOp, limit: 1, ...filter });
    if (wrong !== undefined) return fieldRefusal(wrong);
    const needs = userCode === undefined ? 'staff' : 'anyone';
    const standing = standingOf(stream.metadata, needs, this.#options.staffToken);
    return standing.kind === 'refused' ? standing.refusal : { fromOp, userCode };
  }

  async #pump(
    stream: Stream,
    { fromOp, userCode }: { fromOp: number; userCode: string | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    let position = fromOp;
    for (;;) {
      const { events, nextOp } = await this.#feed.next(position, userCode, signal);
      for (const { op, response } of events) {
        if (op < position) continue;
        if (!stream.write(response)) await once(stream, 'drain', { signal });
        position = op + 1;
      }
      position = Math.max(position, nextOp);
    }
  }
}

function end(stream: Stream, of: Refusal): void {
  stream.emit('error', statusOf(of));
}
