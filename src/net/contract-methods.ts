import type { ServiceDefinition } from '@grpc/grpc-js';
import { replicaIndex, type ReplicaIndex } from '../base/numbers.js';
import type {
  ReadContract,
  ServiceContract,
  StreamContract,
  WireMessage,
  WriteContract,
} from '../base/service-contract.js';
import { canonicalUuid, isUuidV7 } from '../services/uuid.js';
import { ContractError, conventionalService, messageName } from './contract-conventions.js';
import { type GateContext, type GatedCall, invalidField, malformed, type Method, readOf, writeOf } from './gate.js';
import { MessageTypes } from './message-types.js';
import { wireAsOf, wireReceipt } from './ordering-responses.js';
import { loadProtoFiles, type MessageCodec, messageCodec } from './proto-files.js';
import { REQUEST_VALUES_MAX, wireProblem, wireShape } from './wire-check.js';

/** A message of a contract: how it is read, checked first, and written. */
export interface CheckedMessage {
  readonly name: string;
  write(this: void, message: WireMessage): Buffer;
  /** The message, or for people what is wrong with the bytes. */
  read(this: void, bytes: Buffer): WireMessage | string;
}

/** A stream of a contract, and the read that answers its pages. */
export interface BoundStream {
  /** As it is counted: `log/Tail`. */
  readonly name: string;
  readonly contract: StreamContract;
  readonly request: CheckedMessage;
  readonly response: CheckedMessage;
  readonly page: { readonly method: string; readonly request: CheckedMessage; readonly response: CheckedMessage };
}

/** A contract with its proto file. */
export interface BoundContract {
  readonly contract: ServiceContract;
  /** Of the proto file, for gRPC. */
  readonly definition: ServiceDefinition;
  readonly methods: readonly Method[];
  readonly streams: readonly BoundStream[];
  /** The messages of a method by its name in the proto file; `undefined` of a method that is not there. */
  messagesOf(method: string): { readonly request: CheckedMessage; readonly response: CheckedMessage } | undefined;
}

/** Reads the proto files of contracts. Throws ContractError where one does not keep to the conventions. */
export function bindContracts(contracts: readonly ServiceContract[]): BoundContract[] {
  const twice = contracts.find(({ service }, at) => contracts.findIndex((one) => one.service === service) !== at);
  if (twice !== undefined) throw new ContractError(twice, 'another contract has the same service name');
  return contracts.map(bindContract);
}

function bindContract(contract: ServiceContract): BoundContract {
  let definitions: ReturnType<typeof loadProtoFiles>;
  try {
    definitions = loadProtoFiles([contract.protoFile]);
  } catch (error) {
    throw new ContractError(contract, error instanceof Error ? error.message : String(error));
  }
  const types = new MessageTypes(definitions);
  const definition = conventionalService(contract, definitions, types);
  const message = (name: string, valuesMax: number): CheckedMessage =>
    checkedMessage(messageCodec<WireMessage, WireMessage>(messageName(contract, name), definitions), types, valuesMax);
  const messages = new Map(
    contract.methods.map(({ name }) => [
      name,
      { request: message(`${name}Request`, REQUEST_VALUES_MAX), response: message(`${name}Response`, Infinity) },
    ]),
  );
  const of = (name: string) => {
    const found = messages.get(name);
    if (found === undefined) throw new ContractError(contract, `it has no method ${name}`);
    return found;
  };
  const methods: Method[] = [];
  const streams: BoundStream[] = [];
  for (const method of contract.methods) {
    const { request, response } = of(method.name);
    const name = nameOf(contract, method.name);
    if (method.kind === 'stream') {
      const page = { method: nameOf(contract, method.page), ...of(method.page) };
      streams.push({ name, contract: method, request, response, page });
    } else {
      methods.push(unaryMethod(contract.service, name, method, request, response));
    }
  }
  return { contract, definition, methods, streams, messagesOf: (method) => messages.get(method) };
}

/** As calls of a contract's method are forwarded under. */
const nameOf = ({ service }: ServiceContract, method: string): string => `${service}/${method}`;

function checkedMessage(
  codec: MessageCodec<WireMessage, WireMessage>,
  types: MessageTypes,
  valuesMax: number,
): CheckedMessage {
  const shape = wireShape(codec.name, types);
  return {
    name: codec.name,
    write: codec.write,
    read(bytes) {
      const problem = wireProblem(bytes, shape, valuesMax);
      if (problem !== undefined) return problem;
      try {
        return codec.read(bytes);
      } catch {
        return 'it does not decode';
      }
    },
  };
}

function unaryMethod(
  service: string,
  name: string,
  contract: WriteContract | ReadContract,
  request: CheckedMessage,
  response: CheckedMessage,
): Method {
  return {
    name,
    service,
    kind: contract.kind,
    access: contract.access,
    gate(payload, context) {
      const message = request.read(payload);
      if (typeof message === 'string') return malformed(`${contract.name}Request`, message);
      return contract.kind === 'write' ? gatedWrite(contract, message, context) : gatedRead(contract, message, context);
    },
    respond(body, { receipt, asOf, replicaId }) {
      const place =
        contract.kind === 'write'
          ? { receipt: receipt === undefined ? null : wireReceipt(receipt) }
          : { as_of: asOf === undefined ? null : wireAsOf(asOf, replicaId) };
      return response.write({ ...contract.respond(body), ...place });
    },
  };
}

function gatedWrite(contract: WriteContract, message: WireMessage, context: GateContext): GatedCall {
  const requestId = canonicalUuid(String(message['request_id']));
  if (requestId === undefined || !isUuidV7(requestId))
    return invalidField(
      'request_id',
      'is no UUID of version 7',
      'make one for each request, and send it with each repeat',
    );
  const decoded = contract.decode(message);
  if (decoded.kind === 'refused') return decoded;
  const concern = message['write_concern'];
  return writeOf(requestId, decoded.body, context, typeof concern === 'string' ? concern : '');
}

function gatedRead(contract: ReadContract, message: WireMessage, { replicaIds }: GateContext): GatedCall {
  const { consistency, min_op: minOp } = message;
  const named = String(message['replica']);
  const replica = replicaNamed(named, replicaIds);
  if (replica === undefined) {
    const ids = [...replicaIds, 'primary'].join(', ');
    return invalidField('replica', 'is no replica of this cluster', `send one of ${ids}, or nothing`);
  }
  const decoded = contract.decode(message);
  if (decoded.kind === 'refused') return decoded;
  const isOfOne = typeof replica === 'number';
  const usual = isOfOne && consistency === 'CONSISTENCY_UNSPECIFIED' ? usualOfOne(Number(minOp)) : consistency;
  const gated = readOf(decoded.body, { consistency: usual, min_op: Number(minOp) });
  if (gated.kind !== 'read') return gated;
  // Whoever acts as primary shows by that that it is: no other replica may answer in its place.
  if (replica === 'primary') return { ...gated, consistency: 'linearizable' };
  return isOfOne ? { ...gated, replica } : gated;
}

/** What a named replica holds, as it is; whoever asks for an op as well wants to see that. */
const usualOfOne = (minOp: number): string => (minOp > 0 ? 'CONSISTENCY_SESSION' : 'CONSISTENCY_ANY');

/** Which replica a request names; `undefined`: one that there is not. */
function replicaNamed(named: string, replicaIds: readonly string[]): ReplicaIndex | 'primary' | 'best' | undefined {
  if (named === '') return 'best';
  const index = replicaIds.indexOf(named);
  if (index >= 0) return replicaIndex(index);
  return named === 'primary' ? 'primary' : undefined;
}
