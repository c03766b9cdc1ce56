import type { PackageDefinition, ServiceDefinition } from '@grpc/proto-loader';
import type { MethodContract, ServiceContract } from '../base/service-contract.js';
import type { FieldDescriptor, MessageTypes } from './message-types.js';

/** A contract and its proto file do not go together: the program does not start with it. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  constructor({ service, protoFile }: ServiceContract, problem: string) {
    super(`Service ${service}: ${protoFile} and its contract do not go together: ${problem}.`);
  }
}

/** A field that a convention asks for. */
interface Wanted {
  readonly name: string;
  readonly type: string;
  /** Full name, where the type is a message or enum. */
  readonly of?: string;
}

const REQUEST_ID: Wanted = { name: 'request_id', type: 'TYPE_STRING' };
const WRITE_CONCERN: Wanted = { name: 'write_concern', type: 'TYPE_STRING' };
const RECEIPT: Wanted = { name: 'receipt', type: 'TYPE_MESSAGE', of: 'justhungry.v1.Receipt' };
const CONSISTENCY: Wanted = { name: 'consistency', type: 'TYPE_ENUM', of: 'justhungry.v1.Consistency' };
const MIN_OP: Wanted = { name: 'min_op', type: 'TYPE_UINT64' };
const REPLICA: Wanted = { name: 'replica', type: 'TYPE_STRING' };
const AS_OF: Wanted = { name: 'as_of', type: 'TYPE_MESSAGE', of: 'justhungry.v1.AsOf' };

/** Names that entries of the core and of food ordering have in the journal. */
const TAKEN: ReadonlySet<string> = new Set(['core', 'ordering']);
const SERVICE_NAME = /^[a-z][a-z0-9-]{0,31}$/;

/**
 * The service of a contract in its proto file, which follows the conventions (base/service-contract.ts). Throws ContractError, which
 * says what does not.
 */
export function conventionalService(
  contract: ServiceContract,
  definitions: PackageDefinition,
  types: MessageTypes,
): ServiceDefinition {
  const { service, fullName, methods } = contract;
  const wrong = (problem: string): ContractError => new ContractError(contract, problem);
  if (!SERVICE_NAME.test(service) || TAKEN.has(service))
    throw wrong(`the name ${JSON.stringify(service)} is not free, or not of small letters, digits and -`);
  const definition = definitions[fullName];
  if (definition === undefined || 'format' in definition) throw wrong(`it defines no service ${fullName}`);
  const own = Object.keys(definition);
  const lacking = methods.find(({ name }) => !own.includes(name));
  if (lacking !== undefined) throw wrong(`it has no method ${lacking.name}`);
  const surplus = own.find((name) => methods.filter((method) => method.name === name).length !== 1);
  if (surplus !== undefined) throw wrong(`the contract does not have method ${surplus} once`);
  for (const method of methods) {
    const problem =
      shapeProblem(contract, method, definition) ??
      fieldProblem(contract, method, types) ??
      pageProblem(contract, method);
    if (problem !== undefined) throw wrong(`method ${method.name} ${problem}`);
  }
  return definition;
}

/** Full name of a message of the contract's package. */
export function messageName({ fullName }: ServiceContract, name: string): string {
  return `${fullName.slice(0, fullName.lastIndexOf('.'))}.${name}`;
}

function shapeProblem(
  contract: ServiceContract,
  { name, kind }: MethodContract,
  definition: ServiceDefinition,
): string | undefined {
  const { requestStream, responseStream, requestType, responseType } = definition[name] ?? {};
  if (requestStream === true) return 'streams its requests, which no contract can';
  if (responseStream !== (kind === 'stream')) return `is ${kind === 'stream' ? 'no' : 'a'} stream in the proto file`;
  const names = [requestType, responseType].map((type) => (type as { type: { name: string } }).type.name);
  if (names[0] === `${name}Request` && names[1] === `${name}Response`) return undefined;
  return `has other messages than ${messageName(contract, `${name}Request`)} and …Response`;
}

function fieldProblem(
  contract: ServiceContract,
  { name, kind }: MethodContract,
  types: MessageTypes,
): string | undefined {
  const request = messageName(contract, `${name}Request`);
  const response = messageName(contract, `${name}Response`);
  const has = (message: string, wanted: Wanted, isOptional = false): string | undefined =>
    wantedProblem(types, message, wanted, isOptional);
  switch (kind) {
    case 'write':
      return has(request, REQUEST_ID) ?? has(request, WRITE_CONCERN, true) ?? has(response, RECEIPT);
    case 'read':
      return has(request, CONSISTENCY) ?? has(request, MIN_OP) ?? has(request, REPLICA) ?? has(response, AS_OF);
    case 'stream':
      return has(request, CONSISTENCY, true) ?? has(request, MIN_OP, true) ?? has(request, REPLICA, true);
  }
}

function wantedProblem(
  types: MessageTypes,
  message: string,
  { name, type, of }: Wanted,
  isOptional: boolean,
): string | undefined {
  const words = `${of ?? type.replace('TYPE_', '').toLowerCase()} ${name}`;
  const fields = types.fieldsOf(message);
  if (fields === undefined) return `has no message ${message} in this package`;
  const field = fields.find((one) => one.name === name);
  if (field === undefined) return isOptional ? undefined : `needs the field ${words} in ${message}`;
  return isOf(types, message, field, type, of) ? undefined : `has another field than ${words} in ${message}`;
}

function isOf(
  types: MessageTypes,
  message: string,
  field: FieldDescriptor,
  type: string,
  of: string | undefined,
): boolean {
  if (field.type !== type || field.label === 'LABEL_REPEATED') return false;
  return of === undefined || types.typeOf(message, field) === of;
}

function pageProblem({ methods }: ServiceContract, method: MethodContract): string | undefined {
  if (method.kind !== 'stream') return undefined;
  const page = methods.find(({ name }) => name === method.page);
  return page?.kind === 'read' ? undefined : `has the page ${method.page}, which is no read of the contract`;
}
