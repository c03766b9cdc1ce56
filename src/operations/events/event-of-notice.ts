import type { EventFact } from '../../ports/events.js';
import type { Notice } from '../../vsr/effect.js';

/**
 * What operators are told of a notice of the core; `undefined` for what is of the log only: messages ignored, and single orders taken
 * alone (as many as customers send). Orders are counted, not named.
 */
export function eventOfNotice(notice: Notice, replicaIds: readonly string[]): EventFact | undefined {
  const id = (index: number): string => replicaIds[index] ?? '';
  switch (notice.kind) {
    case 'viewChangeBegun':
      return fact('view-change', '', notice.why);
    case 'becamePrimary':
      return fact('became-primary', '', '');
    case 'becameBackup':
      return fact('became-backup', id(notice.primary), `${id(notice.primary)} is the primary`);
    case 'resigned':
      return fact('resigned', '', notice.why);
    case 'switchoverGivenUp':
      return fact('switchover-given-up', id(notice.to), notice.why);
    case 'restarting':
      return fact('restarting', id(notice.peer), notice.why);
    case 'suspected':
      return fact('suspected', id(notice.peer), '2 heartbeats missed');
    case 'unhealthy':
      return fact('unhealthy', id(notice.peer), '5 heartbeats missed, or the connection was refused');
    case 'healthy':
      return fact('healthy', id(notice.peer), 'it is heard again');
    case 'diverged':
      return fact(
        'diverged',
        id(notice.peer),
        `its log holds something else at op ${notice.op}: it is not counted, and repairs itself when a majority says so`,
      );
    case 'readOnly':
      return fact('read-only', '', notice.why);
    case 'writable':
      return fact('writable', '', 'enough replicas are heard again');
    case 'founded': {
      const replaced = notice.replaced.length === 0 ? '' : `; menu and motd replaced at ${notice.replaced.join(', ')}`;
      return fact('founded', '', `the cluster ${notice.clusterId} is founded${replaced}`);
    }
    case 'recovering':
      return fact('recovering', '', notice.why);
    case 'recovered':
      return fact('recovered', '', 'it has everything again and is a member');
    case 'stateTransfer':
      return fact('state-transfer', id(notice.from), `copied up to op ${notice.op} of ${notice.target}`);
    case 'checkpointPostponed':
      return fact(
        'checkpoint-postponed',
        '',
        `at op ${notice.at}: ${notice.why}; the journal grows until one can be made`,
      );
    case 'salvaged':
      return fact('outbox-kept', '', `${orders(notice.requestIds.length)} cut off from the log wait in the outbox`);
    case 'outboxSettled': {
      const { requestIds, otherKept, rejected } = notice;
      const parts = [`${orders(requestIds.length)} settled`];
      if (rejected.length > 0) parts.push(`${rejected.length} of them could not be carried out and are rejected`);
      if (otherKept.length > 0) parts.push(`${otherKept.length} ids stand for something else already`);
      return fact('outbox-settled', '', parts.join(', '));
    }
    case 'takingAlone':
      return fact('taking-alone', '', 'no majority: new orders go to the outbox and wait for confirmation');
    case 'noLongerAlone':
      return fact('no-longer-alone', '', 'orders are placed again by a majority, or refused');
    case 'diskFull':
      return fact('disk-full', '', 'no room on the disk: make room, the replica goes on by itself');
    case 'diskHasRoom':
      return fact('disk-has-room', '', 'there is room on the disk again');
    case 'takenAlone':
    case 'ignored':
      return undefined;
  }
}

const fact = (kind: EventFact['kind'], subject: string, reason: string): EventFact => ({ kind, subject, reason });

const orders = (count: number): string => (count === 1 ? '1 order' : `${count} orders`);
