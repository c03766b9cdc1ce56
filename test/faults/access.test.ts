import { type ChannelCredentials, Client, credentials, Metadata, type ServiceDefinition, status } from '@grpc/grpc-js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { expect } from 'chai';
import { bearerMetadata } from '../../src/net/bearer-token.js';
import { PROTO_FILES, protocol, SERVICE_NAMES } from '../../src/net/proto-files.js';
import { reflectionOf } from '../../src/net/reflection.js';
import { createOrderingClient } from '../../src/net/ordering-client.js';
import {
  type Identity,
  type IdentityFiles,
  makeIdentity,
  readIdentity,
  skipWithoutOpenssl,
} from '../support/certificates.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { CLUSTER_TOKEN, Cluster, STAFF_TOKEN, type Replica } from '../support/cluster.js';
import { callTemplate } from '../support/http2-frames.js';
import { RawConnection } from '../support/raw-connection.js';
import { MAIN } from '../support/server-process.js';
import { until } from '../support/until.js';

/** One method of a service that is not for strangers. */
interface InternalCall {
  readonly path: string;
  readonly isRequestStream: boolean;
  readonly isResponseStream: boolean;
}

/** Every method of every service that a replica serves, health but: as the proto files and the reflection define them. */
function internalCalls(): InternalCall[] {
  const services: ServiceDefinition[] = Object.values(protocol).flatMap((one) =>
    typeof one === 'function' && 'service' in one && one !== protocol.FoodOrdering ? [one.service] : [],
  );
  services.push(...reflectionOf(PROTO_FILES, Object.values(SERVICE_NAMES)).map(({ definition }) => definition));
  return services.flatMap((service) =>
    Object.values(service).map(({ path: at, requestStream, responseStream }) => ({
      path: at,
      isRequestStream: requestStream,
      isResponseStream: responseStream,
    })),
  );
}

/** What came of a call: the status, and the messages that were answered with. */
interface Attempt {
  readonly code: status;
  readonly answers: number;
}

/** Bytes that a call announces, nearly as many as a member may send; of which this many come. */
const ANNOUNCED_BYTES = 15 << 20;
const SENT_BYTES = 1 << 10;
const HALF_SENT_CALLS = 40;

/** Begins calls without a token that never end, on a connection of their own; gives the statuses that they get. */
async function statusesOfHalfSent(address: string, at: string): Promise<Set<number>> {
  const template = callTemplate(at, address, '60S', Buffer.alloc(SENT_BYTES));
  template.bytes.writeUInt32BE(ANNOUNCED_BYTES, template.requestAt - 4);
  // The flags stand before the number of the stream.
  template.bytes.writeUInt8(0, (template.streamAt[1] ?? 0) - 1);
  const connection = new RawConnection(address);
  try {
    const calls = Array.from(
      { length: HALF_SENT_CALLS },
      () => new Promise<number>((resolve) => connection.call(template, '', 0, Infinity, resolve)),
    );
    return new Set(await Promise.all(calls));
  } finally {
    connection.close();
  }
}

const asIs = (bytes: Buffer): Buffer => bytes;

/** Makes one call with a message that every proto accepts: an empty one. */
function attempt(
  client: Client,
  { path: at, isRequestStream, isResponseStream }: InternalCall,
  metadata: Metadata,
): Promise<Attempt> {
  const deadline = Date.now() + 3_000;
  return new Promise((resolve) => {
    let answers = 0;
    if (!isRequestStream && !isResponseStream) {
      client.makeUnaryRequest(at, asIs, asIs, Buffer.alloc(0), metadata, { deadline }, (error, answer) => {
        resolve({ code: error?.code ?? status.OK, answers: answer === undefined ? 0 : 1 });
      });
      return;
    }
    const call = client.makeBidiStreamRequest(at, asIs, asIs, metadata, { deadline });
    call.on('data', () => answers++);
    call.on('error', () => undefined);
    call.on('status', ({ code }) => resolve({ code, answers }));
    call.write(Buffer.alloc(0));
    call.end();
  });
}

const scheme = (text: string): Metadata => {
  const metadata = new Metadata();
  metadata.set('authorization', text);
  return metadata;
};

