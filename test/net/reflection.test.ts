import {
  type ChannelCredentials,
  Client,
  credentials,
  loadPackageDefinition,
  type Metadata,
  status,
  type StatusObject,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { createRequire } from 'node:module';
import { service as healthService } from 'grpc-health-check';
import path from 'node:path';
import { expect } from 'chai';
import { bearerMetadata } from '../../src/net/bearer-token.js';
import { SERVICE_NAMES } from '../../src/net/proto-files.js';
import { waitingList } from '../examples/waiting-list/hosted.js';
import { until } from '../support/until.js';
import { Rig, STAFF_TOKEN, TOKEN } from './support/rig.js';

/** What a reflection service said: file descriptors as text, names of services, errors; and how the stream ended. */
interface Reflected {
  readonly services: readonly string[];
  /** The bytes of all file descriptors; names stand in them as they are. */
  readonly files: string;
  readonly errors: readonly string[];
  readonly code: status;
}

interface Answer {
  readonly list_services_response?: { readonly service: readonly { readonly name: string }[] };
  readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly Buffer[] };
  readonly error_response?: { readonly error_message: string };
}

const reflectionFolder = path.dirname(createRequire(import.meta.url).resolve('@grpc/reflection'));

/** Asks as grpcurl does, in one of the two versions. */
async function reflect(
  address: string,
  version: 'v1' | 'v1alpha',
  requests: readonly object[],
  metadata: Metadata,
): Promise<Reflected> {
  const file = path.join(reflectionFolder, `../proto/grpc/reflection/${version}/reflection.proto`);
  const loaded = loadPackageDefinition(loadSync(file, { keepCase: true, oneofs: true })) as unknown as {
    grpc: { reflection: Record<string, { ServerReflection: new (to: string, by: ChannelCredentials) => Client }> };
  };
  const Reflection = loaded.grpc.reflection[version]?.ServerReflection;
  if (Reflection === undefined) throw new Error(`no reflection ${version}`);
  const client = new Reflection(address, credentials.createInsecure()) as Client & {
    ServerReflectionInfo(metadata: Metadata): ReturnType<Client['makeBidiStreamRequest']>;
  };
  const stream = client.ServerReflectionInfo(metadata);
  const answers: Answer[] = [];
  stream.on('data', (answer: Answer) => void answers.push(answer));
  stream.on('error', () => undefined);
  const ended = new Promise<StatusObject>((resolve) => void stream.on('status', resolve));
  for (const request of requests) stream.write(request);
  stream.end();
  const { code } = await ended;
  client.close();
  return {
    services: answers.flatMap((one) => one.list_services_response?.service.map(({ name }) => name) ?? []),
    files: answers
      .flatMap((one) => one.file_descriptor_response?.file_descriptor_proto ?? [])
      .map(String)
      .join(),
    errors: answers.flatMap((one) => one.error_response?.error_message ?? []),
    code,
  };
}

const none = bearerMetadata(undefined);
const OF_CUSTOMERS = ['grpc.health.v1.Health', SERVICE_NAMES.ordering];

