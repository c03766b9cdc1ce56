import type { ServiceError } from '@grpc/grpc-js';
import { refusal } from '../base/refusal.js';
import type { IncomingBackup } from '../ports/backup.js';
import type { CopyProgress, PlannedEnd, ReplicaStatus, SwitchoverOutcome } from '../ports/calls.js';
import type { KnownNotice, ReplicaEvent, SharedNotice } from '../ports/events.js';
import type { RemoteInspection } from '../ports/inspection.js';
import { CallRefusedError, type OrderView } from '../ports/ordering-client.js';
import type { OutboxContent, WaitingRequest } from '../ports/outbox.js';
import { receiveBackup } from './backup-stream.js';
import { bearerMetadata } from './bearer-token.js';
import { callRefusedError, refusalOf } from './error-details.js';
import { eventOfWire } from './events-codec.js';
import type { GetStatusResponse__Output } from './generated/justhungry/v1/GetStatusResponse.js';
import type { ListOutboxResponse__Output } from './generated/justhungry/v1/ListOutboxResponse.js';
import type { ReadEventsResponse__Output } from './generated/justhungry/v1/ReadEventsResponse.js';
import type { ShareNoticeResponse__Output } from './generated/justhungry/v1/ShareNoticeResponse.js';
import { remoteInspection } from './inspection-client.js';
import type { GetCopyProgressResponse__Output } from './generated/justhungry/v1/GetCopyProgressResponse.js';
import type { AgreeToEndResponse__Output } from './generated/justhungry/v1/AgreeToEndResponse.js';
import type { RestartResponse__Output } from './generated/justhungry/v1/RestartResponse.js';
import type { ResyncResponse__Output } from './generated/justhungry/v1/ResyncResponse.js';
import type { SwitchOverResponse__Output } from './generated/justhungry/v1/SwitchOverResponse.js';
import { replicaStatusOf } from './operations-codec.js';
import { orderView } from './ordering-views.js';
import { protocol } from './proto-files.js';
import { clusterChannel, type ClusterTls } from './tls.js';
import { unreachableText } from './unreachable.js';

/**
 * One replica as its operators ask it. Calls that fail throw CallRefusedError, which says in words why there is no answer; a dead
 * replica fails at once.
 */
export interface OperationsClient extends RemoteInspection {
  /** Default deadline: 1,000 ms from now. */
  status(deadlineMs?: number): Promise<ReplicaStatus>;
  /** What waits in its outbox, oldest first, all of it. Default deadline of each page: 1,000 ms. */
  outbox(deadlineMs?: number): Promise<OutboxContent>;
  /** Asks a primary to give up its office; done when it has been told. */
  resign(why: string, deadlineMs?: number): Promise<void>;
  /** Events after the one with this number, oldest first, up to 1,000; the newest `limit` when it is 0. Default deadline: 1,000 ms. */
  events(after: number, limit: number, deadlineMs?: number): Promise<ReplicaEvent[]>;
  /** Says to a peer what is told to people; what it knows of that. Default deadline: 1,000 ms. */
  shareNotice(notice: SharedNotice, deadlineMs?: number): Promise<KnownNotice>;
  /** Hands the office of this primary to the replica `toId`. Default deadline: 12,000 ms. */
  switchOver(toId: string, why: string, deadlineMs?: number): Promise<SwitchoverOutcome>;
  /** Makes a backup throw its copy away; why not, for people, or undefined when it does. */
  resync(deadlineMs?: number): Promise<string | undefined>;
  /** Stops the process in order, for a supervisor to start it again; why not, for people, or undefined when it does. */
  restart(deadlineMs?: number): Promise<string | undefined>;
  /** Asks a peer whether a replica may end on request; why not, for people, or undefined when it agrees. */
  agreeToEnd(end: PlannedEnd, deadlineMs?: number): Promise<string | undefined>;
  /** How far it is with copying state from the others. */
  copyProgress(deadlineMs?: number): Promise<CopyProgress>;
  /** What it holds now, to be kept; ends when nothing comes for `silenceMs`, default 10,000. Close the client when all was read. */
  backup(silenceMs?: number): Promise<IncomingBackup>;
  close(): void;
}

const DEADLINE_MS = 1000;
/** A replica that is told to end asks its peers first. */
const END_DEADLINE_MS = 3_000;
/** Longer than a switchover may take in the replica. */
const SWITCHOVER_DEADLINE_MS = 12_000;
/** ms without a piece after which a replica that sends a backup is given up: it hangs. */
const SILENCE_MS = 10_000;
/** Orders of one page, and pages read at most: more than an outbox holds. */
const OUTBOX_PAGE = 100;
const OUTBOX_PAGES_MAX = 300;

