import type { Metadata } from '@grpc/grpc-js';
import { refusal, type Refusal } from '../base/refusal.js';
import type { ChaosControl } from '../ports/chaos.js';
import { CLUSTER_TOKEN, tokenRefusal } from './bearer-token.js';
import { faultOfWire, wireFault } from './chaos-codec.js';
import { statusOf } from './error-details.js';
import type { OperationsHandlers } from './generated/justhungry/v1/Operations.js';

const CHAOS_OFF = refusal(
  'CHAOS_OFF',
  'Faults on purpose are off in this replica. Where they are wanted set "chaos": true in its configuration and start it again.',
);

/** The calls for faults on purpose. Without `chaos` all are refused by name, after the token was checked. */
export function chaosHandlers(
  token: string,
  chaos: ChaosControl | undefined,
): Pick<OperationsHandlers, 'InjectFault' | 'ClearFaults' | 'ListFaults'> {
  const allowed = (metadata: Metadata): ChaosControl | Refusal =>
    tokenRefusal(metadata, token, CLUSTER_TOKEN) ?? chaos ?? CHAOS_OFF;
  return {
    InjectFault({ metadata, request }, callback) {
      const control = allowed(metadata);
      if ('reason' in control) return callback(statusOf(control));
      const fault = faultOfWire(request.fault);
      if ('problem' in fault) return callback(statusOf(refusal('INVALID_FIELD', fault.problem)));
      const isDeed = fault.kind === 'kill' || fault.kind === 'pause';
      const refused = isDeed ? control.perform(fault) : control.inject(fault);
      if (refused === undefined) callback(null, {});
      else callback(statusOf(refused));
    },
    ClearFaults({ metadata }, callback) {
      const control = allowed(metadata);
      if ('reason' in control) return callback(statusOf(control));
      control.clear();
      callback(null, {});
    },
    ListFaults({ metadata }, callback) {
      const control = allowed(metadata);
      if ('reason' in control) return callback(statusOf(control));
      callback(null, { faults: control.list().map(wireFault) });
    },
  };
}
