import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { ConfigurationError } from './configuration-error.js';

const TOKEN_BYTES = 32;
const TOKEN = /^[!-~]{16,256}$/;

/** What a token may be, for messages. */
export const TOKEN_ALLOWED = '16 to 256 printable ASCII characters without spaces';

/** Whether this text may be a token: it travels in a header. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * The token in `file`, which is made with 32 random bytes in hex, readable by its owner alone, when there is none. Of
 * several processes that start at once one makes it and all read the same: it appears whole, by link. Throws
 * ConfigurationError.
 */
export function readOrMakeToken(file: string): string {
  const present = readToken(file);
  if (present !== undefined) return present;
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(handle, `${randomBytes(TOKEN_BYTES).toString('hex')}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    // Fails with EEXIST where another process was first: its token is read below.
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new ConfigurationError([
        `${file}: the cluster's token cannot be made (${String((error as Error).message)}); ` +
          "make its folder writable, or set 'token' in the configuration.",
      ]);
  } finally {
    rmSync(temporary, { force: true });
  }
  const made = readToken(file);
  if (made === undefined) throw new ConfigurationError([`${file}: has just been removed by someone; start again.`]);
  return made;
}

/** The token in `file`. Throws ConfigurationError, also where there is none. */
export function readKnownToken(file: string): string {
  const token = readToken(file);
  if (token !== undefined) return token;
  throw new ConfigurationError([
    `${file}: there is no token of the cluster; the first start makes it. Copy it from a computer where that has been, for its owner alone (mode 0600).`,
  ]);
}

/** Whether others than its owner can read a file; false where there is none, and on Windows, which has no modes. */
export function isReadByOthers(file: string): boolean {
  const mode = process.platform === 'win32' ? undefined : statSync(file, { throwIfNoEntry: false })?.mode;
  return mode !== undefined && (mode & 0o077) !== 0;
}

/** `undefined` when there is no such file. */
function readToken(file: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ConfigurationError([
      `${file}: the cluster's token cannot be read (${String((error as Error).message)}); make it readable for this user.`,
    ]);
  }
  if (isToken(text)) return text;
  throw new ConfigurationError([
    `${file}: holds no token (${text.length} characters); allowed: ${TOKEN_ALLOWED}. Remove the file to have one made; ` +
      'all replicas and front ends must have the same.',
  ]);
}
