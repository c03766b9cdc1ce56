import type { ClusterConfiguration } from '../ports/configuration.js';
import type { RoutedCall } from '../ports/front-end.js';
import type { PostcodeFinding } from '../ports/request-links.js';
import type { OrderingCall } from './method.js';

/** A MakeOrder behind the gate. */
export type GatedWrite = Extract<OrderingCall, { kind: 'write' }>;

/**
 * The call of an order for the router: the bytes it came as, and what the postcode check found. The verdict is passed along
 * whatever it is: the primary first looks whether it knows the order (rule 11).
 */
export function orderCall(
  { whenAlone }: Partial<Pick<ClusterConfiguration, 'whenAlone'>>,
  { request, isConcernNamed }: GatedWrite,
  { payload, deadlineWallMs, postcode }: { payload: Buffer; deadlineWallMs: number; postcode: PostcodeFinding },
): RoutedCall {
  // Whoever names more disks than one replica has is not put off with one.
  const isOneEnough = !isConcernNamed || request.copiesNeeded === 1;
  return {
    method: 'MakeOrder',
    payload,
    deadlineWallMs,
    postcode,
    isStaff: false,
    target: 'primary',
    isWrite: true,
    mayBeTakenAlone: whenAlone === 'keep-ordering' && isOneEnough,
  };
}
