import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { ReplicaIndex } from '../base/numbers.js';
import { refusal } from '../base/refusal.js';
import type { IncomingCall, ReplicaCalls } from '../ports/calls.js';
import type { ReplicaMeter } from '../ports/meters.js';
import type { ForwardedReply, RequestLinks } from '../ports/request-links.js';
import type { Outcome } from '../vsr/effect.js';
import { type ReceivedCall, receivedCall, refusedReply, replyOfOutcome } from './forwarded-codec.js';
import type { ForwardedCall__Output } from './generated/justhungry/v1/ForwardedCall.js';
import type { RequestsExchangeRequest__Output } from './generated/justhungry/v1/RequestsExchangeRequest.js';
import type { GateContext, Method } from './gate.js';
import { TurnBatcher } from './turn-batcher.js';
import { MalformedError } from './wire-values.js';
import type { WireReplies, WireReply } from './wire/requests-exchange.js';

/** What a reply costs besides its payload, about, in bytes. */
const REPLY_BYTES = 100;

/** What the Requests service of a replica is made of. */
export interface RequestsServiceOptions {
  readonly calls: ReplicaCalls;
  /** Everything that is answered here, by name. */
  readonly methods: ReadonlyMap<string, Method>;
  /** Ids of all replicas in the order of the configuration, and which of them this one is. */
  readonly replicaIds: readonly string[];
  readonly self: ReplicaIndex;
  /** Write concern of a request that names none: "1" … "N", "majority" or "all". */
  readonly writeConcern: string;
  /** Whether orders are taken while the postcode service is down. */
  readonly isUnreachableAccepted: boolean;
  /** Ways to the other replicas, for calls whose sender cannot reach the primary (rule 12). */
  readonly relay: RequestLinks;
  /** Wall clock, ms since 1970. */
  readonly wallMs: () => number;
  /** Default: nobody counts. */
  readonly meter?: Pick<ReplicaMeter, 'answered'>;
}

/** A stream of a front end, as the Requests service hands it over. */
export type RequestsStream = ServerDuplexStream<RequestsExchangeRequest__Output, WireReplies>;

/** The Requests service. */
export interface RequestsService {
  /** Takes over a stream; its token has been checked. */
  accept(stream: RequestsStream): void;
  /** Ends all streams; replies that are due are not sent. */
  close(): void;
}

/** Makes the Requests service: batches of calls to the replica's runtime, batches of replies back. */
export function createRequestsService(options: RequestsServiceOptions): RequestsService {
  const streams = new Set<RequestsStream>();
  return {
    accept(stream) {
      streams.add(stream);
      const session = new Session(stream, options);
      stream.on('data', ({ calls }: RequestsExchangeRequest__Output) => session.onCalls(calls));
      stream.on('drain', () => session.onDrain());
      const end = (): void => {
        session.close();
        if (streams.delete(stream)) stream.end();
      };
      stream.on('end', end);
      stream.on('error', end);
      stream.on('cancelled', end);
    },
    close() {
      for (const stream of streams) stream.end();
      streams.clear();
    },
  };
}

/** One stream: when it breaks, its calls are forgotten; whoever made them asks again with the same ids. */
class Session {
  readonly #options: RequestsServiceOptions;
  readonly #replies: TurnBatcher<WireReply>;
  readonly #relayed = new Set<() => void>();
  #isClosed = false;

  constructor(stream: RequestsStream, options: RequestsServiceOptions) {
    this.#options = options;
    this.#replies = new TurnBatcher((replies) => stream.write({ replies }));
  }

  onCalls(wireCalls: readonly ForwardedCall__Output[]): void {
    const now = this.#options.wallMs();
    const incoming: IncomingCall[] = [];
    for (const wire of wireCalls) {
      const call = this.#incoming(wire, now);
      if (call !== undefined) incoming.push(call);
    }
    if (incoming.length > 0) this.#options.calls.submit(incoming);
  }

  onDrain(): void {
    this.#replies.drained();
  }

