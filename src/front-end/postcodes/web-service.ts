import { Pool } from 'undici';
import { readReply, type ServiceFailure, type ServiceReply } from './service-reply.js';
import { settledWithin } from './time-limit.js';

/** One HTTP service that knows postcodes. */
export interface PostcodeService {
  /** Asks once for a well-formed postcode. Never rejects: what goes wrong, the time limit (ms) included, is a failure. */
  ask(postcode: string, timeoutMs: number): Promise<ServiceReply>;
  /** Breaks what is under way and ends the connections. */
  close(): Promise<void>;
}

/** Settings of `createPostcodeService`. */
export interface PostcodeServiceOptions {
  /** Where the API of postcodes.io is served, http or https, with or without a path. */
  readonly url: string;
  /** Connections at most; each carries one request at a time and is kept open between them. */
  readonly connectionsMax: number;
  readonly connectTimeoutMs: number;
  /** An answer longer than this is a failure. postcodes.io sends about 1,500 bytes. */
  readonly bodyBytesMax: number;
}

/** Makes the client of a postcode service. Connects when first asked. Throws a TypeError when `url` is not http(s). */
export function createPostcodeService(options: PostcodeServiceOptions): PostcodeService {
  const base = new URL(options.url);
  if (base.protocol !== 'http:' && base.protocol !== 'https:') {
    throw new TypeError(`postcodes.url is '${options.url}'; it has to begin with http:// or https://`);
  }
  const folder = `${base.pathname.replace(/\/+$/, '')}/postcodes/`;
  const pool = new Pool(base.origin, {
    connections: options.connectionsMax,
    pipelining: 1,
    connectTimeout: options.connectTimeoutMs,
    maxResponseSize: options.bodyBytesMax,
  });

  async function exchange(postcode: string, signal: AbortSignal): Promise<ServiceReply> {
    try {
      const { statusCode, headers, body } = await pool.request({
        method: 'GET',
        path: folder + encodeURIComponent(postcode),
        headers: { accept: 'application/json', 'user-agent': 'just-hungry' },
        signal,
      });
      const retryAfter = headers['retry-after'];
      const text = await body.text();
      return readReply(postcode, {
        status: statusCode,
        retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
        body: text,
      });
    } catch (error) {
      return { kind: 'failure', mayPass: true, reason: connectionReason(error, options) };
    }
  }

  return {
    async ask(postcode, timeoutMs) {
      const abort = new AbortController();
      // undici hears the signal only once the request is on a connection: while one is being opened to a host that
      // drops packets, aborting alone would leave us waiting for the connect timeout. Hence our own limit around it.
      const reply = await settledWithin(exchange(postcode, abort.signal), timeoutMs);
      if (reply !== undefined) return reply;
      abort.abort();
      const failure: ServiceFailure = {
        kind: 'failure',
        mayPass: true,
        reason: `did not answer within ${Math.round(timeoutMs)} ms`,
      };
      return failure;
    },
    close: () => pool.destroy(),
  };
}

function connectionReason(error: unknown, { bodyBytesMax }: PostcodeServiceOptions): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  switch (code) {
    case 'UND_ERR_RES_EXCEEDED_MAX_SIZE':
      return `sent more than ${bodyBytesMax} bytes`;
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
      return `broke the connection (${code})`;
    case undefined:
      return `could not be asked (${error instanceof Error ? error.message : String(error)})`;
    default:
      return `could not be reached (${code})`;
  }
}
