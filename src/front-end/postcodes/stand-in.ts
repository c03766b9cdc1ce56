import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { assert } from '../../base/assert.js';
import { type ApiAnswer, answerTo } from './stand-in-answers.js';
import { carryOut, type Misbehaviour } from './stand-in-misbehaviour.js';

export type { Misbehaviour } from './stand-in-misbehaviour.js';

/** Where a stand-in listens. */
export interface PostcodeStandInOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** A path in front of the API's own, such as `/api`; default none. */
  readonly prefix?: string;
}

/** A small server that answers as postcodes.io does: for tests, and for trying the project without the internet. */
export interface PostcodeStandIn {
  /** For `postcodes.url` in the configuration. */
  readonly url: string;
  /** Requests that arrived. */
  requestCount(): number;
  /** TCP connections that were opened to it. */
  connectionCount(): number;
  /** The latest requests, oldest first, at most 100, as `GET /postcodes/DH1%201JN`. */
  recentRequests(): readonly string[];
  /** From now on treats the next `times` requests (default: all) like this; ends what was set before. */
  misbehave(misbehaviour: Misbehaviour, times?: number): void;
  /** From now on answers properly again. Requests that hang go on hanging. */
  behave(): void;
  /** Breaks all connections and stops listening. May be repeated. */
  close(): Promise<void>;
}

const recentRequestsMax = 100;
const bodyBytesMax = 65_536;

/** Starts a stand-in. Rejects with Node's error when it cannot listen there (EADDRINUSE, EACCES). */
export async function createPostcodeStandIn(options: PostcodeStandInOptions = {}): Promise<PostcodeStandIn> {
  const { port = 0, host = '127.0.0.1', prefix = '' } = options;
  const recent: string[] = [];
  const closing = new AbortController();
  let requests = 0;
  let connections = 0;
  let current: { readonly misbehaviour: Misbehaviour; timesLeft: number } | undefined;

  const server = createServer((request, response) => {
    requests += 1;
    recent.push(`${request.method} ${request.url}`);
    if (recent.length > recentRequestsMax) recent.shift();
    let misbehaviour: Misbehaviour | undefined;
    if (current !== undefined && current.timesLeft > 0) {
      current.timesLeft -= 1;
      misbehaviour = current.misbehaviour;
    }
    const answer = (): void => void answerProperly(request, response, prefix);
    if (misbehaviour === undefined) answer();
    else carryOut(misbehaviour, response, answer, closing.signal);
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  assert(typeof address === 'object' && address !== null, 'a server that listens on a port has an address');

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}${prefix}`,
    requestCount: () => requests,
    connectionCount: () => connections,
    recentRequests: () => [...recent],
    misbehave(misbehaviour, times = Infinity) {
      current = { misbehaviour, timesLeft: times };
    },
    behave() {
      current = undefined;
    },
    async close() {
      closing.abort();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answerProperly(request: IncomingMessage, response: ServerResponse, prefix: string): Promise<void> {
  const body = await bodyOf(request);
  // Undefined: the other side went away, or sent more than any real request has.
  if (body === undefined) return void response.destroy();
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const known = path.startsWith(`${prefix}/`);
  const answer: ApiAnswer = known
    ? answerTo(request.method ?? 'GET', path.slice(prefix.length), body)
    : { status: 404, error: 'Resource not found' };
  response.writeHead(answer.status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(answer));
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      assert(Buffer.isBuffer(chunk), 'a request without an encoding gives buffers');
      bytes += chunk.length;
      if (bytes > bodyBytesMax) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString('utf8');
}
