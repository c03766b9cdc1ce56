import { Distribution, Tally } from '../base/distribution.js';
import type { ReplicaStatus } from '../ports/calls.js';
import type { ReplicaGauges } from '../ports/gauges.js';
import type { ReplicaMeter } from '../ports/meters.js';
import { DURATION_BOUNDS_MS, Metrics, oneOf, SIZE_BOUNDS, type Sample } from './metrics.js';

const ROLES = ['primary', 'backup', 'view-change', 'recovering', 'founding'] as const;
const HEALTHS = ['healthy', 'suspected', 'unhealthy'] as const;
const MS_PER_S = 1_000;

type Kind = 'write' | 'read';

/** Counts what a replica does. */
export class ReplicaCounts implements ReplicaMeter {
  readonly fsyncMs = new Distribution(DURATION_BOUNDS_MS);
  readonly batchMs = new Distribution(DURATION_BOUNDS_MS);
  readonly batchEntries = new Distribution(SIZE_BOUNDS);
  readonly batchSizes = {
    writes: new Distribution(SIZE_BOUNDS),
    reads: new Distribution(SIZE_BOUNDS),
    aloneOrders: new Distribution(SIZE_BOUNDS),
  };
  readonly callMs = { write: new Distribution(DURATION_BOUNDS_MS), read: new Distribution(DURATION_BOUNDS_MS) };
  readonly outcomes = { write: new Tally(), read: new Tally() };
  readonly notices = new Tally();
  journalBytes = 0;

  synced(ms: number): void {
    this.fsyncMs.observe(ms);
  }

  wrote({ entries, bytes, ms }: { entries: number; bytes: number; ms: number }): void {
    this.batchEntries.observe(entries);
    this.batchMs.observe(ms);
    this.journalBytes += bytes;
  }

  received(kind: 'writes' | 'reads' | 'aloneOrders', count: number): void {
    this.batchSizes[kind].observe(count);
  }

  answered(kind: Kind, outcome: string, ms: number): void {
    this.callMs[kind].observe(ms);
    this.outcomes[kind].add(outcome);
  }

  /** A fact that the core told the operator. */
  noticed(kind: string): void {
    this.notices.add(kind);
  }
}

/** Where a replica's numbers come from. */
export interface ReplicaSources {
  readonly id: string;
  readonly version: string;
  readonly counts: ReplicaCounts;
  status(): ReplicaStatus;
  gauges(): ReplicaGauges;
  whyNotReady(): readonly string[];
  /** Free bytes on the disk of its folder; `undefined` when the system does not say. */
  freeBytes(): number | undefined;
  readonly transport: {
    readonly counts: {
      readonly batchesSent: number;
      readonly messagesSent: number;
      readonly dropped: number;
      readonly batchesReceived: number;
      readonly messagesReceived: number;
      readonly malformed: number;
    };
  };
}

