import type { handleUnaryCall, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { refusal, type Refusal } from '../base/refusal.js';
import type { AdmittedCall, CallAdmission, CallRouter, Decision, RoutedCall, RoutedReply } from '../ports/front-end.js';
import type { CallMeter } from '../ports/meters.js';
import { CUSTOMER_MESSAGE_BYTES_MAX } from './channel-options.js';
import { type EndStatus, keptStatusOf, statusOf } from './error-details.js';
import { tooLarge } from './too-large.js';

/** A call without a deadline is answered within this time, ms. */
export const DEADLINE_MS_DEFAULT = 5000;
/** No call keeps a front end busy for longer, ms. */
export const DEADLINE_MS_MAX = 60_000;

/** A unary method of which both messages are bytes. */
export type UnaryHandler = handleUnaryCall<Buffer, Buffer>;

/** A call of such a method. */
export type UnaryCall = ServerUnaryCall<Buffer, Buffer>;

/** What a call guard needs. */
export interface CallGuardOptions {
  readonly router: CallRouter;
  /** Decides which calls are taken in at all. */
  readonly admission: CallAdmission;
  /** Default: nobody counts. */
  readonly meter?: CallMeter;
  /** Told of bugs. */
  readonly onProblem: (problem: string, error: unknown) => void;
  readonly wallMs: () => number;
}

/** What is done with a call that was taken in. */
type Run = (call: UnaryCall, inside: AdmittedCall, answer: sendUnaryData<Buffer>) => Promise<void> | undefined;

/** What customers are told of a bug: what to do, and nothing of its insides. */
export const INTERNAL = refusal(
  'INTERNAL',
  'Something went wrong in this front end; it has been reported. Try again with the same id.',
);

/** What stands before every unary call of a front end: its size, admission, counting, and that no exception reaches a customer. */
export class CallGuard {
  readonly #options: CallGuardOptions;
  constructor(options: CallGuardOptions) {
    this.#options = options;
  }

  /** The handler of a method, counted by `name`. */
  handler(name: string, run: Run): UnaryHandler {
    return (call, answered) => this.#guarded(name, call, this.#metered(name, answered), run);
  }

  /** Sends a call on to the replicas, for as long as its caller waits. */
  route(call: UnaryCall, routed: RoutedCall, inside: AdmittedCall, callback: sendUnaryData<Buffer>): void {
    if (call.cancelled) return;
    inside.forwarded();
    const giveUp = this.#options.router.route(routed, (reply) => answer(callback, reply));
    call.on('cancelled', giveUp);
  }

  /** When nobody waits any longer, wall-clock ms since 1970. */
  deadlineOf(call: UnaryCall): number {
    const now = this.#options.wallMs();
    const asked = Number(call.getDeadline());
    return Math.min(asked, now + (Number.isFinite(asked) ? DEADLINE_MS_MAX : DEADLINE_MS_DEFAULT));
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

  /** Nothing of a message over the limit, or of a call that is not taken in, is looked at. */
  #guarded(name: string, call: UnaryCall, callback: sendUnaryData<Buffer>, run: Run): void {
    if (call.request.length > CUSTOMER_MESSAGE_BYTES_MAX) {
      callback(statusOf(tooLarge(call.request.length)));
      return;
    }
    const leftMs = this.deadlineOf(call) - this.#options.wallMs();
    const onDecision = (decision: Decision): void => {
      if ('reason' in decision) callback(keptStatusOf(decision));
      else this.#serve(name, decision, call, callback, run);
    };
    const wait = this.#options.admission.enter({ kind: 'call', bytes: call.request.length, onDecision }, leftMs);
    if (wait !== undefined) call.on('cancelled', () => wait.giveUp());
  }

  #serve(name: string, inside: AdmittedCall, call: UnaryCall, callback: sendUnaryData<Buffer>, run: Run): void {
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
      run(call, inside, answer)?.catch(report);
    } catch (error) {
      report(error);
    }
  }
}

/** Answers a call with a refusal. */
export function refuse(callback: sendUnaryData<Buffer>, of: Refusal): undefined {
  callback(statusOf(of));
}

function answer(callback: sendUnaryData<Buffer>, reply: RoutedReply): void {
  if (reply.kind === 'refused') return refuse(callback, reply.refusal);
  const { payload } = reply;
  callback(null, Buffer.isBuffer(payload) ? payload : Buffer.from(payload));
}
