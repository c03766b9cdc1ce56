import { fieldRefusal } from '../base/field-problem.js';
import { ORDERING } from '../services/ordering/ordering.js';
import type { OrderingQuery, OrderingRequest } from '../services/ordering/requests.js';
import { queryProblem, requestProblem } from '../services/ordering/validation.js';
import { type AnswerPlace, type GateContext, type GatedCall, malformed, type Method, readOf, writeOf } from './gate.js';
import { messageCodec } from './proto-files.js';
import { MalformedError } from './wire-values.js';
import { REQUEST_VALUES_MAX, wireProblem, wireShape } from './wire-check.js';

/** A method of FoodOrdering, or an internal one, behind which stands the ordering service. */
export type OrderingMethod = Method<OrderingRequest, OrderingQuery>;

/** A request for the ordering service behind the gate. */
export type OrderingCall = GatedCall<OrderingRequest, OrderingQuery>;

interface MethodParts<Request, Response, Body> {
  readonly name: string;
  readonly access: Method['access'];
  /** The response, or its bytes. */
  readonly respond: (body: Body, place: AnswerPlace) => Response | Buffer;
  /** Reads a request; throws MalformedError. Default: as the proto describes it, at the price of reflection. */
  readonly read?: (payload: Buffer) => Request;
  readonly decode: (request: Request, context: GateContext) => OrderingCall;
}

/** Makes a method of its messages' types; `Body` is what the service answers to the request or query that `decode` makes. */
export function method<Request extends object, Response extends object, Body>(
  kind: Method['kind'],
  { name, access, decode, respond, read = checkedRead(name) }: MethodParts<Request, Response, Body>,
): OrderingMethod {
  const responseCodec = messageCodec<Response, unknown>(`justhungry.v1.${name}Response`);
  return {
    name,
    service: ORDERING,
    kind,
    access,
    gate(payload, context) {
      let request: Request;
      try {
        request = read(payload);
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        return malformed(`${name}Request`, error.problem);
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
    const problem = wireProblem(payload, shape, REQUEST_VALUES_MAX);
    if (problem !== undefined) throw new MalformedError(problem);
    try {
      return codec.read(payload);
    } catch {
      throw new MalformedError('it does not decode');
    }
  };
}

/** A write behind the gate, or what is wrong with it. */
export function gatedWrite(requestId: string, body: OrderingRequest, context: GateContext, concern = ''): OrderingCall {
  const problem = requestProblem(requestId, body);
  if (problem !== undefined) return { kind: 'refused', refusal: fieldRefusal(problem) };
  return writeOf(requestId, body, context, concern);
}

/** A read behind the gate, or what is wrong with it. */
export function gatedRead(query: OrderingQuery, wish: { consistency: unknown; min_op: number }): OrderingCall {
  const problem = queryProblem(query);
  if (problem !== undefined) return { kind: 'refused', refusal: fieldRefusal(problem) };
  return readOf(query, wish);
}
