import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync, type MessageTypeDefinition, type PackageDefinition } from '@grpc/proto-loader';
import path from 'node:path';
import { present } from '../base/assert.js';
import { MessageTypes } from './message-types.js';
import type { ProtoGrpcType as OperationsProto } from './generated/operations.js';
import type { ProtoGrpcType as OrderingProto } from './generated/ordering.js';
import type { ProtoGrpcType as ReplicationProto } from './generated/replication.js';
import type { ProtoGrpcType as RequestsProto } from './generated/requests.js';
import { protoOptions } from './proto-options.js';

/** Every proto file of this program, below `proto/`. */
export const PROTO_FILES = [
  'justhungry/v1/ordering.proto',
  'justhungry/v1/replication.proto',
  'justhungry/v1/requests.proto',
  'justhungry/v1/operations.proto',
  'google/rpc/status.proto',
  'google/rpc/error_details.proto',
] as const;

/** The proto file of what customers call. */
export const CUSTOMER_PROTO_FILE = 'justhungry/v1/ordering.proto';

/** Where the proto files are. The same depth below the root in src and in dist. */
export const PROTO_FOLDER = path.resolve(import.meta.dirname, '../../proto');

/** Reads proto files, below `proto/` or with their whole path. Throws what is wrong with them. */
export function loadProtoFiles(files: readonly string[]): PackageDefinition {
  return loadSync([...files], { ...protoOptions, includeDirs: [PROTO_FOLDER] });
}

/** Read once when this module is loaded. */
const definitions = loadProtoFiles(PROTO_FILES);

/** The messages of `PROTO_FILES`. */
export const messageTypes = new MessageTypes(definitions);

const loaded = loadPackageDefinition(definitions) as unknown as OrderingProto &
  ReplicationProto &
  RequestsProto &
  OperationsProto;

/** Messages, services and client constructors of package justhungry.v1. */
export const protocol = loaded.justhungry.v1;

/** How a message is written and read. `read` throws on bytes that are no such message. */
export interface MessageCodec<In, Out> {
  write(this: void, message: In): Buffer;
  read(this: void, bytes: Buffer): Out;
  /** Full name, such as `justhungry.v1.Order`. */
  readonly name: string;
}

/** The codec of the message of this full name, default: of `PROTO_FILES`; the caller names its generated types. */
export function messageCodec<In extends object, Out>(name: string, from = definitions): MessageCodec<In, Out> {
  const definition = present(from[name], `the proto files define ${name}`);
  const { serialize, deserialize } = definition as unknown as MessageTypeDefinition<In, Out>;
  return { name, write: serialize, read: deserialize };
}

/** Names of package justhungry.v1's services as health checks and paths spell them. */
export const SERVICE_NAMES = {
  ordering: 'justhungry.v1.FoodOrdering',
  replication: 'justhungry.v1.Replication',
  requests: 'justhungry.v1.Requests',
  operations: 'justhungry.v1.Operations',
} as const;
