import type { sendUnaryData } from '@grpc/grpc-js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { AdmittedCall, PostcodeGate, UserLimit } from '../ports/front-end.js';
import { POST_CODE_LENGTH_MAX } from '../services/ordering/limits.js';
import { textProblem } from '../services/ordering/text.js';
import { fieldRefusal } from '../base/field-problem.js';
import { type CallGuard, type CallGuardOptions, refuse, type UnaryCall, type UnaryHandler } from './call-guard.js';
import type { ValidatePostcodeRequest__Output } from './generated/justhungry/v1/ValidatePostcodeRequest.js';
import type { ValidatePostcodeResponse } from './generated/justhungry/v1/ValidatePostcodeResponse.js';
import type { OrderingCall, OrderingMethod } from './method.js';
import { type GatedWrite, orderCall } from './order-call.js';
import { WIRE_VERDICT } from './ordering-enums.js';
import { orderingMethods } from './ordering-methods.js';
import { messageCodec } from './proto-files.js';
import { standingOf } from './staff-standing.js';
import { wireProblem, wireShape } from './wire-check.js';

/** What the calls of customers need. */
export interface CustomerCallsOptions extends CallGuardOptions {
  readonly configuration: Pick<ClusterConfiguration, 'replicas' | 'writeConcern' | 'staffToken'> &
    Partial<Pick<ClusterConfiguration, 'whenAlone'>>;
  readonly postcodes: PostcodeGate;
  /** Default: everybody is served as often as they ask. */
  readonly userLimit?: UserLimit;
}

const validateRequest = messageCodec<never, ValidatePostcodeRequest__Output>('justhungry.v1.ValidatePostcodeRequest');
const validateResponse = messageCodec<ValidatePostcodeResponse, never>('justhungry.v1.ValidatePostcodeResponse');
const validateShape = wireShape(validateRequest.name);

/** The unary methods of FoodOrdering: each call passes the gate here, and goes on to the replicas as the bytes it came as. */
export class CustomerCalls {
  readonly #options: CustomerCallsOptions;
  readonly #guard: CallGuard;
  readonly #replicaIds: readonly string[];
  constructor(options: CustomerCallsOptions, guard: CallGuard) {
    this.#options = options;
    this.#guard = guard;
    this.#replicaIds = options.configuration.replicas.map(({ id }) => id);
  }

  /** Handlers by method name. */
  handlers(): Map<string, UnaryHandler> {
    const handlers = new Map<string, UnaryHandler>();
    for (const method of orderingMethods.values()) {
      if (method.access === 'internal') continue;
      const handler = this.#guard.handler(method.name, (call, inside, answer) =>
        this.#forward(method, call, inside, answer),
      );
      handlers.set(method.name, handler);
    }
    const validate = this.#guard.handler('ValidatePostcode', (call, _, answer) => this.#validatePostcode(call, answer));
    return handlers.set('ValidatePostcode', validate);
  }

  #forward(
    method: OrderingMethod,
    call: UnaryCall,
    inside: AdmittedCall,
    callback: sendUnaryData<Buffer>,
  ): Promise<void> | undefined {
    const { configuration } = this.#options;
    const needs = method.name === 'CancelOrder' ? 'staffOrCustomer' : method.access === 'staff' ? 'staff' : 'anyone';
    const standing = standingOf(call.metadata, needs, configuration.staffToken);
    if (standing.kind === 'refused') return refuse(callback, standing.refusal);
    const isStaff = standing.kind === 'staff';
    const gated = method.gate(call.request, {
      replicaIds: this.#replicaIds,
      writeConcern: configuration.writeConcern,
      isUnreachableAccepted: true,
      isStaff,
    });
    if (gated.kind === 'refused') return refuse(callback, gated.refusal);
    const limited = this.#options.userLimit?.refusal(userOf(gated));
    if (limited !== undefined) return refuse(callback, limited);
    const deadlineWallMs = this.#guard.deadlineOf(call);
    if (gated.kind === 'write' && gated.request.body.kind === 'makeOrder') {
      return this.#makeOrder(call, gated, gated.request.body.postCode, { deadlineWallMs, inside }, callback);
    }
    const isWrite = gated.kind === 'write';
    const target = gated.kind === 'write' || gated.consistency === 'linearizable' ? 'primary' : 'any';
    const known = { method: method.name, payload: call.request, deadlineWallMs, isStaff };
    this.#guard.route(call, { ...known, target, isWrite }, inside, callback);
    return undefined;
  }

  async #makeOrder(
    call: UnaryCall,
    gated: GatedWrite,
    postCode: string,
    { deadlineWallMs, inside }: { deadlineWallMs: number; inside: AdmittedCall },
    callback: sendUnaryData<Buffer>,
  ): Promise<void> {
    const { configuration, postcodes, wallMs } = this.#options;
    const now = wallMs();
    // Half of the time is kept for the order itself.
    const postcode = await postcodes.check(postCode, now + (deadlineWallMs - now) / 2);
    const routed = orderCall(configuration, gated, { payload: call.request, deadlineWallMs, postcode });
    this.#guard.route(call, routed, inside, callback);
  }

  async #validatePostcode(call: UnaryCall, callback: sendUnaryData<Buffer>): Promise<void> {
    const problem = wireProblem(call.request, validateShape);
    const postCode = problem === undefined ? validateRequest.read(call.request).post_code : '';
    const wrong =
      problem === undefined
        ? textProblem(postCode, { min: 1, max: POST_CODE_LENGTH_MAX })
        : { problem: 'cannot be read', nextStep: 'send it as UTF-8 text' };
    if (wrong !== undefined) return refuse(callback, fieldRefusal({ field: 'post_code', ...wrong }));
    const { verdict, normalised, reason } = await this.#options.postcodes.check(postCode, this.#guard.deadlineOf(call));
    callback(
      null,
      validateResponse.write({
        verdict: WIRE_VERDICT[verdict],
        normalised: verdict === 'malformed' ? '' : normalised,
        reason: verdict === 'valid' ? '' : reason,
      }),
    );
  }
}

/** The user code that a call names; `undefined`: none. */
function userOf(gated: Exclude<OrderingCall, { kind: 'refused' }>): string | undefined {
  const asked = gated.kind === 'write' ? gated.request.body : gated.query;
  return 'userCode' in asked ? asked.userCode : undefined;
}
