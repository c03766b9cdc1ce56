import type { WireMessage } from '../base/service-contract.js';

/** How one call of a service is made. */
export interface ServiceCallOptions {
  /** Time for it, ms. Default: the client's, 5,000. */
  readonly deadlineMs?: number;
}

/** How a stream of a service is read. */
export interface ServiceStreamOptions {
  /**
   * The request with which a stream goes on behind this message, after its connection broke. Absent: a stream that broke after its
   * first message throws, and the caller decides.
   */
  readonly resume?: (last: WireMessage) => WireMessage;
}

/**
 * One service as its callers see it, over several front ends as one. Messages are objects with the fields of the proto file; fields
 * that are left out have their defaults, and `consistency` may also be `linearizable`, `session` or `any`. A call that is not done
 * throws CallRefusedError with the reason the server gave, or OUTCOME_UNKNOWN / NO_PRIMARY made up here when no server could be asked.
 */
export interface ServiceClient {
  /**
   * Calls a unary method, named as in the proto file. A write without `request_id` gets one. A write whose outcome is unknown is
   * repeated with the same id, three times in all; the deadline is that of each attempt.
   */
  call<Response extends object = WireMessage>(
    method: string,
    request: WireMessage,
    options?: ServiceCallOptions,
  ): Promise<Response>;
  /** Reads a stream until it ends or `signal` is aborted. It goes on at the next front end as its options say. */
  stream<Response extends object = WireMessage>(
    method: string,
    request: WireMessage,
    signal: AbortSignal,
    options?: ServiceStreamOptions,
  ): AsyncIterable<Response>;
  close(): void;
}
