import { createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { createOperationsClient } from '../../src/net/operations-client.js';
import { unreachableText } from '../../src/net/unreachable.js';
import { status } from '@grpc/grpc-js';
import { freePorts } from '../support/free-ports.js';

const TOKEN = 't'.repeat(20);

const failure = async (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'it answered',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

describe('operations client', () => {
  it('nobody listens: says so in words, with the address and what to look at', async () => {
    const [port] = await freePorts(1);
    const address = `127.0.0.1:${port}`;
    const client = createOperationsClient(address, TOKEN);
    const expected = `it cannot be reached at ${address} (connection refused); is it running?`;
    try {
      expect(await failure(client.status())).to.equal(expected);
      expect(await failure(client.outbox())).to.equal(expected);
    } finally {
      client.close();
    }
  });

  it('it takes the connection and says nothing, as a stopped process does: how long was waited', async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => void sockets.add(socket));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const client = createOperationsClient(`127.0.0.1:${port}`, TOKEN);
    try {
      expect(await failure(client.status(150))).to.equal(
        `it does not answer at 127.0.0.1:${port} within 150 ms; is it stopped, or cut off?`,
      );
    } finally {
      client.close();
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });

  it('names what the system says, never its code; an answer stays what it is', () => {
    const text = (code: status, details: string) => unreachableText({ code, details }, 'a:1', 1);
    const unavailable = 'No connection established. Last error: connect';
    expect(text(status.UNAVAILABLE, `${unavailable} EHOSTUNREACH a:1`)).to.contain('(no way to its network)');
    expect(text(status.UNAVAILABLE, 'Name resolution failed for target dns:a:1')).to.contain('host name is not known');
    expect(text(status.UNAVAILABLE, 'Connection dropped')).to.contain('(connection lost)');
    expect(text(status.UNAVAILABLE, 'something new')).to.contain('(no connection)');
    expect(text(status.UNAUTHENTICATED, 'no token')).to.equal(undefined);
  });
});