/** A replica's metrics. */
export function replicaMetrics(sources: ReplicaSources): Metrics {
  const metrics = new Metrics();
  const { id, version, counts, transport } = sources;
  const status = (): ReplicaStatus => sources.status();
  const flag = (is: boolean): number => (is ? 1 : 0);

  metrics.gauge('info', 'What this process is; always 1.', () => [[{ id, kind: 'replica', version }, 1]]);
  metrics.gauge('ready', 'Whether customers are well served here (as /readyz).', () =>
    flag(sources.whyNotReady().length === 0),
  );
  metrics.gauge('replica_role', 'What the replica does now: 1 for its role.', () =>
    oneOf('role', ROLES, status().role),
  );
  metrics.gauge('writable', 'Whether it takes orders now; one replica does.', () => flag(status().writable));
  metrics.gauge('view', 'Its view.', () => status().view);
  metrics.gauge('op', 'Its last op in memory.', () => status().op);
  metrics.gauge('durable_op', 'Last op on its own disk.', () => status().durableOp);
  metrics.gauge('commit_op', 'Last op it knows to be on the disks of a majority.', () => status().commit);
  metrics.gauge('applied_op', 'Last op that its tables hold.', () => status().applied);
  metrics.gauge('lag_ops', 'Committed ops that its tables do not hold yet.', () => sources.gauges().lagOps);
  metrics.gauge('lag_seconds', 'Seconds since a backup was level with the primary.', () => sources.gauges().lagSeconds);
  metrics.gauge('backup_lag_ops', 'On the primary: ops a backup is not known to have on disk.', () =>
    Object.entries(sources.gauges().backupLagOps).map(([backup, lag]) => [{ backup }, lag] as const),
  );
  metrics.gauge('peer_health', 'How it sees each other replica: 1 for its health.', () =>
    status().peers.flatMap((peer) => oneOf('health', HEALTHS, peer.health, { peer: peer.id })),
  );
  metrics.gauge('outbox_orders', 'Orders in its outbox, which wait for confirmation.', () => status().outbox);
  metrics.gauge('taking_alone', 'Whether it takes orders into its outbox now.', () => flag(status().takesAlone));
  metrics.gauge('damaged_files', 'Files known to be damaged now.', () => status().damage.length);
  metrics.gauge('disk_free_bytes', 'Free bytes on the disk of its folder.', () => sources.freeBytes());
  metrics.gauge('queue_length', 'What waits: durable writes, writes for their disks, reads, deferred events.', () =>
    Object.entries(sources.gauges().queues).map(([queue, length]) => [{ queue }, length] as const),
  );

  metrics.counter('notices_total', 'Facts told to the operator, as in the log, by kind.', () =>
    counts.notices.entries().map(([kind, count]) => [{ kind }, count] as const),
  );
  metrics.counter(
    'view_changes_total',
    'Views it has joined as primary or backup.',
    () => counts.notices.of('becamePrimary') + counts.notices.of('becameBackup'),
  );
  metrics.counter('replica_calls_total', 'Calls answered to front ends, by outcome.', () =>
    (['write', 'read'] as const).flatMap((kind) =>
      counts.outcomes[kind].entries().map(([outcome, count]): Sample => [{ kind, outcome }, count]),
    ),
  );
  metrics.counter('journal_bytes_total', 'Bytes written to the journal.', () => counts.journalBytes);
  metrics.counter('peer_messages_total', 'Protocol messages to and from the other replicas.', () => [
    [{ direction: 'sent' }, transport.counts.messagesSent],
    [{ direction: 'received' }, transport.counts.messagesReceived],
    [{ direction: 'dropped' }, transport.counts.dropped],
    [{ direction: 'malformed' }, transport.counts.malformed],
  ]);
  metrics.counter('peer_batches_total', 'Batches in which they travelled.', () => [
    [{ direction: 'sent' }, transport.counts.batchesSent],
    [{ direction: 'received' }, transport.counts.batchesReceived],
  ]);

  metrics.histogram('replica_call_seconds', 'From a call at the replica to its answer.', MS_PER_S, () => [
    [{ kind: 'write' }, counts.callMs.write],
    [{ kind: 'read' }, counts.callMs.read],
  ]);
  metrics.histogram('call_batch_size', 'Calls that came in together.', 1, () =>
    Object.entries(counts.batchSizes).map(([kind, sizes]) => [{ kind }, sizes] as const),
  );
  metrics.histogram('fsync_seconds', 'One fdatasync.', MS_PER_S, () => [[{}, counts.fsyncMs]]);
  metrics.histogram('journal_batch_seconds', 'Writing and fdatasync of one batch of the journal.', MS_PER_S, () => [
    [{}, counts.batchMs],
  ]);
  metrics.histogram('journal_batch_entries', 'Entries of one batch of the journal.', 1, () => [
    [{}, counts.batchEntries],
  ]);
  return metrics;
}
