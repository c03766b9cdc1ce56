import { logVerbosity, type Server, type ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';

// grpc-js writes lines of its own to stderr; what matters in them is in the errors that are thrown here and in statuses.
setLogVerbosity(logVerbosity.NONE);

/** A server in service. */
export interface Listening {
  /** `host:port` where it really listens: the port asked for, or the one given for port 0. */
  readonly address: string;
  /** Ends it: calls under way may finish for `graceMs`, then connections are cut. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Binds a server. Rejects with an error that names the address and what to do, when the port is taken or the address is not
 * of this machine.
 */
export async function listen(server: Server, address: string, credentials: ServerCredentials): Promise<Listening> {
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) => {
      if (error === null) resolve(bound);
      else reject(bindError(address, error));
    });
  });
  return {
    address: `${address.slice(0, address.lastIndexOf(':'))}:${port}`,
    stop: (graceMs) => stopServer(server, graceMs),
  };
}

function bindError(address: string, cause: Error): Error {
  const text = cause.message;
  const why = text.includes('EADDRINUSE')
    ? 'the port is taken. Stop the process that uses it, or give another address in the configuration'
    : text.includes('EADDRNOTAVAIL')
      ? 'this machine has no such address. Give one of its own in the configuration'
      : text.includes('EACCES')
        ? 'the system does not allow this port. Give one above 1023 in the configuration'
        : text;
  return new Error(`cannot listen on ${address}: ${why}.`, { cause });
}

/** tryShutdown waits for open streams for ever, so it races with the end of patience. */
async function stopServer(server: Server, graceMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const patience = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(patience);
      resolve();
    });
  });
}
