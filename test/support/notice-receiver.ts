import { createServer, type Server } from 'node:http';
import type { Notice } from '../../src/ports/events.js';

/** A real HTTP server that takes notices as a webhook does; it can be down, and up again at the same address. */
export class NoticeReceiver {
  /** What it has taken, in its order. */
  readonly notices: Notice[] = [];
  /** Where they were posted. */
  readonly paths: string[] = [];
  /** What it answers; below 300 it has taken the notice. */
  status = 204;
  #server: Server | undefined;

  private constructor(private readonly port: number) {}

  static async start(port: number): Promise<NoticeReceiver> {
    const receiver = new NoticeReceiver(port);
    await receiver.restart();
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async restart(): Promise<void> {
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (piece: Buffer) => (text += piece.toString('utf8')));
      request.on('end', () => {
        if (this.status < 300) this.#take(request.url ?? '', text);
        response.writeHead(this.status).end();
      });
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.port, '127.0.0.1', resolve);
    });
  }

  #take(url: string, text: string): void {
    this.notices.push(JSON.parse(text) as Notice);
    this.paths.push(url);
  }

  /** Refuses connections from now on, and breaks those that are open. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  close(): Promise<void> {
    return this.stop();
  }
}
