import { isoTime } from '../base/iso-time.js';
import type { ReplicaCalls, ReplicaStatus, SwitchoverOutcome } from '../ports/calls.js';
import type { GetStatusResponse, GetStatusResponse__Output } from './generated/justhungry/v1/GetStatusResponse.js';
import type { ListOutboxResponse } from './generated/justhungry/v1/ListOutboxResponse.js';
import type { Order } from './generated/justhungry/v1/Order.js';
import type { SwitchOverResponse } from './generated/justhungry/v1/SwitchOverResponse.js';
import type { WaitingRequest } from './generated/justhungry/v1/WaitingRequest.js';
import { outboxOrder, unconfirmedOrder } from '../services/ordering/outbox-order.js';
import { ORDERING } from '../services/ordering/ordering.js';
import { wireOrder } from './ordering-responses.js';
import { meaningOf } from './wire-values.js';

/** Orders in one page of an outbox at most. */
const OUTBOX_PAGE_MAX = 500;

type Role = ReplicaStatus['role'];
type Health = ReplicaStatus['peers'][number]['health'];

const ROLES = {
  primary: 'REPLICA_ROLE_PRIMARY',
  backup: 'REPLICA_ROLE_BACKUP',
  'view-change': 'REPLICA_ROLE_VIEW_CHANGE',
  recovering: 'REPLICA_ROLE_RECOVERING',
  founding: 'REPLICA_ROLE_FOUNDING',
} as const satisfies Record<Role, string>;
const HEALTHS = {
  healthy: 'PEER_HEALTH_HEALTHY',
  suspected: 'PEER_HEALTH_SUSPECTED',
  unhealthy: 'PEER_HEALTH_UNHEALTHY',
} as const satisfies Record<Health, string>;
const roleByWire = new Map<unknown, Role>(Object.entries(ROLES).map(([role, wire]) => [wire, role as Role]));
const healthByWire = new Map<unknown, Health>(Object.entries(HEALTHS).map(([name, wire]) => [wire, name as Health]));

/** A status as a proto message. */
export function wireStatus(status: ReplicaStatus): GetStatusResponse {
  const { id, view, op, commit, applied, chain, writable, reason, outbox } = status;
  return {
    id,
    view,
    op,
    commit,
    applied,
    chain,
    writable,
    reason,
    outbox,
    role: ROLES[status.role],
    log_view: status.logView,
    durable_op: status.durableOp,
    primary_id: status.primaryId,
    peers: status.peers.map((peer) => ({ id: peer.id, health: HEALTHS[peer.health] })),
    damage: [...status.damage],
    uptime_ms: Math.round(status.uptimeMs),
    takes_alone: status.takesAlone,
    orders: status.orders,
    reads: status.reads,
    ...(status.diskFreeBytes === undefined ? {} : { disk_free_bytes: status.diskFreeBytes }),
    ...(status.lagMs === undefined ? {} : { lag_ms: Math.round(status.lagMs) }),
    last_fault: status.lastFault?.what ?? '',
    last_fault_at: status.lastFault?.at ?? '',
  };
}

/** A page of a replica's outbox; a limit out of range is taken for the nearest in it. */
export function outboxPage(calls: ReplicaCalls, afterOrderId: string, limit: number): ListOutboxResponse {
  const size = Math.min(Math.max(limit, 1), OUTBOX_PAGE_MAX);
  const items = calls.outbox(afterOrderId, size + 1);
  const page = items.slice(0, size);
  const orders: Order[] = [];
  const others: WaitingRequest[] = [];
  for (const item of page) {
    const update = item.service === ORDERING ? outboxOrder(item).update : undefined;
    if (update !== undefined) orders.push(wireOrder(unconfirmedOrder(update, item)));
    else others.push({ request_id: item.requestId, service: item.service, accepted_at: isoTime(item.timeMs) });
  }
  return { orders, others, has_more: items.length > size, last_id: page.at(-1)?.requestId ?? '' };
}

/** The status of a proto message. Throws MalformedError on enums that are not known. */
export function replicaStatusOf(wire: GetStatusResponse__Output): ReplicaStatus {
  const { id, view, op, commit, applied, chain, writable, reason, outbox, damage } = wire;
  return {
    id,
    view,
    op,
    commit,
    applied,
    chain,
    writable,
    reason,
    outbox,
    damage,
    role: meaningOf(roleByWire, wire.role, 'role'),
    logView: wire.log_view,
    durableOp: wire.durable_op,
    primaryId: wire.primary_id,
    peers: wire.peers.map((peer) => ({ id: peer.id, health: meaningOf(healthByWire, peer.health, 'health') })),
    uptimeMs: wire.uptime_ms,
    takesAlone: wire.takes_alone,
    orders: wire.orders,
    reads: wire.reads,
    diskFreeBytes: wire.disk_free_bytes,
    lagMs: wire.lag_ms,
    lastFault: wire.last_fault === '' ? undefined : { at: wire.last_fault_at, what: wire.last_fault },
  };
}

/** What became of a switchover, as a proto message. */
export function wireSwitchover({ isDone, reason, view, primaryId, pauseMs }: SwitchoverOutcome): SwitchOverResponse {
  return { done: isDone, reason, view, primary_id: primaryId, pause_ms: Math.round(pauseMs) };
}
