import { expect } from 'chai';
import type { ReplicaStatus } from '../../src/ports/calls.js';
import type { ReplicaGauges } from '../../src/ports/gauges.js';
import { whyNotReady } from '../../src/runtime/readiness.js';

const backup: ReplicaStatus = {
  id: 'replica-2',
  role: 'backup',
  view: 3,
  logView: 3,
  op: 9,
  durableOp: 9,
  commit: 9,
  applied: 9,
  chain: '',
  primaryId: 'replica-1',
  writable: false,
  reason: 'not the primary',
  peers: [{ id: 'replica-1', health: 'healthy' }],
  outbox: 0,
  takesAlone: false,
  damage: [],
  uptimeMs: 1,
  orders: 0,
  reads: 0,
  diskFreeBytes: undefined,
  lagMs: undefined,
  lastFault: undefined,
};
const level: ReplicaGauges = {
  lagOps: 0,
  lagSeconds: 0,
  isFetching: false,
  queues: { disk: 0, writes: 0, reads: 0, deferred: 0 },
  backupLagOps: {},
};

describe('readiness', () => {
  const ready: readonly (readonly [string, Partial<ReplicaStatus>, Partial<ReplicaGauges>])[] = [
    ['a level backup', {}, {}],
    ['a backup that suspects its primary', { peers: [{ id: 'replica-1', health: 'suspected' }] }, {}],
    ['a backup a moment behind under load', {}, { lagOps: 1_000, lagSeconds: 2 }],
    ['a backup of an idle cluster', {}, { lagSeconds: 60 }],
    ['a primary that takes orders', { role: 'primary', writable: true, reason: '' }, {}],
  ];
  for (const [what, status, gauges] of ready)
    it(`ready: ${what}`, () => {
      expect(whyNotReady({ ...backup, ...status }, { ...level, ...gauges })).to.deep.equal([]);
    });

  const notReady: readonly (readonly [string, Partial<ReplicaStatus>, Partial<ReplicaGauges>, RegExp])[] = [
    ['recovering', { role: 'recovering' }, {}, /recovering/],
    ['founding', { role: 'founding' }, {}, /not founded/],
    ['between views', { role: 'view-change', view: 4 }, {}, /to view 4/],
    ['a primary without a majority', { role: 'primary', reason: '1 of 3 answer' }, {}, /no orders: 1 of 3 answer/],
    ['a log of an earlier view', { logView: 2 }, { isFetching: true }, /log of view 3 yet and copies it/],
    ['a primary it does not hear', { peers: [{ id: 'replica-1', health: 'unhealthy' }] }, {}, /hear the primary \(rep/],
    ['no primary it knows', { primaryId: '' }, {}, /hear the primary$/],
    ['many ops behind', {}, { lagOps: 1_001 }, /lags by 1001 ops/],
    ['behind for long', {}, { lagOps: 1, lagSeconds: 2.6 }, /lags by 1 ops and 3 s/],
    ['damaged', { damage: ['orders.csv: row 3'] }, {}, /damaged: orders\.csv: row 3/],
  ];
  for (const [what, status, gauges, expected] of notReady)
    it(`not ready: ${what}`, () => {
      const why = whyNotReady({ ...backup, ...status }, { ...level, ...gauges });
      expect(why).to.have.length(1);
      expect(why[0]).to.match(expected);
    });
});