const STRANGERS: readonly (readonly [string, Metadata, status])[] = [
  ['no token', new Metadata(), status.UNAUTHENTICATED],
  ['a wrong token', bearerMetadata('x'.repeat(CLUSTER_TOKEN.length)), status.PERMISSION_DENIED],
  ['a part of the token', bearerMetadata(CLUSTER_TOKEN.slice(0, -1)), status.PERMISSION_DENIED],
  ["the staff's token", bearerMetadata(STAFF_TOKEN), status.PERMISSION_DENIED],
  ['another scheme', scheme(`Basic ${CLUSTER_TOKEN}`), status.PERMISSION_DENIED],
];

/** What a stranger must not change. */
async function standing(cluster: Cluster): Promise<object[]> {
  const all = await cluster.level();
  return all.map(({ id, role, view, op, chain, writable }) => ({ id, role, view, op, chain, writable }));
}

describe("faults: strangers on the replicas' ports", () => {
  const suite = clusterForSuite({ frontEnds: 1 });

  it('what is tried: every method of every internal service', () => {
    const paths = internalCalls().map((call) => call.path);
    for (const service of [SERVICE_NAMES.replication, SERVICE_NAMES.requests, SERVICE_NAMES.operations])
      expect(
        paths.some((one) => one.startsWith(`/${service}/`)),
        service,
      ).to.equal(true);
    expect(paths.filter((one) => one.includes('ServerReflection'))).to.have.length(2);
  });

  for (const [who, metadata, expected] of STRANGERS) {
    it(`refused: nothing can be read, voted or stopped with ${who}`, async () => {
      const { cluster } = suite;
      const before = await standing(cluster);
      for (const { id, address } of cluster.replicas) {
        const client = new Client(address, credentials.createInsecure());
        for (const call of internalCalls())
          expect(await attempt(client, call, metadata), `${call.path} at ${id}`).to.deep.equal({
            code: expected,
            answers: 0,
          });
        client.close();
      }
      expect(await standing(cluster)).to.deep.equal(before);
    });
  }

  it('memory: calls that announce much and never end are refused before any of it is read; those for health are few', async () => {
    const { address } = suite.cluster.replica(0);
    const unary = internalCalls().filter(({ isRequestStream }) => !isRequestStream);
    for (const { path: at } of unary)
      expect(await statusesOfHalfSent(address, at), at).to.deep.equal(new Set([status.UNAUTHENTICATED]));
    const beganMs = performance.now();
    expect(await statusesOfHalfSent(address, '/grpc.health.v1.Health/Check')).to.deep.equal(
      new Set([status.RESOURCE_EXHAUSTED]),
    );
    expect(performance.now() - beganMs, 'a few were waited for').to.be.above(1_000);
    const health = await attempt(
      new Client(address, credentials.createInsecure()),
      { path: '/grpc.health.v1.Health/Check', isRequestStream: false, isResponseStream: false },
      new Metadata(),
    );
    expect(health, 'who ends a call is answered').to.deep.equal({ code: status.OK, answers: 1 });
  });

  it('front ends: nothing internal is there, with any token', async () => {
    const client = new Client(suite.cluster.frontEnd(0).address, credentials.createInsecure());
    for (const call of internalCalls().filter(({ path: at }) => at.includes('justhungry')))
      for (const metadata of [new Metadata(), bearerMetadata(CLUSTER_TOKEN)])
        expect(await attempt(client, call, metadata), call.path).to.deep.equal({
          code: status.UNIMPLEMENTED,
          answers: 0,
        });
    client.close();
  });
});

