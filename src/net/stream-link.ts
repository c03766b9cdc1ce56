import { status, type Client, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import { RECONNECT_MS } from './channel-options.js';

/** A connection that does not answer within this time is given up, ms: the process hangs or the way is cut. */
const ANSWER_MS_MAX = 1000;

/** Why a link is not up. */
export interface LinkDown {
  /** Whether a stream was open that now broke; else an attempt to open one failed. */
  readonly wasUp: boolean;
  /** Refused, reset or ended by the other side: its process is dead or stopping. False when there was only silence. */
  readonly isRefused: boolean;
  /** For people. */
  readonly problem: string;
}

/** What a StreamLink is made of. */
export interface StreamLinkOptions<Out, In> {
  /** Opens a stream on a connection of its own. */
  open(): { readonly client: Client; readonly stream: ClientDuplexStream<Out, In> };
  onUp(): void;
  onData(message: In): void;
  /** What was held back because `write` returned false can go now. */
  onDrain(): void;
  /** Told at every attempt that fails and when an open stream breaks. */
  onDown(down: LinkDown): void;
}

/** A bidirectional stream that is opened again whenever it breaks, within 200 ms. */
export interface StreamLink<Out> {
  readonly isUp: boolean;
  /** Sends when the link is up; false when the next message should wait for `onDrain`. */
  write(message: Out): boolean;
  close(): void;
}

/**
 * Opens a stream and keeps it open. Each attempt has a channel of its own: a channel that failed answers from memory until
 * its backoff has passed, and "refused" must mean that the process was asked just now and is not there.
 */
export function createStreamLink<Out, In>(options: StreamLinkOptions<Out, In>): StreamLink<Out> {
  let isUp = false;
  let isClosed = false;
  let waitMs: number = RECONNECT_MS.first;
  let current: { readonly client: Client; readonly stream: ClientDuplexStream<Out, In> } | undefined;
  let timer: NodeJS.Timeout | undefined;

  function connect(): void {
    const attempt = options.open();
    const { stream } = attempt;
    current = attempt;
    timer = setTimeout(() => {
      fail(attempt, { isRefused: false, problem: `no answer within ${ANSWER_MS_MAX} ms` });
    }, ANSWER_MS_MAX);
    stream.on('metadata', () => {
      if (current !== attempt || isUp) return;
      clearTimeout(timer);
      isUp = true;
      waitMs = RECONNECT_MS.first;
      options.onUp();
    });
    stream.on('data', (message: In) => {
      if (current === attempt) options.onData(message);
    });
    stream.on('drain', () => {
      if (current === attempt && isUp) options.onDrain();
    });
    // The status says it all and always follows.
    stream.on('error', () => undefined);
    stream.on('status', (ended: StatusObject) => {
      fail(attempt, { isRefused: isRefusal(ended, isUp), problem: problemOf(ended) });
    });
  }

  function fail(attempt: typeof current, { isRefused, problem }: Omit<LinkDown, 'wasUp'>): void {
    if (attempt === undefined || current !== attempt) return;
    const wasUp = isUp;
    release();
    timer = setTimeout(connect, waitMs);
    waitMs = Math.min(waitMs * 2, RECONNECT_MS.max);
    options.onDown({ wasUp, isRefused, problem });
  }

  function release(): void {
    clearTimeout(timer);
    isUp = false;
    const ended = current;
    current = undefined;
    ended?.stream.cancel();
    ended?.client.close();
  }

  connect();
  return {
    get isUp() {
      return isUp;
    },
    write(message) {
      if (!isUp || current === undefined) return false;
      return current.stream.write(message);
    },
    close() {
      if (isClosed) return;
      isClosed = true;
      release();
    },
  };
}

/** An open stream that ends was ended by a process that is gone; an attempt that fails was refused or never arrived. */
function isRefusal({ code, details }: StatusObject, wasUp: boolean): boolean {
  if (code === status.UNAUTHENTICATED || code === status.PERMISSION_DENIED) return false;
  return wasUp || /ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|Connection dropped/.test(details);
}

function problemOf({ code, details }: StatusObject): string {
  return code === status.OK ? 'the other side ended the stream' : `${status[code]}: ${details}`;
}
