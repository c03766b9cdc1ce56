import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A way between two processes that can be made silent: nothing arrives any more, and nobody is told. When it is opened again
 * what was sent meanwhile arrives, late.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Connections that came while nothing passed. */
  #waiting: Socket[] = [];
  #isSilent = false;

  private constructor(
    /** Where it listens. */
    readonly address: string,
    readonly target: { readonly host: string; readonly port: number },
  ) {
    this.#server = createServer({ pauseOnConnect: true }, (socket) => {
      this.#keep(socket);
      if (this.#isSilent) this.#waiting.push(socket);
      else this.#join(socket);
    });
  }

  /** Listens on `port` of 127.0.0.1 and passes on to `address`. */
  static async start(port: number, address: string): Promise<TcpProxy> {
    const [host = '', targetPort] = address.split(':');
    const proxy = new TcpProxy(`127.0.0.1:${port}`, { host, port: Number(targetPort) });
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(port, '127.0.0.1', resolve);
    });
    return proxy;
  }

  /** Lets nothing through in either direction, and tells nobody. */
  silence(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Lets everything through again, first what has waited. */
  open(): void {
    this.#isSilent = false;
    for (const socket of this.#waiting.splice(0)) this.#join(socket);
    for (const socket of this.#sockets) socket.resume();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(socket: Socket): void {
    if (socket.destroyed) return;
    const onward = connect(this.target);
    this.#keep(onward);
    // By hand, not by pipe: a pipe would resume what was silenced.
    for (const [from, to] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      from.on('data', (bytes: Buffer) => void to.write(bytes));
      from.on('end', () => to.end());
      from.on('close', () => {
        // A connection that was refused or reset is that on the other side too.
        if (!this.#isSilent) to.resetAndDestroy();
      });
    }
    socket.resume();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
