import { op as opNumber, type OpNumber, type ReplicaIndex } from '../base/numbers.js';
import { refusal, type Refusal } from '../base/refusal.js';
import { fieldRefusal } from '../base/field-problem.js';
import type { ServiceRequest } from '../base/service.js';
import type { ConsistencyName } from '../ports/ordering-client.js';
import type { PostcodeFinding } from '../ports/request-links.js';
import type { AsOf, Receipt } from '../vsr/effect.js';
import { consistencyOfWire } from './ordering-enums.js';
import { copiesOf } from './write-concern.js';

/** What the gate knows besides the bytes of a request. */
export interface GateContext {
  /** Of all replicas, in the order of the configuration. */
  readonly replicaIds: readonly string[];
  /** Write concern of a request that names none. */
  readonly writeConcern: string;
  /** Whether orders are taken while the postcode service is down. */
  readonly isUnreachableAccepted: boolean;
  readonly isStaff: boolean;
  /** MakeOrder: what the front end found; absent at its own gate, before it has looked. */
  readonly postcode?: PostcodeFinding | undefined;
}

/** A request behind the gate; `Body` and `Query` are what its service is asked. */
export type GatedCall<Body = unknown, Query = unknown> =
  | {
      readonly kind: 'write';
      readonly request: ServiceRequest & { readonly body: Body };
      /** Whether the caller asked for this number of copies; otherwise it is the configured one. */
      readonly isConcernNamed: boolean;
    }
  | {
      readonly kind: 'read';
      readonly query: Query;
      readonly consistency: ConsistencyName;
      readonly minOp: OpNumber;
      /** The replica that shall answer and no other. */
      readonly replica?: ReplicaIndex | undefined;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Where an answer stands, and who gives it. */
export interface AnswerPlace {
  readonly receipt: Receipt | undefined;
  readonly asOf: AsOf | undefined;
  readonly replicaId: string;
}

/** One unary method: how its requests come in and its answers go out. */
export interface Method<Body = unknown, Query = unknown> {
  /** As calls are forwarded under and counted by: `MakeOrder`, of a contract `log/Append`. */
  readonly name: string;
  /** Name of the service that answers it. */
  readonly service: string;
  readonly kind: 'write' | 'read';
  /** `staff` calls need the staff token; `internal` ones are for front ends only. */
  readonly access: 'customer' | 'staff' | 'internal';
  /** The only gate: behind it everything is valid. */
  gate(payload: Buffer, context: GateContext): GatedCall<Body, Query>;
  /** The serialized response of a reply's body. */
  respond(body: unknown, place: AnswerPlace): Buffer;
}

/** The refusal of a request that is no valid message. */
export function malformed(messageName: string, problem: string): GatedCall<never, never> {
  const message = `The request is no valid ${messageName}: ${problem}; send it as the proto file says, texts in UTF-8.`;
  return { kind: 'refused', refusal: refusal('INVALID_FIELD', message, { field: problem.split(' ')[0] ?? '' }) };
}

/** A write that is valid but for its write concern, empty: the cluster's. */
export function writeOf<Body>(
  requestId: string,
  body: Body,
  { replicaIds, writeConcern }: GateContext,
  concern: string,
): GatedCall<Body, never> {
  const copiesNeeded = copiesOf(concern === '' ? writeConcern : concern, replicaIds.length);
  if (copiesNeeded === undefined) {
    const nextStep = `send a number from 1 to ${replicaIds.length}, majority or all`;
    return invalidField('write_concern', 'is no number of disks of this cluster', nextStep);
  }
  return { kind: 'write', request: { requestId, body, copiesNeeded }, isConcernNamed: concern !== '' };
}

/** A read that is valid but for how fresh it is to be; `consistency` as it is decoded. */
export function readOf<Query>(
  query: Query,
  wish: { readonly consistency: unknown; readonly min_op: number },
): GatedCall<never, Query> {
  const consistency = consistencyOfWire(wish.consistency);
  if (consistency === undefined) {
    return invalidField('consistency', 'is not known', 'send linearizable, session or any');
  }
  if (!Number.isSafeInteger(wish.min_op)) {
    return invalidField('min_op', 'is no op number', 'send the op of an answer, or 0');
  }
  return { kind: 'read', query, consistency, minOp: opNumber(wish.min_op) };
}

/** The refusal of a field. */
export function invalidField(field: string, problem: string, nextStep: string): GatedCall<never, never> {
  return { kind: 'refused', refusal: fieldRefusal({ field, problem, nextStep }) };
}
