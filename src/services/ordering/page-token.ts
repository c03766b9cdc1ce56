/**
 * A page token: opaque to callers, made of the op of the last order on the page and the user it is for, so that it stays
 * true while orders come in and serves nobody else.
 */
export function encodePageToken(op: number, userCode: string): string {
  return Buffer.from(`${op}:${userCode}`).toString('base64url');
}

const TOKEN = /^([1-9][0-9]{0,15}):(.*)$/s;

/** The op of a token; `undefined` when it was not made here for this user. */
export function decodePageToken(token: string, userCode: string): number | undefined {
  const [, opText, user] = TOKEN.exec(Buffer.from(token, 'base64url').toString()) ?? [];
  const op = Number(opText);
  if (user !== userCode || !Number.isSafeInteger(op)) return undefined;
  // base64url is read leniently: only the very text that was made counts.
  return encodePageToken(op, userCode) === token ? op : undefined;
}
