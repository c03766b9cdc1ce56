import { Metadata } from '@grpc/grpc-js';
import { createHash, timingSafeEqual } from 'node:crypto';
import { refusal, type Refusal } from '../base/refusal.js';

const SCHEME = 'Bearer ';

/** Metadata that presents a token; empty metadata without one. */
export function bearerMetadata(token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (token !== undefined && token !== '') metadata.set('authorization', SCHEME + token);
  return metadata;
}

/** What a caller presented: nothing, the right token, or another. */
export type Presented = 'missing' | 'right' | 'wrong';

/** Compares the token in a call's metadata with the expected one, in a time that does not depend on either's content. */
export function presented(metadata: Metadata, expected: string): Presented {
  const values = metadata.get('authorization');
  if (values.length === 0) return 'missing';
  const [value] = values;
  if (typeof value !== 'string' || values.length > 1 || !value.startsWith(SCHEME)) return 'wrong';
  return timingSafeEqual(digest(value.slice(SCHEME.length)), digest(expected)) ? 'right' : 'wrong';
}

/** Equal lengths for the comparison, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Why a call without the right token is refused; `undefined` with it. `what` names the token, for people. */
export function tokenRefusal(metadata: Metadata, expected: string, what: string): Refusal | undefined {
  switch (presented(metadata, expected)) {
    case 'right':
      return undefined;
    case 'missing':
      return refusal('TOKEN_MISSING', `This call needs ${what}: send it as metadata "authorization: Bearer ...".`);
    case 'wrong':
      return refusal('TOKEN_WRONG', `This is not ${what}: take it from the configuration of this cluster.`);
  }
}

/** How the cluster's token is called in messages. */
export const CLUSTER_TOKEN = "the cluster's token";
/** How the staff token is called in messages. */
export const STAFF_TOKEN = 'the staff token';