  close(): void {
    this.#isClosed = true;
    this.#replies.clear();
    for (const forget of this.#relayed) forget();
    this.#relayed.clear();
  }

  /** A call for the runtime; `undefined` when it has expired or is refused here. */
  #incoming(wire: ForwardedCall__Output, now: number): IncomingCall | undefined {
    const { methods, replicaIds, writeConcern, isUnreachableAccepted } = this.#options;
    let call: ReceivedCall;
    try {
      call = receivedCall(wire);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#reply(
        refusedReply(wire.call, refusal('INTERNAL', `The forwarded call is malformed: ${error.problem}.`), ''),
      );
      return undefined;
    }
    const method = methods.get(call.method);
    if (method === undefined) {
      const message = `This replica has no method ${call.method.slice(0, 100)}: front end and replica differ in version.`;
      this.#reply(refusedReply(wire.call, refusal('INTERNAL', message), ''));
      return undefined;
    }
    if (call.deadlineWallMs <= now) return undefined;
    const { isStaff, postcode, deadlineWallMs } = call;
    const context: GateContext = { replicaIds, writeConcern, isUnreachableAccepted, isStaff, postcode };
    const gated = method.gate(call.payload, context);
    if (gated.kind === 'refused') {
      this.#reply(refusedReply(wire.call, gated.refusal, ''));
      return undefined;
    }
    const done = (outcome: Outcome): void => {
      this.#options.meter?.answered(method.kind, nameOf(outcome), this.#options.wallMs() - now);
      this.#onOutcome(wire.call, call, method, outcome);
    };
    if (gated.kind === 'write') {
      return {
        kind: 'write',
        service: method.service,
        request: gated.request,
        isAlone: call.isAlone === true,
        deadlineWallMs,
        done,
      };
    }
    const { query, consistency, minOp } = gated;
    return { kind: 'read', service: method.service, query: { body: query }, consistency, minOp, deadlineWallMs, done };
  }

  #onOutcome(number: number, call: ReceivedCall, method: Method, outcome: Outcome): void {
    if (this.#isClosed) return;
    if (this.#mayRelay(call, outcome)) return this.#relay(number, call, outcome.primary);
    const { replicaIds, self } = this.#options;
    const reply = replyOfOutcome(number, outcome, replicaIds, (body) =>
      method.respond(body, {
        receipt: outcome.kind === 'written' ? outcome.receipt : undefined,
        asOf: outcome.kind === 'read' ? outcome.asOf : undefined,
        replicaId: replicaIds[self] ?? '',
      }),
    );
    this.#reply(reply);
  }

  #mayRelay(call: ReceivedCall, outcome: Outcome): outcome is Outcome & { kind: 'refused'; primary: ReplicaIndex } {
    if (!call.isRelayWanted || call.hops > 0 || outcome.kind !== 'refused') return false;
    const { primary } = outcome;
    if (outcome.refusal.reason !== 'NO_PRIMARY' || primary === undefined) return false;
    return primary !== this.#options.self && this.#options.relay.isUp(primary);
  }

  #relay(number: number, call: ReceivedCall, primary: ReplicaIndex): void {
    const forget = this.#options.relay.send(primary, call, { isRelayWanted: false }, (reply) => {
      this.#relayed.delete(forget);
      if (!this.#isClosed) this.#reply(this.#relayedReply(number, reply));
    });
    this.#relayed.add(forget);
  }

  #relayedReply(number: number, reply: ForwardedReply): WireReply {
    switch (reply.kind) {
      case 'ok':
        return {
          call: number,
          ok: Buffer.from(reply.payload.buffer, reply.payload.byteOffset, reply.payload.byteLength),
        };
      case 'refused': {
        const hint = reply.primary === undefined ? '' : this.#options.replicaIds[reply.primary];
        return refusedReply(number, reply.refusal, hint);
      }
      case 'dropped':
        return { call: number, dropped: {} };
      case 'linkDown': {
        if (reply.isSent) return { call: number, dropped: {} };
        const message = 'The primary could not be reached from here either; ask again in a moment.';
        return refusedReply(number, refusal('NO_PRIMARY', message), '');
      }
    }
  }

  #reply(reply: WireReply): void {
    if (this.#isClosed) return;
    this.#replies.add(reply, REPLY_BYTES + (reply.ok?.length ?? 0));
  }
}

/** `ok`, the reason of a refusal, or what else became of a call. */
function nameOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'written':
    case 'read':
      return 'ok';
    case 'refused':
      return outcome.refusal.reason;
    case 'notMet':
      return 'WRITE_CONCERN_NOT_MET';
    case 'dropped':
      return 'dropped';
  }
}
