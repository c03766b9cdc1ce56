/**
 * A page token: opaque to callers, made of the op of the last order on the page and the user it is for, so that it stays
 * true while orders come in and serves nobody else.
 */
export function encodePageToken(op: number, userCode: string): string {
  return Buffer.from(`${op}:${userCode}`).toString('base64url');
}

const OP = /^([1-9][0-9]{0,15}):/;

/** The op of a token; `undefined` when it was not made here for this user. */
export function decodePageToken(token: string, userCode: string): number | undefined {
  const op = Number(OP.exec(Buffer.from(token, 'base64url').toString())?.[1]);
  // base64url is read leniently: only the very text that is made for this user counts.
  return Number.isSafeInteger(op) && encodePageToken(op, userCode) === token ? op : undefined;
}

const HELD = /^held:([0-9a-f-]{36}):/;

/** A page token whose anchor is an order that waits in this replica's outbox. */
export function encodeHeldToken(orderId: string, userCode: string): string {
  return Buffer.from(`held:${orderId}:${userCode}`).toString('base64url');
}

/** Whether a token looks like one of `encodeHeldToken`. */
export function isHeldToken(token: string): boolean {
  return HELD.test(Buffer.from(token, 'base64url').toString());
}

/** The order's id in such a token; `undefined` when it was not made here for this user. */
export function decodeHeldToken(token: string, userCode: string): string | undefined {
  const orderId = HELD.exec(Buffer.from(token, 'base64url').toString())?.[1];
  return orderId !== undefined && encodeHeldToken(orderId, userCode) === token ? orderId : undefined;
}
