import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { expect } from 'chai';
import { freePorts } from './free-ports.js';
import { TcpProxy } from './tcp-proxy.js';
import { until } from './until.js';

describe('tcp proxy', () => {
  let server: Server;
  let proxy: TcpProxy;
  let client: Socket;
  let received = '';

  /** A server that answers everything with itself, the proxy before it, and a client of that. */
  beforeEach(async () => {
    received = '';
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const [port = 0] = await freePorts(1);
    proxy = await TcpProxy.start(port, `127.0.0.1:${(server.address() as AddressInfo).port}`);
    client = connect(port, '127.0.0.1');
    client.on('data', (bytes) => (received += bytes.toString()));
    client.on('error', () => undefined);
    await once(client, 'connect');
  });
  afterEach(async () => {
    client.destroy();
    await proxy.close();
    server.close();
  });

  it('delay: everything comes late', async () => {
    const beginMs = performance.now();
    proxy.delay(50);
    client.write('late');
    await until(
      () => received === 'late',
      () => `it arrives: ${received}`,
    );
    // There and back.
    expect(performance.now() - beginMs).to.be.at.least(100);
  });

  it('delay: what comes after its end does not overtake', async () => {
    proxy.delay(100);
    client.write('first ');
    await new Promise((resolve) => setTimeout(resolve, 20));
    proxy.delay(0);
    client.write('second');
    await until(() => received.includes('second'), 'both arrive');
    expect(received).to.equal('first second');
  });

  it('silence: nothing comes, nothing breaks; opened again, everything does', async () => {
    proxy.silence();
    client.write('unheard');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(received).to.equal('');
    proxy.open();
    await until(() => received === 'unheard', 'it arrives late');
  });

  it('lost answers: a greeting passes, an answer breaks the connection and is counted', async () => {
    proxy.loseAnswers(true);
    client.write('hello');
    await until(() => received === 'hello', 'the greeting arrives');
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.write('x'.repeat(200));
    await closed;
    expect(received).to.equal('hello');
    expect(proxy.answersLost).to.equal(1);
  });
});