describe('faults: a cluster with TLS', () => {
  let folder: string;
  let files: IdentityFiles;
  let customers: IdentityFiles;
  let other: Identity;
  let cluster: Cluster;

  before(async function () {
    this.timeout(90_000);
    skipWithoutOpenssl(this);
    folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-tls-'));
    files = makeIdentity(path.join(folder, 'cluster'));
    customers = makeIdentity(path.join(folder, 'customers'));
    other = readIdentity(makeIdentity(path.join(folder, 'other')));
    cluster = await Cluster.start({ frontEnds: 1, tls: files, customerTls: customers });
  });
  after(async () => {
    await (cluster as Cluster | undefined)?.end();
    if ((folder as string | undefined) !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const anOrder = async (): Promise<number> => {
    const client = cluster.client();
    const [item] = (await client.getMenu()).items;
    if (item === undefined) throw new Error('there is a menu');
    const line = { item: item.item, quantity: 1, price_pence: item.price_pence };
    const order = { order_id: crypto.randomUUID(), user_code: 'ann', lines: [line], post_code: 'DH1 1JN' };
    return (await client.makeOrder(order)).receipt.copies;
  };

  it('orders: customers and members speak TLS, also over a failover', async () => {
    expect(await anOrder()).to.be.at.least(2);
    const dead = await cluster.primary();
    await dead.process.kill();
    expect(await anOrder()).to.equal(2);
    await dead.process.start();
    await cluster.joined(dead);
    await cluster.level();
  });

  it('customers: without TLS, or with another CA, nobody orders', async () => {
    const { address } = cluster.frontEnd(0);
    for (const tlsCas of [new Map<string, Buffer>(), new Map([[address, other.ca]])]) {
      const client = createOrderingClient([address], { deadlineMs: 500, tlsCas });
      const failed = await client.getMenu().then(
        () => 'answered',
        () => 'failed',
      );
      client.close();
      expect(failed).to.equal('failed');
    }
  });

  const strangers: readonly (readonly [string, () => ChannelCredentials])[] = [
    ['plain text', () => credentials.createInsecure()],
    ['TLS without a certificate', () => credentials.createSsl(readIdentity(files).ca)],
    ['a certificate of another CA', () => credentials.createSsl(readIdentity(files).ca, other.key, other.certificate)],
  ];
  for (const [who, channel] of strangers) {
    it(`refused: who comes with ${who} reaches nothing, not even with the right token`, async () => {
      const before = await standing(cluster);
      for (const { id, address } of cluster.replicas) {
        const client = new Client(address, channel());
        for (const call of internalCalls())
          expect(await attempt(client, call, bearerMetadata(CLUSTER_TOKEN)), `${call.path} at ${id}`).to.deep.include({
            answers: 0,
            code: status.UNAVAILABLE,
          });
        client.close();
      }
      expect(await standing(cluster)).to.deep.equal(before);
    });
  }

  it('refused: a certificate of the cluster alone, without the token, is not enough', async () => {
    const { ca, key, certificate } = readIdentity(files);
    const client = new Client(cluster.replica(0).address, credentials.createSsl(ca, key, certificate));
    for (const call of internalCalls())
      expect((await attempt(client, call, new Metadata())).code, call.path).to.equal(status.UNAUTHENTICATED);
    client.close();
  });

  it("member: one with another CA's certificate takes part in nothing, and the log says why", async () => {
    const [stray] = cluster.others(await cluster.primary()) as [Replica];
    await stray.process.kill();
    const config = path.join(cluster.folder, 'stray.json');
    cluster.writeConfiguration(config, stray, { tls: makeIdentity(path.join(folder, 'stray')) });
    await stray.process.start(['--config', config]);
    await until(
      () => stray.process.log().some(({ msg }) => /certificate|self.signed|issuer/i.test(String(msg))),
      () => `the log of ${stray.id} tells of certificates: ${stray.process.logTail(5)}`,
    );
    const others = cluster.others(stray);
    for (const { index } of others) {
      const peers = (await cluster.status(index))?.peers ?? [];
      expect(peers.find(({ id }) => id === stray.id)?.health).to.equal('unhealthy');
    }
    await stray.process.kill();
    await stray.process.start();
    await cluster.joined(stray);
  });

  it('commands: operators use the certificate of the configuration, customers the CA of the front end', async () => {
    const config = path.join(cluster.folder, 'front-end-1.json');
    const shown = await execa(process.execPath, [MAIN, 'status', '--json', '--config', config]);
    expect(JSON.parse(shown.stdout)).to.deep.include({ writable: true });
    const menu = await execa(process.execPath, [MAIN, 'menu', '--config', config]);
    expect(menu.stdout).to.match(/Dal Tadka/);
    const frontEnd = ['--front-end', cluster.frontEnd(0).address];
    const named = await execa(process.execPath, [MAIN, 'menu', ...frontEnd, '--ca', customers.ca]);
    expect(named.stdout).to.match(/Dal Tadka/);
    const unknown = await execa(process.execPath, [MAIN, 'menu', ...frontEnd, '--ca', 'system'], { reject: false });
    expect(unknown.exitCode).to.equal(1);
    // Nothing that Node or gRPC say by themselves.
    expect([shown.stderr, menu.stderr, named.stderr]).to.deep.equal(['', '', '']);
  });
});
