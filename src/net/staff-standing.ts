import type { Metadata } from '@grpc/grpc-js';
import type { Refusal } from '../base/refusal.js';
import { presented, STAFF_TOKEN, tokenRefusal } from './bearer-token.js';

/** As whom a caller may act. */
export type Standing =
  { readonly kind: 'customer' } | { readonly kind: 'staff' } | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What a call asks of its caller: staff; anyone, but staff may do more; anyone alike. */
export type Needs = 'staff' | 'staffOrCustomer' | 'anyone';

const CUSTOMER: Standing = { kind: 'customer' };
const STAFF: Standing = { kind: 'staff' };

/**
 * As whom a caller acts (design 6). Without a configured token staff calls are open to all, and who presents any token acts
 * as staff. A wrong token is never taken for none, but where nobody asks for one it does not matter.
 */
export function standingOf(metadata: Metadata, needs: Needs, staffToken: string | undefined): Standing {
  if (needs === 'anyone') return CUSTOMER;
  if (staffToken === undefined) {
    return needs === 'staff' || presented(metadata, '') !== 'missing' ? STAFF : CUSTOMER;
  }
  const refused = tokenRefusal(metadata, staffToken, STAFF_TOKEN);
  if (refused === undefined) return STAFF;
  if (needs === 'staffOrCustomer' && refused.reason === 'TOKEN_MISSING') return CUSTOMER;
  return { kind: 'refused', refusal: refused };
}
