import type { CheckpointOffer } from '../base/checkpoint.js';
import type { BackupHead } from '../ports/backup.js';
import type { BackupCheckpoint__Output } from './generated/justhungry/v1/BackupCheckpoint.js';
import type { BackupHead as WireHead, BackupHead__Output } from './generated/justhungry/v1/BackupHead.js';
import { chainOf, naturalOf, opOf, sha256Of, viewOf } from './wire-values.js';

/** A backup's head as a proto message. */
export function wireBackupHead(head: BackupHead): WireHead {
  const { clusterId, members, view, op, chain, timeMs, checkpoint, journalBytes } = head;
  return {
    cluster_id: clusterId,
    members: [...members],
    view,
    op,
    chain,
    time_ms: timeMs,
    journal_bytes: journalBytes,
    ...(checkpoint === undefined ? {} : { checkpoint: wireCheckpoint(checkpoint) }),
  };
}

const wireCheckpoint = ({ head: { base }, files }: CheckpointOffer) => ({
  op: base.op,
  chain: base.chain,
  time_ms: base.timeMs,
  files: files.map(({ name, length, hash, grows }) => ({ name, length, sha256: hash, grows })),
});

/** The head in a proto message. Throws MalformedError. */
export function backupHeadOf(wire: BackupHead__Output): BackupHead {
  return {
    clusterId: wire.cluster_id,
    members: wire.members,
    view: viewOf(wire.view),
    op: opOf(wire.op),
    chain: chainOf(wire.chain),
    timeMs: naturalOf(wire.time_ms, 'time'),
    checkpoint: wire.checkpoint === null ? undefined : checkpointOf(wire.checkpoint),
    journalBytes: naturalOf(wire.journal_bytes, 'bytes of the journal'),
  };
}

function checkpointOf({ op, chain, time_ms: timeMs, files }: BackupCheckpoint__Output): CheckpointOffer {
  const base = { op: opOf(op), chain: chainOf(chain), timeMs: naturalOf(timeMs, 'time') };
  return {
    head: { base, snapshots: {} },
    files: files.map(({ name, length, sha256, grows }) => ({
      name,
      length: naturalOf(length, 'length'),
      hash: sha256Of(sha256),
      grows,
    })),
  };
}
