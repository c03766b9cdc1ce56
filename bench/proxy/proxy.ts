import {
  type Client,
  credentials,
  type handleUnaryCall,
  makeGenericClientConstructor,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { announce } from '../announce.js';
import { bytesService, FoodOrdering } from '../contract.js';
import { proxySettings } from './settings.js';

/** The bare proxy: argv is the name of the settings and the address of the echo server. Unary in, unary out. */
const { isRaw, connections, channel } = proxySettings(process.argv[2] ?? '');
const address = process.argv[3] ?? '';
const service = isRaw ? bytesService() : FoodOrdering.service;
const Upstream = makeGenericClientConstructor(service, 'FoodOrdering');
const pool = connections > 1 ? { 'grpc.use_local_subchannel_pool': 1 } : {};
const upstreams = Array.from(
  { length: connections },
  () => new Upstream(address, credentials.createInsecure(), { ...channel, ...pool }),
);
type AnyMethod = MethodDefinition<never, never>;
const { path, requestSerialize, responseDeserialize } = (service as ServiceDefinition)[
  'MakeOrder'
] as unknown as AnyMethod;
let next = 0;

const makeOrder: handleUnaryCall<never, never> = ({ request }, callback) => {
  const upstream = upstreams[next++ % connections] as Client;
  upstream.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
    callback(error, answer),
  );
};

const server = new Server({ 'grpc.enable_channelz': channel['grpc.enable_channelz'] ?? 1 });
server.addService(service, { MakeOrder: makeOrder } as unknown as UntypedServiceImplementation);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => announce(error, port));
