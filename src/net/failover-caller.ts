import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ClientUnaryCall,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { assert, present } from '../base/assert.js';
import { refusal, type Refusal, type RefusalReason } from '../base/refusal.js';
import { CallRefusedError } from '../ports/ordering-client.js';
import { customerChannelOptions } from './channel-options.js';
import { callRefusedError, refusalOf } from './error-details.js';
import type { FoodOrderingClient } from './generated/justhungry/v1/FoodOrdering.js';
import { customerChannel } from './tls.js';

/** Wait after every front end was tried in vain, ms: the first one and the longest. */
const WAIT_MS = { first: 20, max: 200 } as const;
/** A front end that says nothing for half of the time that is left, and at least for this long, ms, may hang: another is asked. */
export const PATIENCE_MS_MIN = 1000;
/** Bytes of an answer at most: 500 of the largest orders. */
const RESPONSE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Refusals of a front end that cannot have it done: another one may, and what became of an attempt before they do not know.
 */
export const CANNOT_BE_DONE_THERE: ReadonlySet<RefusalReason> = new Set([
  'NO_QUORUM',
  'NO_PRIMARY',
  'REPLICA_UNREACHABLE',
  'NOT_FOUNDED',
  'DAMAGED',
  'OVERLOADED',
  'STOPPING',
  'INJECTED_FAULT',
] satisfies RefusalReason[]);

/** Starts one call on one front end's client. */
export type StartCall<C extends Client, Response> = (
  client: C,
  options: CallOptions,
  callback: (error: ServiceError | null, response?: Response) => void,
) => ClientUnaryCall;

/**
 * Several front ends as one: the one that last answered, then the others in order. A front end that cannot be reached or does
 * not answer is passed over within the call's deadline, and so is one that cannot have it done while another may; where all have too much to do they
 * are asked again when they say. The request stays the same, ids included, so that nothing is done twice.
 */
export class FailoverCaller<C extends Client = FoodOrderingClient> {
  readonly #clients: readonly C[];
  #preferred = 0;

  /** `tlsCas`: by which CAs front ends that speak TLS are known, by address. `make` makes the client of one. */
  constructor(
    addresses: readonly string[],
    tlsCas: ReadonlyMap<string, Buffer | 'system'> | undefined,
    make: (address: string, credentials: ChannelCredentials, options: ChannelOptions) => C,
  ) {
    assert(addresses.length > 0, 'a client knows at least one front end');
    const options = { ...customerChannelOptions, 'grpc.max_receive_message_length': RESPONSE_BYTES_MAX };
    this.#clients = addresses.map((address) =>
      make(address, ...customerChannel(address, tlsCas?.get(address), options)),
    );
  }

  /** The answer of the first front end that gives one. Throws CallRefusedError. */
  async call<Response>(start: StartCall<C, Response>, deadlineMs: number, isWrite: boolean): Promise<Response> {
    const deadline = Date.now() + deadlineMs;
    let waitMs: number = WAIT_MS.first;
    let mayBeDone = false;
    let refusedInRound: ServiceError | undefined;
    for (let attempt = 1; ; attempt++) {
      const index = this.#preferred;
      try {
        return await this.#attempt(start, index, deadline);
      } catch (error) {
        if (!isServiceError(error)) throw error;
        const refused = refusalOf(error);
        if (refused !== undefined) {
          if (!CANNOT_BE_DONE_THERE.has(refused.reason)) throw callRefusedError(error);
          refusedInRound ??= error;
        } else {
          if (error.code === status.DEADLINE_EXCEEDED) throw timeUp(error, isWrite);
          if (error.code !== status.UNAVAILABLE && error.code !== status.CANCELLED) throw callRefusedError(error);
          // A connection that was refused never carried the request; one that broke, or hangs, may have.
          mayBeDone ||= isWrite && !isNeverSent(error);
        }
        this.passOver(index);
        if (attempt % this.#clients.length !== 0) continue;
        if (refusedInRound !== undefined) {
          const delayMs = retryDelayMsOf(refusalOf(refusedInRound));
          if (delayMs === undefined || Date.now() + delayMs >= deadline)
            throw mayBeDone ? brokenOff(refusedInRound) : callRefusedError(refusedInRound);
          refusedInRound = undefined;
          await new Promise((resolve) => setTimeout(resolve, delayMs));
          continue;
        }
        if (Date.now() + waitMs >= deadline) throw unreachable(error, mayBeDone);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        waitMs = Math.min(waitMs * 2, WAIT_MS.max);
      }
    }
  }

  /** The client of the front end that last answered, for a stream, and its number for `passOver`. */
  streamClient(): { client: C; index: number } {
    return { client: this.#client(this.#preferred), index: this.#preferred };
  }

  /** Front ends to choose from. */
  get count(): number {
    return this.#clients.length;
  }

  /** Prefers the next front end from now on, unless another call has done so already. */
  passOver(index: number): void {
    if (this.#preferred === index) this.#preferred = (index + 1) % this.#clients.length;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #attempt<Response>(start: StartCall<C, Response>, index: number, deadline: number): Promise<Response> {
    return new Promise((resolve, reject) => {
      let patience: NodeJS.Timeout | undefined;
      const call = start(this.#client(index), { deadline }, (error, response) => {
        clearTimeout(patience);
        if (error !== null) reject(error);
        else resolve(present(response, 'a call without error has a response'));
      });
      const patienceMs = Math.max(PATIENCE_MS_MIN, (deadline - Date.now()) / 2);
      if (this.#clients.length > 1) patience = setTimeout(() => call.cancel(), patienceMs);
    });
  }

  #client(index: number): C {
    return present(this.#clients[index], 'the preferred front end is one of those configured');
  }
}

/** Whether a connection was refused, so that it never carried a request. */
export function isNeverSent({ details }: { readonly details: string }): boolean {
  return /ECONNREFUSED|No connection established/.test(details);
}

/**
 * When a front end that has too much to do wants to be asked again, ms; later by up to a half, so that not all come back together.
 * `undefined` where it did not say so.
 */
export function retryDelayMsOf(refused: Refusal | undefined): number | undefined {
  if (refused?.reason !== 'OVERLOADED' || refused.retryDelayMs === undefined) return undefined;
  return refused.retryDelayMs * (1 + Math.random() / 2);
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error;
}

function timeUp(cause: ServiceError, isWrite: boolean): CallRefusedError {
  const message = isWrite
    ? 'The time was up before an answer came: it may be done or not. Repeat it with the same id; it will not be done twice.'
    : 'The time was up before an answer came. Try again.';
  return new CallRefusedError(refusal('OUTCOME_UNKNOWN', message), 'DEADLINE_EXCEEDED', { cause });
}

function brokenOff(cause: ServiceError): CallRefusedError {
  const message =
    'A connection broke before an answer came, and nobody else could give one: it may be done or not. ' +
    'Repeat it with the same id; it will not be done twice.';
  return new CallRefusedError(refusal('OUTCOME_UNKNOWN', message), 'DEADLINE_EXCEEDED', { cause });
}

function unreachable(cause: ServiceError, mayBeDone: boolean): CallRefusedError {
  if (mayBeDone) return timeUp(cause, true);
  const message = 'No front end could be reached and nothing was done. Check that the servers run, then try again.';
  return new CallRefusedError(refusal('NO_PRIMARY', message), 'UNAVAILABLE', { cause });
}
