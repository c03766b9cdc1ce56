import type { Client, ClientDuplexStream, Metadata, MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type { ReplicationExchangeRequest__Output } from './generated/justhungry/v1/ReplicationExchangeRequest.js';
import type { RequestsExchangeRequest__Output } from './generated/justhungry/v1/RequestsExchangeRequest.js';
import type { RequestsExchangeResponse__Output } from './generated/justhungry/v1/RequestsExchangeResponse.js';
import { protocol } from './proto-files.js';
import { readBatch, writeBatch, type WireBatch } from './wire/replication-exchange.js';
import {
  readCalls,
  readReplies,
  writeCalls,
  writeReplies,
  type WireCalls,
  type WireReplies,
} from './wire/requests-exchange.js';

/*
 * The two streams inside the cluster that every order travels on. Their messages are written and read by the codecs of
 * ./wire: proto-loader's reflection costs about a third of what this program itself spends on an order.
 */

/** How one end of a stream writes what it sends and reads what it gets. */
interface Codec<Out, In> {
  readonly path: string;
  write(this: void, message: Out): Buffer;
  read(this: void, bytes: Buffer): In;
}

/** Requests.Exchange as a front end, or a replica that relays, sees it. */
export const requestsCalls: Codec<WireCalls, RequestsExchangeResponse__Output> = {
  path: protocol.Requests.service.Exchange.path,
  write: writeCalls,
  read: readReplies,
};

/** Replication.Exchange as the replica sees it that opens it. */
export const replicationBatches: Codec<WireBatch, unknown> = {
  path: protocol.Replication.service.Exchange.path,
  write: writeBatch,
  read: protocol.Replication.service.Exchange.responseDeserialize,
};

/** Opens the stream. */
export function openExchange<Out, In>(
  client: Client,
  { path, write, read }: Codec<Out, In>,
  metadata: Metadata,
): ClientDuplexStream<Out, In> {
  return client.makeBidiStreamRequest(path, write, read, metadata);
}

/** The service Requests as a replica serves it. */
export const requestsService: ServiceDefinition = {
  Exchange: served<RequestsExchangeRequest__Output, WireReplies>(protocol.Requests.service.Exchange, {
    requestDeserialize: readCalls,
    responseSerialize: writeReplies,
  }),
};

/** The service Replication as a replica serves it. */
export const replicationService: ServiceDefinition = {
  Exchange: served<ReplicationExchangeRequest__Output, object>(protocol.Replication.service.Exchange, {
    requestDeserialize: readBatch,
    responseSerialize: protocol.Replication.service.Exchange.responseSerialize,
  }),
};

function served<In, Out>(
  definition: object,
  codec: Pick<MethodDefinition<In, Out>, 'requestDeserialize' | 'responseSerialize'>,
): MethodDefinition<In, Out> {
  return { ...(definition as MethodDefinition<In, Out>), ...codec };
}
