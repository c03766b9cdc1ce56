import type { handleUnaryCall, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { refusal, type Refusal } from '../base/refusal.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type {
  AdmittedCall,
  CallAdmission,
  CallRouter,
  Decision,
  PostcodeGate,
  RoutedCall,
  RoutedReply,
  UserLimit,
} from '../ports/front-end.js';
import type { CallMeter } from '../ports/meters.js';
import { POST_CODE_LENGTH_MAX } from '../services/ordering/limits.js';
import { textProblem } from '../services/ordering/text.js';
import { fieldRefusal } from '../base/field-problem.js';
import { type EndStatus, keptStatusOf, statusOf } from './error-details.js';
import type { ValidatePostcodeRequest__Output } from './generated/justhungry/v1/ValidatePostcodeRequest.js';
import type { ValidatePostcodeResponse } from './generated/justhungry/v1/ValidatePostcodeResponse.js';
import type { GatedCall, Method } from './method.js';
import { type GatedWrite, orderCall } from './order-call.js';
import { CUSTOMER_MESSAGE_BYTES_MAX } from './channel-options.js';
import { tooLarge } from './too-large.js';
import { WIRE_VERDICT } from './ordering-enums.js';
import { orderingMethods } from './ordering-methods.js';
import { messageCodec } from './proto-files.js';
import { standingOf } from './staff-standing.js';
import { wireProblem, wireShape } from './wire-check.js';

/** A call without a deadline is answered within this time, ms. */
export const DEADLINE_MS_DEFAULT = 5000;
/** No call keeps a front end busy for longer, ms. */
export const DEADLINE_MS_MAX = 60_000;

/** A unary method of which both messages are bytes. */
export type UnaryHandler = handleUnaryCall<Buffer, Buffer>;

/** What the calls of customers need. */
export interface CustomerCallsOptions {
  readonly configuration: Pick<ClusterConfiguration, 'replicas' | 'writeConcern' | 'staffToken'> &
    Partial<Pick<ClusterConfiguration, 'whenAlone'>>;
  readonly router: CallRouter;
  /** Decides which calls are taken in at all. */
  readonly admission: CallAdmission;
  readonly postcodes: PostcodeGate;
  /** Default: everybody is served as often as they ask. */
  readonly userLimit?: UserLimit;
  /** Default: nobody counts. */
  readonly meter?: CallMeter;
  /** Told of bugs. */
  readonly onProblem: (problem: string, error: unknown) => void;
  readonly wallMs: () => number;
}

type Call = ServerUnaryCall<Buffer, Buffer>;

const validateRequest = messageCodec<never, ValidatePostcodeRequest__Output>('justhungry.v1.ValidatePostcodeRequest');
const validateResponse = messageCodec<ValidatePostcodeResponse, never>('justhungry.v1.ValidatePostcodeResponse');
const validateShape = wireShape(validateRequest.name);

/** What customers are told of a bug: what to do, and nothing of its insides. */
export const INTERNAL = refusal(
  'INTERNAL',
  'Something went wrong in this front end; it has been reported. Try again with the same id.',
);

/** The unary methods of FoodOrdering: each call passes the gate here, and goes on to the replicas as the bytes it came as. */
export class CustomerCalls {
  readonly #options: CustomerCallsOptions;
  constructor(options: CustomerCallsOptions) {
    this.#options = options;
  }

  /** Handlers by method name. */
  handlers(): Map<string, UnaryHandler> {
    const handlers = new Map<string, UnaryHandler>();
    for (const method of orderingMethods.values()) {
      if (method.access === 'internal') continue;
      handlers.set(method.name, (call, answered) => {
        const callback = this.#metered(method.name, answered);
        this.#guarded(method.name, call, callback, (inside, answer) => this.#forward(method, call, inside, answer));
      });
    }
    handlers.set('ValidatePostcode', (call, answered) => {
      const callback = this.#metered('ValidatePostcode', answered);
      this.#guarded('ValidatePostcode', call, callback, (_, answer) => this.#validatePostcode(call, answer));
    });
    return handlers;
  }