describe('reflection and health', () => {
  let rig: Rig;
  let frontEnd: string;
  before(async () => {
    rig = await Rig.start();
    frontEnd = (await rig.frontEnd()).address;
  });
  after(() => rig.stop());

  for (const version of ['v1', 'v1alpha'] as const) {
    it(`front end: tells FoodOrdering and health, and of nothing internal (${version})`, async () => {
      const internal = ['replication', 'requests', 'operations'] as const;
      const requests = [
        { list_services: '*' },
        { file_containing_symbol: SERVICE_NAMES.ordering },
        ...internal.map((name) => ({ file_containing_symbol: SERVICE_NAMES[name] })),
        ...internal.map((name) => ({ file_by_filename: `justhungry/v1/${name}.proto` })),
      ];
      const told = await reflect(frontEnd, version, requests, none);
      expect(told.services.toSorted()).to.deep.equal(OF_CUSTOMERS);
      expect(told.files).to.include('FoodOrdering').and.include('MakeOrderRequest');
      for (const name of ['Replication', 'GetStatus', 'ForwardedCall', 'DoViewChange'])
        expect(told.files, name).to.not.include(name);
      expect(told.errors).to.have.length(2 * internal.length);
      expect(told.code).to.equal(status.OK);
    });

    it(`replica: tells all its services to who has the cluster's token alone (${version})`, async () => {
      const address = rig.replicas[0]?.address ?? '';
      const requests = [{ list_services: '*' }, { file_containing_symbol: SERVICE_NAMES.operations }];
      const told = await reflect(address, version, requests, bearerMetadata(TOKEN));
      expect(told.services).to.include.members(Object.values(SERVICE_NAMES));
      expect(told.files).to.include('GetStatus');
      for (const [token, code] of [
        [undefined, status.UNAUTHENTICATED],
        [STAFF_TOKEN, status.PERMISSION_DENIED],
      ] as const) {
        const refused = await reflect(address, version, requests, bearerMetadata(token));
        expect(refused).to.deep.equal({ services: [], files: '', errors: [], code });
      }
    });
  }

  const healthOf = (address: string, service: string): Promise<string> => {
    const client = new Client(address, credentials.createInsecure());
    const { Check } = healthService as unknown as Record<
      string,
      {
        path: string;
        requestSerialize: (of: object) => Buffer;
        responseDeserialize: (bytes: Buffer) => { status: string };
      }
    >;
    if (Check === undefined) throw new Error('health has a check');
    return new Promise((resolve) => {
      client.makeUnaryRequest(
        Check.path,
        Check.requestSerialize,
        Check.responseDeserialize,
        { service },
        (error, answer) => {
          client.close();
          resolve(error === null ? (answer?.status ?? '') : (status[error.code] ?? ''));
        },
      );
    });
  };

  it("health: a replica that is not ready serves no customers' calls, and takes part all the same", async () => {
    const address = rig.replicas[1]?.address ?? '';
    const all = async (): Promise<string[]> =>
      Promise.all(
        ['', SERVICE_NAMES.requests, SERVICE_NAMES.replication, SERVICE_NAMES.operations].map((name) =>
          healthOf(address, name),
        ),
      );
    expect(await all()).to.deep.equal(['SERVING', 'SERVING', 'SERVING', 'SERVING']);
    rig.notReady[1]?.push('it lags');
    await until(async () => (await healthOf(address, SERVICE_NAMES.requests)) === 'NOT_SERVING', 'its health says so');
    expect(await all()).to.deep.equal(['SERVING', 'NOT_SERVING', 'SERVING', 'SERVING']);
    rig.notReady[1]?.pop();
    await until(async () => (await healthOf(address, SERVICE_NAMES.requests)) === 'SERVING', 'it is ready again');
  });

  it('health: a front end says how FoodOrdering is, and knows no other', async () => {
    expect(await healthOf(frontEnd, SERVICE_NAMES.ordering)).to.equal('SERVING');
    expect(await healthOf(frontEnd, SERVICE_NAMES.operations)).to.equal('NOT_FOUND');
  });

  it('front end: tells the services of contracts, their proto files and their health', async () => {
    const other = await Rig.start([waitingList]);
    try {
      const { address } = await other.frontEnd();
      const { fullName } = waitingList.contract;
      const requests = [{ list_services: '*' }, { file_containing_symbol: fullName }];
      const told = await reflect(address, 'v1', requests, none);
      expect(told.services.toSorted()).to.deep.equal([...OF_CUSTOMERS, fullName].sort());
      expect(told.files).to.include('WaitingList').and.include('JoinRequest').and.include('Receipt');
      await until(async () => (await healthOf(address, fullName)) === 'SERVING', 'it is served');
      for (let index = 0; index < 3; index++) await other.stopReplica(index);
      await until(async () => (await healthOf(address, fullName)) === 'NOT_SERVING', 'nobody can be reached');
    } finally {
      await other.stop();
    }
  });
});
