import type {
  MethodDefinition,
  ServerDuplexStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProto } from 'grpc-health-check';
import { present } from '../base/assert.js';
import { loadProtoFiles } from './proto-files.js';
import { protoOptions } from './proto-options.js';

/** A service of a server and what implements it. */
export interface ReflectionPart {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

type Stream = ServerDuplexStream<unknown, unknown>;
type Bytes = MethodDefinition<unknown, unknown>;

const HEALTH = 'grpc.health.v1.Health';
const SERVICES = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'] as const;
/** The only method of each. */
const METHOD = 'ServerReflectionInfo';

/**
 * gRPC server reflection (v1 and v1alpha) over some proto files of this program, and grpc.health.v1. Of other files nothing is
 * told: they are not even loaded for it. `services`: full names of those that are listed. Descriptors are made when somebody
 * asks for the first time: a start has no 100 ms for what hardly anybody asks.
 */
export function reflectionOf(protoFiles: readonly string[], services: readonly string[]): ReflectionPart[] {
  let made: Map<string, ReflectionPart> | undefined;
  return SERVICES.map((name) => {
    const real = (): { method: Bytes; handler: (stream: Stream) => void } => {
      made ??= reflectionParts(protoFiles, services);
      const { definition, implementation } = present(made.get(name), 'the package reflects both versions');
      return {
        method: present(definition[METHOD], 'reflection has one method') as Bytes,
        handler: implementation[METHOD] as (stream: Stream) => void,
      };
    };
    const method: Bytes = {
      path: `/${name}/${METHOD}`,
      requestStream: true,
      responseStream: true,
      requestSerialize: (message) => real().method.requestSerialize(message),
      requestDeserialize: (bytes) => real().method.requestDeserialize(bytes),
      responseSerialize: (message) => real().method.responseSerialize(message),
      responseDeserialize: (bytes) => real().method.responseDeserialize(bytes),
    };
    return {
      definition: { [METHOD]: method },
      implementation: { [METHOD]: (stream: Stream) => real().handler(stream) },
    };
  });
}

function reflectionParts(protoFiles: readonly string[], services: readonly string[]): Map<string, ReflectionPart> {
  const parts = new Map<string, ReflectionPart>();
  const reflection = new ReflectionService(descriptors(protoFiles), { services: [...services, HEALTH] });
  reflection.addToServer({
    addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation) {
      const name = definition[METHOD]?.path.split('/')[1] ?? '';
      parts.set(name, { definition, implementation });
    },
  });
  return parts;
}

function descriptors(protoFiles: readonly string[]): PackageDefinition {
  return { ...loadProtoFiles(protoFiles), ...loadSync(healthProto, protoOptions) };
}