  /** Counts a call when it is answered. */
  #metered(name: string, answered: sendUnaryData<Buffer>): sendUnaryData<Buffer> {
    const { meter } = this.#options;
    if (meter === undefined) return answered;
    const arrivedMs = performance.now();
    return (error, value) => {
      const reason = error === null ? 'ok' : ((error as Partial<EndStatus>).reason ?? 'INTERNAL');
      meter.settled(name, reason, performance.now() - arrivedMs);
      answered(error, value);
    };
  }

  /** Nothing of a message over the limit, or of a call that is not taken in, is looked at; no exception reaches a customer. */
  #guarded(
    name: string,
    call: Call,
    callback: sendUnaryData<Buffer>,
    run: (inside: AdmittedCall, answer: sendUnaryData<Buffer>) => Promise<void> | undefined,
  ): void {
    if (call.request.length > CUSTOMER_MESSAGE_BYTES_MAX) {
      callback(statusOf(tooLarge(call.request.length)));
      return;
    }
    const leftMs = this.#deadlineOf(call) - this.#options.wallMs();
    const onDecision = (decision: Decision): void => {
      if ('reason' in decision) callback(keptStatusOf(decision));
      else this.#serve(name, decision, call, callback, run);
    };
    const wait = this.#options.admission.enter({ kind: 'call', bytes: call.request.length, onDecision }, leftMs);
    if (wait !== undefined) call.on('cancelled', () => wait.giveUp());
  }

  #serve(
    name: string,
    inside: AdmittedCall,
    call: Call,
    callback: sendUnaryData<Buffer>,
    run: (inside: AdmittedCall, answer: sendUnaryData<Buffer>) => Promise<void> | undefined,
  ): void {
    // Also when the customer gives up, or the time is up: then nobody answers.
    call.on('cancelled', () => inside.leave());
    const answer: sendUnaryData<Buffer> = (error, value) => {
      if (error === null) inside.answered();
      else inside.leave();
      callback(error, value);
    };
    const report = (error: unknown): void => {
      this.#options.onProblem(`${name} failed`, error);
      answer(statusOf(INTERNAL));
    };
    try {
      run(inside, answer)?.catch(report);
    } catch (error) {
      report(error);
    }
  }

  #forward(
    method: Method,
    call: Call,
    inside: AdmittedCall,
    callback: sendUnaryData<Buffer>,
  ): Promise<void> | undefined {
    const { configuration } = this.#options;
    const needs = method.name === 'CancelOrder' ? 'staffOrCustomer' : method.access === 'staff' ? 'staff' : 'anyone';
    const standing = standingOf(call.metadata, needs, configuration.staffToken);
    if (standing.kind === 'refused') return refuse(callback, standing.refusal);
    const isStaff = standing.kind === 'staff';
    const gated = method.gate(call.request, {
      replicaCount: configuration.replicas.length,
      writeConcern: configuration.writeConcern,
      isUnreachableAccepted: true,
      isStaff,
    });
    if (gated.kind === 'refused') return refuse(callback, gated.refusal);
    const limited = this.#options.userLimit?.refusal(userOf(gated));
    if (limited !== undefined) return refuse(callback, limited);
    const deadlineWallMs = this.#deadlineOf(call);
    if (gated.kind === 'write' && gated.request.body.kind === 'makeOrder') {
      return this.#makeOrder(call, gated, gated.request.body.postCode, { deadlineWallMs, inside }, callback);
    }
    const isWrite = gated.kind === 'write';
    const target = gated.kind === 'write' || gated.consistency === 'linearizable' ? 'primary' : 'any';
    const known = { method: method.name, payload: call.request, deadlineWallMs, isStaff };
    this.#route(call, { ...known, target, isWrite }, inside, callback);
    return undefined;
  }

  async #makeOrder(
    call: Call,
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
    this.#route(call, routed, inside, callback);
  }

  #route(call: Call, routed: RoutedCall, inside: AdmittedCall, callback: sendUnaryData<Buffer>): void {
    if (call.cancelled) return;
    inside.forwarded();
    const giveUp = this.#options.router.route(routed, (reply) => answer(callback, reply));
    call.on('cancelled', giveUp);
  }

  async #validatePostcode(call: Call, callback: sendUnaryData<Buffer>): Promise<void> {
    const problem = wireProblem(call.request, validateShape);
    const postCode = problem === undefined ? validateRequest.read(call.request).post_code : '';
    const wrong =
      problem === undefined
        ? textProblem(postCode, { min: 1, max: POST_CODE_LENGTH_MAX })
        : { problem: 'cannot be read', nextStep: 'send it as UTF-8 text' };
    if (wrong !== undefined) return refuse(callback, fieldRefusal({ field: 'post_code', ...wrong }));
    const { verdict, normalised, reason } = await this.#options.postcodes.check(postCode, this.#deadlineOf(call));
    callback(
      null,
      validateResponse.write({
        verdict: WIRE_VERDICT[verdict],
        normalised: verdict === 'malformed' ? '' : normalised,
        reason: verdict === 'valid' ? '' : reason,
      }),
    );
  }

  #deadlineOf(call: Call): number {
    const now = this.#options.wallMs();
    const asked = Number(call.getDeadline());
    return Math.min(asked, now + (Number.isFinite(asked) ? DEADLINE_MS_MAX : DEADLINE_MS_DEFAULT));
  }
}

/** The user code that a call names; `undefined`: none. */
function userOf(gated: Exclude<GatedCall, { kind: 'refused' }>): string | undefined {
  const asked = gated.kind === 'write' ? gated.request.body : gated.query;
  return 'userCode' in asked ? asked.userCode : undefined;
}

function refuse(callback: sendUnaryData<Buffer>, of: Refusal): undefined {
  callback(statusOf(of));
}

function answer(callback: sendUnaryData<Buffer>, reply: RoutedReply): void {
  if (reply.kind === 'refused') return refuse(callback, reply.refusal);
  const { payload } = reply;
  callback(null, Buffer.isBuffer(payload) ? payload : Buffer.from(payload));
}
