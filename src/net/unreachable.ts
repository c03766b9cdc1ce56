import { status, type ServiceError } from '@grpc/grpc-js';

/** What the system says of a connection, in words. */
const CAUSES: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/ECONNREFUSED/, 'connection refused'],
  [/certificate|self.signed|issuer/i, 'its certificate is not one that counts here'],
  [/wrong version number|EPROTO|secure TLS|socket hang up/, 'one side speaks TLS, the other does not'],
  [/ENOTFOUND|EAI_AGAIN|Name resolution/i, 'its host name is not known'],
  [/ECONNRESET|EPIPE|Connection dropped/, 'connection lost'],
  [/EHOSTUNREACH|ENETUNREACH/, 'no way to its network'],
  [/ETIMEDOUT/, 'connection timed out'],
];

/**
 * Why a server at `address` gave no answer, for people; `undefined` for an error that is an answer. gRPC's own text names codes and
 * its inside.
 */
export function unreachableText(
  { code, details }: Pick<ServiceError, 'code' | 'details'>,
  address: string,
  deadlineMs: number,
): string | undefined {
  if (code === status.DEADLINE_EXCEEDED)
    return `it does not answer at ${address} within ${deadlineMs} ms; is it stopped, or cut off?`;
  if (code !== status.UNAVAILABLE) return undefined;
  const words = CAUSES.find(([pattern]) => pattern.test(details))?.[1] ?? 'no connection';
  return `it cannot be reached at ${address} (${words}); is it running?`;
}
