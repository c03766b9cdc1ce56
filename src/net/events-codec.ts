import {
  EVENT_KINDS,
  type EventKind,
  type KnownNotice,
  type OperatorEvents,
  type ReplicaEvent,
} from '../ports/events.js';
import type { ReadEventsResponse } from './generated/justhungry/v1/ReadEventsResponse.js';
import type { ReplicaEvent__Output } from './generated/justhungry/v1/ReplicaEvent.js';
import type { ShareNoticeRequest__Output } from './generated/justhungry/v1/ShareNoticeRequest.js';
import type { ShareNoticeResponse } from './generated/justhungry/v1/ShareNoticeResponse.js';

/** Events of one page at most. */
export const EVENTS_PAGE_MAX = 1_000;
/** Ways of one notice at most, and characters of a text: what a peer says is no longer. */
const WAYS_MAX = 10;
const TEXT_LENGTH_MAX = 200;

const kinds = new Map<string, EventKind>(EVENT_KINDS.map((kind) => [kind, kind]));

/** A page of a replica's events; a limit out of range is taken for the nearest in it. */
export function eventsPage(events: OperatorEvents, after: number, limit: number): ReadEventsResponse {
  return { events: events.list(after, Math.min(Math.max(limit, 1), EVENTS_PAGE_MAX)).map((event) => ({ ...event })) };
}

/** The event of a proto message; of a kind that a newer replica knows `undefined`. */
export function eventOfWire(wire: ReplicaEvent__Output): ReplicaEvent | undefined {
  const { number, time, replica, view, op, commit, subject, reason, key } = wire;
  const kind = kinds.get(wire.kind);
  return kind === undefined ? undefined : { number, time, replica, kind, view, op, commit, subject, reason, key };
}

/** What is known of a notice that a peer shares; nothing of one that makes no sense here. */
export function answerNotice(events: OperatorEvents, wire: ShareNoticeRequest__Output): ShareNoticeResponse {
  const { from, subject, key, delivered } = wire;
  const kind = kinds.get(wire.kind);
  const isShort = [from, subject, key, ...delivered].every((text) => text.length <= TEXT_LENGTH_MAX);
  if (kind === undefined || !isShort || delivered.length > WAYS_MAX)
    return { key: '', is_mine: false, by: '', delivered: [] };
  const known: KnownNotice = events.share({ from, kind, subject, key, delivered });
  return { key: known.key, is_mine: known.isMine, by: known.by, delivered: [...known.delivered] };
}
