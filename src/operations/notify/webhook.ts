import type { Pool } from 'undici';
import { NoticeError, type NoticeWay } from '../../ports/events.js';

const CONNECT_TIMEOUT_MS = 3_000;
/** ms in which the other side must have taken a notice. */
const ANSWER_TIMEOUT_MS = 5_000;
/** The same for all of it, connecting included: pauses between the bytes of an answer are not enough to go by. */
const WHOLE_TIMEOUT_MS = CONNECT_TIMEOUT_MS + ANSWER_TIMEOUT_MS;
const ANSWER_BYTES_MAX = 64 << 10;
/** 4xx that another attempt may pass: too early, too many, timed out, and what a service answers while it is being set up. */
const PASSING = new Set([404, 408, 425, 429]);

/** Posts notices as JSON to an http(s) address, which never stands in a message: there may be a secret in it. */
export function createWebhook(url: string, wholeTimeoutMs = WHOLE_TIMEOUT_MS): NoticeWay {
  const { origin, pathname, search } = new URL(url);
  let opened: Promise<Pool> | undefined;
  // Loaded with the first notice: it is a tenth of the time that a replica takes to start.
  const open = async (): Promise<Pool> => {
    const undici = await import('undici');
    return new undici.Pool(origin, {
      connections: 1,
      pipelining: 1,
      connectTimeout: CONNECT_TIMEOUT_MS,
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: ANSWER_TIMEOUT_MS,
      maxResponseSize: ANSWER_BYTES_MAX,
    });
  };
  return {
    name: 'webhook',
    async send(notice, signal) {
      let status: number;
      try {
        const pool = await (opened ??= open());
        const answer = await pool.request({
          method: 'POST',
          path: pathname + search,
          headers: {
            'content-type': 'application/json',
            'user-agent': 'just-hungry',
            'idempotency-key': notice.key,
          },
          body: JSON.stringify(notice),
          signal: AbortSignal.any([signal, AbortSignal.timeout(wholeTimeoutMs)]),
        });
        status = answer.statusCode;
        // What it says does not matter, only its status. It is read so that the connection is used again; one that never ends is closed.
        await answer.body.dump().catch(() => undefined);
      } catch (error) {
        throw new NoticeError(`the webhook could not be reached (${codeOf(error)})`, false);
      }
      if (status >= 200 && status < 300) return;
      const isRefused = status >= 300 && status < 500 && !PASSING.has(status);
      throw new NoticeError(`the webhook answered ${status}`, isRefused);
    },
    close: () => void opened?.then((pool) => pool.destroy()),
  };
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no reason given';
