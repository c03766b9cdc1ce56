import { expect } from 'chai';
import { op, replicaIndex, view } from '../../src/base/numbers.js';
import type { Effect } from '../../src/vsr/effect.js';
import type { Event } from '../../src/vsr/event.js';
import { GENESIS } from '../../src/vsr/log.js';
import { receiptsTable } from '../../src/vsr/receipts.js';
import { start } from '../../src/vsr/start.js';
import { step } from '../../src/vsr/step.js';
import { MemoryFiles } from '../support/memory-files.js';

const HEARTBEAT_MS = 100;
const CLUSTER = 'c';
type Untimed = Event extends infer E ? (E extends Event ? Omit<E, 'nowMs' | 'wallMs' | 'randomU32'> : never) : never;

describe('candidate (4.2, step 1; rule 3 ii)', () => {
  /** Replica 2 of 3, in view 0, with an empty log: the primary of view 1. */
  const candidate = () => {
    const at = (nowMs: number) => ({ nowMs, wallMs: nowMs, randomU32: 7 });
    const config = {
      self: replicaIndex(1),
      replicaIds: ['a', 'b', 'c'],
      heartbeatMs: HEARTBEAT_MS,
      quorum: 2,
      checkpointIntervalOps: 1000,
      uncommittedOpsMax: 1000,
    };
    const { state } = start(
      config,
      new Map(),
      receiptsTable(new MemoryFiles()),
      {
        kind: 'intact',
        clusterId: CLUSTER,
        view: view(0),
        logView: view(0),
        isRecovering: false,
        checkpoint: { base: GENESIS, snapshots: {} },
        entries: [],
        commit: op(0),
        outbox: [],
      },
      at(0),
    );
    return {
      state,
      take: (nowMs: number, event: Untimed): Effect[] => step(state, { ...event, ...at(nowMs) } as Event),
    };
  };

  it('elects itself with others who have never heard its wish: all of them learn of the view', () => {
    const { state, take } = candidate();
    let nowMs = 0;
    // It says its wishes 20, 120, … ms after the start, so that it suspects the primary at 500 ms but would say so at 520 ms.
    for (nowMs = 20; nowMs <= 500; nowMs += 20) take(nowMs, { kind: 'tick' });
    expect(state.suspects).to.not.equal(undefined);
    // Meanwhile the other backup has said its own: that is a majority.
    const message = { kind: 'startViewChange', view: view(1) } as const;
    const left = take(505, { kind: 'message', envelope: { from: replicaIndex(2), clusterId: CLUSTER, message } });
    expect(state.view).to.equal(1);
    const persist = left.find((effect) => effect.kind === 'persist');
    const sent = take(510, { kind: 'transitionDone', transition: persist?.transition ?? 0 });
    const told = sent.flatMap((effect) =>
      effect.kind === 'send' && effect.message.kind === 'doViewChange' && effect.message.view === 1 ? [effect.to] : [],
    );
    expect(told).to.deep.equal([0, 2]);
  });
});
