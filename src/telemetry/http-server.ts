import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Metrics } from './metrics.js';

const LISTEN_AGAIN_MS = 5_000;
const CONNECTIONS_MAX = 50;
/** A request that takes longer to come in is cut off, ms. */
const REQUEST_MS_MAX = 5_000;

/** What a process tells over HTTP. */
export interface HttpServerOptions {
  /** Where to listen, `host:port`; nowhere else. */
  readonly address: string;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  /** Why no customers should be sent here now, a line each; empty: none. */
  readonly whyNotReady: () => readonly string[];
  /** Told once when the address cannot be listened on, and why. */
  readonly onProblem: (problem: string) => void;
  /** ms between two attempts to listen. Default 5,000. */
  readonly listenAgainMs?: number;
}

/** A process's HTTP server. */
export interface HttpServer {
  /** Resolves when it listens. */
  readonly listening: Promise<void>;
  close(): void;
}

/**
 * Serves `/livez` (the process answers), `/readyz` (200, or 503 with the reasons) and `/metrics` for Prometheus; everything else
 * is 404. An address that cannot be listened on costs nobody an order: it is told, and tried again.
 */
export function startHttpServer(options: HttpServerOptions): HttpServer {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      options.onProblem(`${request.url ?? ''} failed: ${String(error)}`);
      if (!response.headersSent) send(response, 500, 'failed\n');
      else response.destroy();
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.requestTimeout = REQUEST_MS_MAX;
  server.headersTimeout = REQUEST_MS_MAX;
  let isTold = false;
  let again: NodeJS.Timeout | undefined;
  const listening = new Promise<void>((resolve) => {
    server.on('listening', () => resolve());
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (!isTold) options.onProblem(listenProblem(options.address, error));
      isTold = true;
      again = setTimeout(() => listen(server, options.address), options.listenAgainMs ?? LISTEN_AGAIN_MS);
      again.unref();
    });
  });
  listen(server, options.address);
  return {
    listening,
    close() {
      clearTimeout(again);
      server.close();
      server.closeAllConnections();
    },
  };
}

function listen(server: Server, address: string): void {
  const at = address.lastIndexOf(':');
  server.listen({ host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) });
  // Whoever asks how a process is does not keep it alive.
  server.unref();
}

function listenProblem(address: string, { code, message }: NodeJS.ErrnoException): string {
  const why = code === 'EADDRINUSE' ? 'the port is taken' : (code ?? message);
  return `metrics and health cannot be served on ${address} (${why}); free it, or change 'http' in the configuration. It is tried again.`;
}

async function answer(
  { metrics, whyNotReady }: HttpServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return send(response, 405, 'only GET and HEAD\n');
  }
  switch ((request.url ?? '').split('?')[0]) {
    case '/livez':
      return send(response, 200, 'alive\n');
    case '/readyz': {
      const why = whyNotReady();
      if (why.length === 0) return send(response, 200, 'ready\n');
      return send(response, 503, why.map((line) => `not ready: ${line}\n`).join(''));
    }
    case '/metrics': {
      const text = await metrics.text();
      response.setHeader('content-type', metrics.contentType);
      return send(response, 200, text);
    }
    default:
      return send(response, 404, 'there are /livez, /readyz and /metrics\n');
  }
}

function send(response: ServerResponse, status: number, text: string): void {
  if (!response.hasHeader('content-type')) response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  response.writeHead(status).end(text);
}
