import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { REFUSAL_REASONS, refusal, type Refusal, type RefusalReason } from '../base/refusal.js';
import { CallRefusedError } from '../ports/ordering-client.js';
import type { BadRequest, BadRequest__Output } from './generated/google/rpc/BadRequest.js';
import type { ErrorInfo, ErrorInfo__Output } from './generated/google/rpc/ErrorInfo.js';
import type { RetryInfo, RetryInfo__Output } from './generated/google/rpc/RetryInfo.js';
import type { Status, Status__Output } from './generated/google/rpc/Status.js';
import { messageCodec, type MessageCodec } from './proto-files.js';
import { statusRow } from './status-table.js';

/** Domain of every ErrorInfo of this program. */
export const ERROR_DOMAIN = 'just.hungry';
const TRAILER = 'grpc-status-details-bin';
/** Trailers share one HTTP/2 header block, which clients limit to 16 KiB and more. */
const MESSAGE_LENGTH_MAX = 1000;
const DETAIL_LENGTH_MAX = 300;
const DETAILS_MAX = 12;

const statusCodec = messageCodec<Status, Status__Output>('google.rpc.Status');
const errorInfoCodec = messageCodec<ErrorInfo, ErrorInfo__Output>('google.rpc.ErrorInfo');
const retryInfoCodec = messageCodec<RetryInfo, RetryInfo__Output>('google.rpc.RetryInfo');
const badRequestCodec = messageCodec<BadRequest, BadRequest__Output>('google.rpc.BadRequest');

/** What ends a call: what grpc-js sends when a handler's callback is given it. */
export type EndStatus = Pick<StatusObject, 'code' | 'details' | 'metadata'> & {
  /** For those who count; gRPC does not look at it. */
  readonly reason?: RefusalReason;
};

/** A refusal as a gRPC status with google.rpc details. */
export function statusOf(of: Refusal): EndStatus {
  const metadata = new Metadata();
  metadata.set(TRAILER, statusBytes(of));
  const details = safeText(of.message, MESSAGE_LENGTH_MAX);
  return { code: statusRow(of.reason).status, details, metadata, reason: of.reason };
}

/** A refusal as a serialized google.rpc.Status with details. */
export function statusBytes(of: Refusal): Buffer {
  const row = statusRow(of.reason);
  const { status: code } = row;
  const retryDelayMs = of.retryDelayMs ?? row.retryDelayMs;
  const message = safeText(of.message, MESSAGE_LENGTH_MAX);
  const entries = Object.entries(of.details ?? {}).slice(0, DETAILS_MAX);
  const info = Object.fromEntries(entries.map(([name, value]) => [name, safeText(value, DETAIL_LENGTH_MAX)]));
  const details = [packed(errorInfoCodec, { reason: of.reason, domain: ERROR_DOMAIN, metadata: info })];
  const field = info['field'];
  if (of.reason === 'INVALID_FIELD' && field !== undefined) {
    details.push(packed(badRequestCodec, { field_violations: [{ field, description: message }] }));
  }
  if (retryDelayMs !== undefined) {
    const retry_delay = { seconds: Math.floor(retryDelayMs / 1000), nanos: (retryDelayMs % 1000) * 1_000_000 };
    details.push(packed(retryInfoCodec, { retry_delay }));
  }
  return statusCodec.write({ code, message, details });
}

/** `statusOf` for a refusal object that is given many times: its status is made once. */
export const keptStatusOf = madeOnce(statusOf);
/** `statusBytes`, likewise. */
export const keptStatusBytes = madeOnce(statusBytes);

function madeOnce<Made>(make: (of: Refusal) => Made): (of: Refusal) => Made {
  const kept = new WeakMap<Refusal, { readonly made: Made }>();
  return (of) => {
    let one = kept.get(of);
    if (one === undefined) {
      one = { made: make(of) };
      kept.set(of, one);
    }
    return one.made;
  };
}

/** Text that a header can carry: grpc-js throws on half a surrogate pair. */
function safeText(text: string, lengthMax: number): string {
  return Buffer.from(text.slice(0, lengthMax)).toString();
}

function packed<In extends object>(codec: MessageCodec<In, unknown>, message: In): { type_url: string; value: Buffer } {
  return { type_url: `type.googleapis.com/${codec.name}`, value: codec.write(message) };
}

const reasons: ReadonlySet<string> = new Set(REFUSAL_REASONS);

/** Whether this is the name of a reason. */
export function isRefusalReason(text: string): text is RefusalReason {
  return reasons.has(text);
}

/** The refusal that a server gave with an error; `undefined` when the error was made by gRPC itself. */
export function refusalOf(error: Pick<ServiceError, 'details' | 'metadata'>): Refusal | undefined {
  const [bytes] = error.metadata?.get(TRAILER) ?? [];
  if (!Buffer.isBuffer(bytes)) return undefined;
  try {
    return toldRefusal(statusCodec.read(bytes), error.details);
  } catch {
    // Another server's details: the status alone must do.
    return undefined;
  }
}

/** The refusal in a status with google.rpc details; `undefined` when it is another domain's. Throws where a detail cannot be read. */
export function toldRefusal({ details }: Pick<Status__Output, 'details'>, message: string): Refusal | undefined {
  const found = details.find(({ type_url }) => type_url.endsWith(`/${errorInfoCodec.name}`));
  if (found === undefined) return undefined;
  const { reason, domain, metadata } = errorInfoCodec.read(found.value);
  if (domain !== ERROR_DOMAIN || !isRefusalReason(reason)) return undefined;
  const told = refusal(reason, message, Object.keys(metadata).length > 0 ? metadata : undefined);
  const retry = details.find(({ type_url }) => type_url.endsWith(`/${retryInfoCodec.name}`));
  return retry === undefined ? told : { ...told, retryDelayMs: delayMsOf(retryInfoCodec.read(retry.value)) };
}

function delayMsOf({ retry_delay }: RetryInfo__Output): number {
  return Number(retry_delay?.seconds ?? 0) * 1000 + Math.ceil((retry_delay?.nanos ?? 0) / 1_000_000);
}

/** Reasons for errors that gRPC made itself, by status. */
const reasonByStatus: Partial<Record<status, RefusalReason>> = {
  [status.INVALID_ARGUMENT]: 'INVALID_FIELD',
  [status.RESOURCE_EXHAUSTED]: 'OVERLOADED',
  [status.DEADLINE_EXCEEDED]: 'OUTCOME_UNKNOWN',
  [status.UNAVAILABLE]: 'NO_PRIMARY',
  [status.UNAUTHENTICATED]: 'TOKEN_MISSING',
  [status.PERMISSION_DENIED]: 'TOKEN_WRONG',
};

/** An error of a call as its caller sees it. */
export function callRefusedError(error: ServiceError): CallRefusedError {
  const told = refusalOf(error) ?? refusal(reasonByStatus[error.code] ?? 'INTERNAL', error.details);
  return new CallRefusedError(told, status[error.code], { cause: error });
}

/** An error that was told in a message, as `callRefusedError`. */
export function statusRefusedError(told: Pick<Status__Output, 'code' | 'message' | 'details'>): CallRefusedError {
  const code = told.code as status;
  const known = toldRefusal(told, told.message) ?? refusal(reasonByStatus[code] ?? 'INTERNAL', told.message);
  return new CallRefusedError(known, status[code] ?? 'UNKNOWN');
}
