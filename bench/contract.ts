import { loadPackageDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import path from 'node:path';
import { protoOptions } from '../src/net/proto-options.js';
import type { ProtoGrpcType as LogGrpcType } from '../src/net/generated/log.js';
import type { ProtoGrpcType } from '../src/net/generated/ordering.js';
import type { ProtoGrpcType as TuplesGrpcType } from '../src/net/generated/tuples.js';

const options = { ...protoOptions, includeDirs: [path.resolve(import.meta.dirname, '../proto')] };
const definitions = loadSync('justhungry/v1/ordering.proto', options);

/** The public contract, as any customer would load it: client constructors and messages. */
export const { FoodOrdering } = (loadPackageDefinition(definitions) as unknown as ProtoGrpcType).justhungry.v1;

/** As above, of the message log. */
export const { MessageLog } = (
  loadPackageDefinition(loadSync('justhungry/log/v1/log.proto', options)) as unknown as LogGrpcType
).justhungry.log.v1;

/** As above, of the tuple space. */
export const { TupleSpace } = (
  loadPackageDefinition(loadSync('justhungry/tuples/v1/tuples.proto', options)) as unknown as TuplesGrpcType
).justhungry.tuples.v1;

/** The service with every message as the bytes it came as: a proxy that does not look inside. */
export function bytesService(): ServiceDefinition {
  const asIs = (bytes: Buffer): Buffer => bytes;
  const bytes = {
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  return Object.fromEntries(
    Object.entries(FoodOrdering.service).map(([name, definition]) => [name, { ...definition, ...bytes }]),
  );
}
