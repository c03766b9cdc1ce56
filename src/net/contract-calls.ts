import type { sendUnaryData } from '@grpc/grpc-js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { AdmittedCall } from '../ports/front-end.js';
import { type CallGuard, refuse, type UnaryCall, type UnaryHandler } from './call-guard.js';
import type { BoundContract } from './contract-methods.js';
import type { Method } from './gate.js';
import { standingOf } from './staff-standing.js';

/** What the unary methods of contracts need. */
export interface ContractCallsOptions {
  readonly configuration: Pick<ClusterConfiguration, 'replicas' | 'writeConcern' | 'staffToken'>;
  readonly guard: CallGuard;
}

/** The unary methods of a contract, by their names in the proto file: each call passes the gate here, and goes on as the bytes it came as. */
export function contractHandlers(
  { methods }: BoundContract,
  { configuration, guard }: ContractCallsOptions,
): Record<string, UnaryHandler> {
  const { writeConcern, staffToken } = configuration;
  const replicaIds = configuration.replicas.map(({ id }) => id);

  function forward(method: Method, call: UnaryCall, inside: AdmittedCall, callback: sendUnaryData<Buffer>): undefined {
    const standing = standingOf(call.metadata, method.access === 'staff' ? 'staff' : 'anyone', staffToken);
    if (standing.kind === 'refused') return refuse(callback, standing.refusal);
    const isStaff = standing.kind === 'staff';
    const gated = method.gate(call.request, { replicaIds, writeConcern, isUnreachableAccepted: true, isStaff });
    if (gated.kind === 'refused') return refuse(callback, gated.refusal);
    const known = { method: method.name, payload: call.request, deadlineWallMs: guard.deadlineOf(call), isStaff };
    if (gated.kind === 'write') {
      guard.route(call, { ...known, target: 'primary', isWrite: true }, inside, callback);
      return undefined;
    }
    const target = gated.replica ?? (gated.consistency === 'linearizable' ? 'primary' : 'any');
    guard.route(call, { ...known, target, isWrite: false }, inside, callback);
    return undefined;
  }

  return Object.fromEntries(
    methods.map((method) => [
      method.name.slice(method.name.indexOf('/') + 1),
      guard.handler(method.name, (call, inside, answer) => forward(method, call, inside, answer)),
    ]),
  );
}
