import { type handleServerStreamingCall, Metadata, type ServerWritableStream } from '@grpc/grpc-js';
import { once } from 'node:events';
import { refusal, type Refusal } from '../base/refusal.js';
import type { WireMessage } from '../base/service-contract.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { CallRouter } from '../ports/front-end.js';
import type { CallMeter } from '../ports/meters.js';
import { INTERNAL } from './call-guard.js';
import { CUSTOMER_MESSAGE_BYTES_MAX } from './channel-options.js';
import type { BoundContract, BoundStream } from './contract-methods.js';
import { statusOf } from './error-details.js';
import { malformed } from './gate.js';
import { PagedRead, StreamRefusedError } from './paged-read.js';
import { standingOf } from './staff-standing.js';
import { tooLarge } from './too-large.js';

/** Streams of all contracts at one front end at most. */
export const STREAMS_MAX = 2_000;

type Stream = ServerWritableStream<Buffer, Buffer>;

/** What the streams of contracts need. */
export interface ContractStreamsOptions {
  readonly configuration: Pick<ClusterConfiguration, 'replicas' | 'writeConcern' | 'staffToken'>;
  readonly router: CallRouter;
  /** Default: nobody counts. */
  readonly meter?: CallMeter;
  /** Told of bugs. */
  readonly onProblem: (problem: string, error: unknown) => void;
  readonly wallMs: () => number;
}

/** The response streams of contracts: pages of a read, one after the other, over failovers, as fast as the reader reads. */
export class ContractStreams {
  readonly #options: ContractStreamsOptions;
  readonly #streams = new Map<Stream, AbortController>();

  constructor(options: ContractStreamsOptions) {
    this.#options = options;
  }

  /** Handlers of a contract's streams by their names in the proto file. */
  handlers({ streams }: BoundContract): Record<string, handleServerStreamingCall<Buffer, Buffer>> {
    return Object.fromEntries(
      streams.map((bound) => [bound.contract.name, (stream: Stream) => this.#accept(bound, stream)]),
    );
  }

  /** Streams now. */
  get count(): number {
    return this.#streams.size;
  }

  /** Ends all streams; readers go on elsewhere behind the last message they saw. */
  close(): void {
    const stopping = refusal('STOPPING', 'This front end is stopping. Ask again, behind the last message seen.');
    for (const [stream, ending] of this.#streams) {
      end(stream, stopping);
      ending.abort();
    }
  }

  #accept(bound: BoundStream, stream: Stream): void {
    const arrivedMs = performance.now();
    const settled = (outcome: string): void =>
      this.#options.meter?.settled(bound.name, outcome, performance.now() - arrivedMs);
    const refuse = (of: Refusal): void => {
      settled(of.reason);
      end(stream, of);
    };
    const asked = this.#gate(bound, stream);
    if ('reason' in asked) return refuse(asked);
    if (this.#streams.size >= STREAMS_MAX)
      return refuse(refusal('OVERLOADED', `This front end has ${STREAMS_MAX} streams already. Try again later.`));
    const ending = new AbortController();
    this.#streams.set(stream, ending);
    // Tells the reader that it is heard before there is anything to tell.
    stream.sendMetadata(new Metadata());
    stream.on('cancelled', () => ending.abort());
    this.#pump(bound, stream, asked.request, ending.signal)
      .then(
        () => {
          settled('ok');
          stream.end();
        },
        (error: unknown) => {
          if (ending.signal.aborted) return settled('ok');
          if (error instanceof StreamRefusedError) return refuse(error.refusal);
          this.#options.onProblem(`${bound.name} failed`, error);
          refuse(INTERNAL);
        },
      )
      .finally(() => this.#streams.delete(stream));
  }

  #gate({ contract, request }: BoundStream, stream: Stream): { readonly request: WireMessage } | Refusal {
    const { staffToken } = this.#options.configuration;
    const standing = standingOf(stream.metadata, contract.access === 'staff' ? 'staff' : 'anyone', staffToken);
    if (standing.kind === 'refused') return standing.refusal;
    if (stream.request.length > CUSTOMER_MESSAGE_BYTES_MAX) return tooLarge(stream.request.length);
    const message = request.read(stream.request);
    if (typeof message !== 'string') return { request: message };
    const told = malformed(`${contract.name}Request`, message);
    return told.kind === 'refused' ? told.refusal : INTERNAL;
  }

  async #pump(bound: BoundStream, stream: Stream, asked: WireMessage, signal: AbortSignal): Promise<void> {
    const { contract, response } = bound;
    const { configuration, router, wallMs } = this.#options;
    const first = contract.first(asked);
    if (first.kind === 'refused') throw new StreamRefusedError(first.refusal);
    const pages = new PagedRead(bound, { configuration, router, wallMs, waitMs: () => this.#waitMs }, asked);
    for (let request = first.request; ;) {
      const step = contract.next(await pages.next(request, signal), request);
      for (const message of step.messages)
        if (!stream.write(response.write(message))) await once(stream, 'drain', { signal });
      if (step.following === undefined) return;
      request = step.following.request;
      if (step.following.isCaughtUp) pages.awaitMore();
    }
  }

  /** Least time between two pages of a stream that has all there is, ms: all streams together ask 1,000 times a second at most. */
  get #waitMs(): number {
    return Math.max(CAUGHT_UP_MS_MIN, this.#streams.size);
  }
}

/** A stream that has all there is waits at least so long for the next page, ms, however much happens in other services. */
const CAUGHT_UP_MS_MIN = 20;

function end(stream: Stream, of: Refusal): void {
  stream.emit('error', statusOf(of));
}