/** Makes a client of the replica at `address`; nothing is sent before the first call. Without `tls`: plain text. */
export function createOperationsClient(address: string, token: string, tls?: ClusterTls): OperationsClient {
  const client = new protocol.Operations(address, ...clusterChannel(address, tls));
  const metadata = bearerMetadata(token);
  const settle =
    <T>(resolve: (value: T) => void, reject: (error: Error) => void, deadlineMs: number) =>
    (error: ServiceError | null, value: T | undefined): void => {
      if (error !== null) reject(failureOf(error, address, deadlineMs));
      else if (value !== undefined) resolve(value);
    };
  return {
    async status(deadlineMs = DEADLINE_MS) {
      const wire = await new Promise<GetStatusResponse__Output>((resolve, reject) => {
        client.GetStatus({}, metadata, { deadline: Date.now() + deadlineMs }, settle(resolve, reject, deadlineMs));
      });
      return replicaStatusOf(wire);
    },
    async outbox(deadlineMs = DEADLINE_MS) {
      const orders = new Map<string, OrderView>();
      const others = new Map<string, WaitingRequest>();
      for (let after = '', pages = 0; pages < OUTBOX_PAGES_MAX; pages++) {
        const request = { after_order_id: after, limit: OUTBOX_PAGE };
        const page = await new Promise<ListOutboxResponse__Output>((resolve, reject) => {
          client.ListOutbox(
            request,
            metadata,
            { deadline: Date.now() + deadlineMs },
            settle(resolve, reject, deadlineMs),
          );
        });
        // The one asked for may have left meanwhile: then the first page comes again.
        for (const order of page.orders) orders.set(order.order_id, orderView(order));
        for (const { request_id: requestId, service, accepted_at: acceptedAt } of page.others)
          others.set(requestId, { service, requestId, acceptedAt });
        after = page.last_id;
        if (!page.has_more) break;
      }
      return { orders: [...orders.values()], others: [...others.values()] };
    },
    async resign(why, deadlineMs = DEADLINE_MS) {
      await new Promise<object>((resolve, reject) => {
        client.Resign({ why }, metadata, { deadline: Date.now() + deadlineMs }, settle(resolve, reject, deadlineMs));
      });
    },
    async events(after, limit, deadlineMs = DEADLINE_MS) {
      const deadline = { deadline: Date.now() + deadlineMs };
      const request = { after_number: after, limit };
      const wire = await new Promise<ReadEventsResponse__Output>((resolve, reject) => {
        client.ReadEvents(request, metadata, deadline, settle(resolve, reject, deadlineMs));
      });
      return wire.events.flatMap((event) => eventOfWire(event) ?? []);
    },
    async shareNotice({ from, kind, subject, key, delivered }, deadlineMs = DEADLINE_MS) {
      const deadline = { deadline: Date.now() + deadlineMs };
      const request = { from, kind, subject, key, delivered: [...delivered] };
      const wire = await new Promise<ShareNoticeResponse__Output>((resolve, reject) => {
        client.ShareNotice(request, metadata, deadline, settle(resolve, reject, deadlineMs));
      });
      return { key: wire.key, isMine: wire.is_mine, by: wire.by, delivered: wire.delivered };
    },
    ...remoteInspection(client, metadata, (error, deadlineMs) => failureOf(error, address, deadlineMs)),
    async switchOver(toId, why, deadlineMs = SWITCHOVER_DEADLINE_MS) {
      const wire = await new Promise<SwitchOverResponse__Output>((resolve, reject) => {
        const deadline = Date.now() + deadlineMs;
        client.SwitchOver({ to_id: toId, why }, metadata, { deadline }, settle(resolve, reject, deadlineMs));
      });
      const { done, reason, view, primary_id, pause_ms } = wire;
      return { isDone: done, reason, view, primaryId: primary_id, pauseMs: pause_ms };
    },
    async resync(deadlineMs = END_DEADLINE_MS) {
      const { accepted, reason } = await new Promise<ResyncResponse__Output>((resolve, reject) => {
        client.Resync({}, metadata, { deadline: Date.now() + deadlineMs }, settle(resolve, reject, deadlineMs));
      });
      return accepted ? undefined : reason;
    },
    async restart(deadlineMs = END_DEADLINE_MS) {
      const { refused, reason } = await new Promise<RestartResponse__Output>((resolve, reject) => {
        client.Restart({}, metadata, { deadline: Date.now() + deadlineMs }, settle(resolve, reject, deadlineMs));
      });
      return refused ? reason : undefined;
    },
    async agreeToEnd({ from, forgets, why }, deadlineMs = DEADLINE_MS) {
      const { agreed, reason } = await new Promise<AgreeToEndResponse__Output>((resolve, reject) => {
        const deadline = Date.now() + deadlineMs;
        client.AgreeToEnd({ from, forgets, why }, metadata, { deadline }, settle(resolve, reject, deadlineMs));
      });
      return agreed ? undefined : reason;
    },
    async copyProgress(deadlineMs = DEADLINE_MS) {
      const wire = await new Promise<GetCopyProgressResponse__Output>((resolve, reject) => {
        const deadline = Date.now() + deadlineMs;
        client.GetCopyProgress({}, metadata, { deadline }, settle(resolve, reject, deadlineMs));
      });
      const { copying, bytes_done, bytes_total, op } = wire;
      return { isCopying: copying, bytesDone: bytes_done, bytesTotal: bytes_total, op };
    },
    backup(silenceMs = SILENCE_MS) {
      const stream = client.Backup({}, metadata, {});
      const failureOfCall = (error: unknown): Error =>
        error instanceof Error && 'code' in error
          ? failureOf(error as ServiceError, address, silenceMs)
          : new Error(String(error), { cause: error });
      return receiveBackup({ stream, failureOf: failureOfCall }, silenceMs);
    },
    close: () => client.close(),
  };
}

function failureOf(error: ServiceError, address: string, deadlineMs: number): CallRefusedError {
  const told = callRefusedError(error);
  const words = refusalOf(error) === undefined ? unreachableText(error, address, deadlineMs) : undefined;
  if (words === undefined) return told;
  return new CallRefusedError(refusal(told.refusal.reason, words), told.status, { cause: error });
}
