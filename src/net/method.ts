import { op as opNumber, type OpNumber } from '../base/numbers.js';
import { refusal, type Refusal } from '../base/refusal.js';
import type { ServiceRequest } from '../base/service.js';
import type { ConsistencyName } from '../ports/ordering-client.js';
import type { PostcodeFinding } from '../ports/request-links.js';
import type { OrderingQuery, OrderingRequest } from '../services/ordering/requests.js';
import { fieldRefusal } from '../base/field-problem.js';
import { queryProblem, requestProblem } from '../services/ordering/validation.js';
import type { AsOf, Receipt } from '../vsr/effect.js';
import { consistencyOfWire } from './ordering-enums.js';
import { messageCodec } from './proto-files.js';
import { MalformedError } from './wire-values.js';
import { wireProblem, wireShape } from './wire-check.js';
import { copiesOf } from './write-concern.js';

/** What the gate knows besides the bytes of a request. */
export interface GateContext {
  readonly replicaCount: number;
  /** Write concern of a request that names none. */
  readonly writeConcern: string;
  /** Whether orders are taken while the postcode service is down. */
  readonly isUnreachableAccepted: boolean;
  readonly isStaff: boolean;
  /** MakeOrder: what the front end found; absent at its own gate, before it has looked. */
  readonly postcode?: PostcodeFinding | undefined;
}

/** A request behind the gate. */
export type GatedCall =
  | {
      readonly kind: 'write';
      readonly request: ServiceRequest & { readonly body: OrderingRequest };
      /** Whether the caller asked for this number of copies; otherwise it is the configured one. */
      readonly isConcernNamed: boolean;
    }
  | {
      readonly kind: 'read';
      readonly query: OrderingQuery;
      readonly consistency: ConsistencyName;
      readonly minOp: OpNumber;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Where an answer stands, and who gives it. */
export interface AnswerPlace {
  readonly receipt: Receipt | undefined;
  readonly asOf: AsOf | undefined;
  readonly replicaId: string;
}

/** One method: how its requests come in and its answers go out. */
export interface Method {
  /** As in the proto. */
  readonly name: string;
  readonly kind: 'write' | 'read';
  /** `staff` calls need the staff token; `internal` ones are for front ends only. */
  readonly access: 'customer' | 'staff' | 'internal';
  /** The only gate: behind it everything is valid. */
  gate(payload: Buffer, context: GateContext): GatedCall;
  /** The serialized response of a reply's body. */
  respond(body: unknown, place: AnswerPlace): Buffer;
}

interface MethodParts<Request, Response, Body> {
  readonly name: string;
  readonly access: Method['access'];
  /** The response, or its bytes. */
  readonly respond: (body: Body, place: AnswerPlace) => Response | Buffer;
  /** Reads a request; throws MalformedError. Default: as the proto describes it, at the price of reflection. */
  readonly read?: (payload: Buffer) => Request;
  readonly decode: (request: Request, context: GateContext) => GatedCall;
}

/** Makes a method of its messages' types; `Body` is what the service answers to the request or query that `decode` makes. */
export function method<Request extends object, Response extends object, Body>(
  kind: Method['kind'],
  { name, access, decode, respond, read = checkedRead(name) }: MethodParts<Request, Response, Body>,
): Method {
  const responseCodec = messageCodec<Response, unknown>(`justhungry.v1.${name}Response`);
  return {
    name,
    kind,
    access,
    gate(payload, context) {
      let request: Request;
      try {
        request = read(payload);
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        return malformed(name, error.problem);
      }
      return decode(request, context);
    },
    respond(body, place) {
      // The service answers each kind of request with its own kind of body (ReplyOf, AnswerOf).
      const response = respond(body as Body, place);
      return Buffer.isBuffer(response) ? response : responseCodec.write(response);
    },
  };
}

/** Reads requests of a method as its proto describes them. */
function checkedRead<Request>(name: string): (payload: Buffer) => Request {
  const codec = messageCodec<object, Request>(`justhungry.v1.${name}Request`);
  const shape = wireShape(codec.name);
  return (payload) => {
    const problem = wireProblem(payload, shape);
    if (problem !== undefined) throw new MalformedError(problem);
    try {
      return codec.read(payload);
    } catch {
      throw new MalformedError('it does not decode');
    }
  };
}

function malformed(name: string, problem: string): GatedCall {
  const message = `The request is no valid ${name}Request: ${problem}; send it as the proto file says, texts in UTF-8.`;
  return { kind: 'refused', refusal: refusal('INVALID_FIELD', message, { field: problem.split(' ')[0] ?? '' }) };
}

/** A write behind the gate, or what is wrong with it. */
export function gatedWrite(
  requestId: string,
  body: OrderingRequest,
  { replicaCount, writeConcern }: GateContext,
  concern = '',
): GatedCall {
  const problem = requestProblem(requestId, body);
  if (problem !== undefined) return { kind: 'refused', refusal: fieldRefusal(problem) };
  const copiesNeeded = copiesOf(concern === '' ? writeConcern : concern, replicaCount);
  if (copiesNeeded === undefined) {
    const nextStep = `send a number from 1 to ${replicaCount}, majority or all`;
    return invalidField('write_concern', 'is no number of disks of this cluster', nextStep);
  }
  return { kind: 'write', request: { requestId, body, copiesNeeded }, isConcernNamed: concern !== '' };
}

/** A read behind the gate, or what is wrong with it. */
export function gatedRead(query: OrderingQuery, wish: { consistency: unknown; min_op: number }): GatedCall {
  const problem = queryProblem(query);
  if (problem !== undefined) return { kind: 'refused', refusal: fieldRefusal(problem) };
  const consistency = consistencyOfWire(wish.consistency);
  if (consistency === undefined) {
    return invalidField('consistency', 'is not known', 'send linearizable, session or any');
  }
  if (!Number.isSafeInteger(wish.min_op)) {
    return invalidField('min_op', 'is no op number', 'send the op of an answer, or 0');
  }
  return { kind: 'read', query, consistency, minOp: opNumber(wish.min_op) };
}

function invalidField(field: string, problem: string, nextStep: string): GatedCall {
  return { kind: 'refused', refusal: fieldRefusal({ field, problem, nextStep }) };
}
