import { Server, ServerCredentials } from '@grpc/grpc-js';
import { announce } from '../announce.js';
import { bytesService, FoodOrdering } from '../contract.js';
import { echoResponse } from '../order.js';
import { proxySettings } from './settings.js';

/** The echo server: argv is the name of the settings. Answers every order with the same response, no disk, no state. */
const { isRaw, channel } = proxySettings(process.argv[2] ?? '');
const server = new Server({ 'grpc.enable_channelz': channel['grpc.enable_channelz'] ?? 1 });
const bytes = FoodOrdering.service.MakeOrder.responseSerialize(echoResponse);
const response = isRaw ? bytes : FoodOrdering.service.MakeOrder.responseDeserialize(bytes);
server.addService(isRaw ? bytesService() : FoodOrdering.service, {
  MakeOrder: (_call: unknown, callback: (error: null, answer: unknown) => void) => callback(null, response),
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => announce(error, port));
