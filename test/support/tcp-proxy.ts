import { connect, createServer, type Server, type Socket } from 'node:net';

/** An answer of a server is larger than this, a greeting or a ping is smaller, bytes. */
const ANSWER_BYTES_MIN = 100;

/**
 * A way between two processes that can be made silent: nothing arrives any more, and nobody is told. When it is opened again
 * what was sent meanwhile arrives, late. It can also be made slow, and lose every answer.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Connections that came while nothing passed. */
  #waiting: Socket[] = [];
  #isSilent = false;
  #delayMs = 0;
  #isLosingAnswers = false;
  #answersLost = 0;

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

  /** Everything takes so long from now on, ms, in each direction. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Whether each answer is lost from now on: it arrives here, and the connection breaks instead of passing it on. */
  loseAnswers(isLosing: boolean): void {
    this.#isLosingAnswers = isLosing;
  }

  /** Answers lost so far. */
  get answersLost(): number {
    return this.#answersLost;
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
      const line = new WaitingLine(() => this.#delayMs);
      from.on('data', (bytes: Buffer) => {
        if (from === onward && this.#isLosingAnswers && bytes.length > ANSWER_BYTES_MIN) {
          this.#answersLost++;
          to.resetAndDestroy();
        } else line.pass(() => void to.write(bytes));
      });
      from.on('end', () => line.pass(() => to.end()));
      from.on('close', () => {
        // A connection that was refused or reset is that on the other side too.
        if (!this.#isSilent) line.pass(() => to.resetAndDestroy());
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

/** Does one thing after the other, each when its delay is over. */
class WaitingLine {
  readonly #delayMs: () => number;
  readonly #waiting: { readonly dueMs: number; readonly run: () => void }[] = [];

  constructor(delayMs: () => number) {
    this.#delayMs = delayMs;
  }

  pass(run: () => void): void {
    const delayMs = this.#delayMs();
    if (delayMs === 0 && this.#waiting.length === 0) return run();
    if (this.#waiting.push({ dueMs: performance.now() + delayMs, run }) === 1) this.#goOn();
  }

  #goOn(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const leftMs = first.dueMs - performance.now();
    if (leftMs > 0) {
      setTimeout(() => this.#goOn(), leftMs);
      return;
    }
    this.#waiting.shift();
    first.run();
    this.#goOn();
  }
}
