import { replicaIndex, type ReplicaIndex } from '../base/numbers.js';
import { refusal, type Refusal } from '../base/refusal.js';
import type { ForwardedCall, ForwardedReply, ForwardOptions, PostcodeFinding } from '../ports/request-links.js';
import type { Outcome, Receipt } from '../vsr/effect.js';
import { isRefusalReason } from './error-details.js';
import type { CallReply__Output } from './generated/justhungry/v1/CallReply.js';
import type { ForwardedCall__Output } from './generated/justhungry/v1/ForwardedCall.js';
import { verdictOfWire, WIRE_VERDICT } from './ordering-enums.js';
import { wireReceipt } from './ordering-responses.js';
import { MalformedError, naturalOf, partOf } from './wire-values.js';
import type { WireCall, WireReply } from './wire/requests-exchange.js';

/** Replies over this size do not fit into a message of the cluster with what stands around them. */
export const REPLY_BYTES_MAX = 15 * 1024 * 1024;

/** A call as a replica receives it. */
export interface ReceivedCall extends ForwardedCall, ForwardOptions {
  readonly payload: Buffer;
  readonly postcode: PostcodeFinding | undefined;
  readonly hops: number;
}

export function wireCall(number: number, call: ForwardedCall, options: ForwardOptions, hops: number): WireCall {
  const { payload, postcode } = call;
  const wirePostcode =
    postcode === undefined
      ? null
      : { verdict: WIRE_VERDICT[postcode.verdict], normalised: postcode.normalised, reason: postcode.reason };
  return {
    call: number,
    method: call.method,
    payload: Buffer.isBuffer(payload) ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
    deadline_ms: Math.ceil(call.deadlineWallMs),
    postcode: wirePostcode,
    is_staff: call.isStaff,
    hops,
    is_relay_wanted: options.isRelayWanted,
    is_alone: options.isAlone === true,
  };
}

/** Throws MalformedError. The payload is not looked at. */
export function receivedCall(wire: ForwardedCall__Output): ReceivedCall {
  // Written out: to spread one object into another costs more than to read the call.
  return {
    method: wire.method,
    payload: wire.payload,
    deadlineWallMs: naturalOf(wire.deadline_ms, 'deadline'),
    isStaff: wire.is_staff,
    hops: wire.hops,
    isRelayWanted: wire.is_relay_wanted,
    isAlone: wire.is_alone,
    postcode: wire.postcode === null ? undefined : findingOf(wire.postcode),
  };
}

function findingOf(wire: NonNullable<ForwardedCall__Output['postcode']>): PostcodeFinding {
  const verdict = verdictOfWire(wire.verdict);
  if (verdict === undefined) throw new MalformedError('the postcode has no verdict');
  return { verdict, normalised: wire.normalised, reason: wire.reason };
}

/** The reply of a refusal; `primaryHint` is the id of the primary, where known. */
export function refusedReply(call: number, of: Refusal, primaryHint: string | undefined): WireReply {
  const { reason, message, details } = of;
  return { call, refused: { reason, message, details: { ...details }, primary_hint: primaryHint ?? '' } };
}

/** The reply of what the core decided, `ok` writing the response where there is one. */
export function replyOfOutcome(
  call: number,
  outcome: Outcome,
  replicaIds: readonly string[],
  ok: (body: unknown) => Buffer,
): WireReply {
  switch (outcome.kind) {
    case 'written':
    case 'read': {
      const answer = outcome.kind === 'written' ? outcome.reply : outcome.answer;
      if (answer.kind === 'refused') return refusedReply(call, answer.refusal, undefined);
      const payload = ok(answer.body);
      return payload.length <= REPLY_BYTES_MAX ? { call, ok: payload } : refusedReply(call, TOO_LARGE, undefined);
    }
    case 'refused': {
      const hint = outcome.primary === undefined ? undefined : replicaIds[outcome.primary];
      return refusedReply(call, outcome.refusal, hint);
    }
    case 'notMet':
      return { call, not_met: { receipt: wireReceipt(outcome.receipt), copies_needed: outcome.copiesNeeded } };
    case 'dropped':
      return { call, dropped: {} };
  }
}

const TOO_LARGE = refusal('INVALID_FIELD', 'The answer is too large for one message; ask with a smaller page_size.', {
  field: 'page_size',
});

/** The reply of a replica; hints name ids, which the receiver has in a configuration of its own. Throws MalformedError. */
export function forwardedReply(wire: CallReply__Output, replicaIds: readonly string[]): ForwardedReply {
  switch (wire.outcome) {
    case 'ok':
      return { kind: 'ok', payload: partOf(wire.ok, 'ok') };
    case 'dropped':
      return { kind: 'dropped' };
    case 'refused': {
      const { reason, message, details, primary_hint } = partOf(wire.refused, 'refused');
      const known = isRefusalReason(reason) ? reason : 'INTERNAL';
      const hasDetails = Object.keys(details).length > 0;
      return {
        kind: 'refused',
        refusal: refusal(known, message, hasDetails ? details : undefined),
        primary: indexOf(primary_hint, replicaIds),
      };
    }
    case 'not_met': {
      const { receipt, copies_needed } = partOf(wire.not_met, 'not_met');
      return { kind: 'refused', refusal: notMet(partOf(receipt, 'receipt'), copies_needed), primary: undefined };
    }
    case undefined:
      throw new MalformedError('a reply of an unknown kind');
  }
}

function indexOf(id: string, replicaIds: readonly string[]): ReplicaIndex | undefined {
  const index = replicaIds.indexOf(id);
  return index < 0 ? undefined : replicaIndex(index);
}

function notMet(
  { op, copies, committed }: Pick<Receipt, 'copies' | 'committed'> & { op: number },
  needed: number,
): Refusal {
  const state = committed ? 'It is committed and will not be lost' : 'It may still be lost';
  const message =
    `Done, but only ${copies} of the ${needed} replicas asked for had it on disk in time. ${state}; ` +
    'repeat with the same id to learn more, or ask for fewer copies.';
  const details = { copies: String(copies), needed: String(needed), committed: String(committed), op: String(op) };
  return refusal('WRITE_CONCERN_NOT_MET', message, details);
}
