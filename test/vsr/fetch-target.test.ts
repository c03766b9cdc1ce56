import { expect } from 'chai';
import { op, replicaIndex, view } from '../../src/base/numbers.js';
import type { Effect } from '../../src/vsr/effect.js';
import type { Event } from '../../src/vsr/event.js';
import { GENESIS } from '../../src/vsr/log.js';
import type { Message } from '../../src/vsr/message.js';
import { receiptsTable } from '../../src/vsr/receipts.js';
import { start } from '../../src/vsr/start.js';
import { step } from '../../src/vsr/step.js';
import { MemoryFiles } from '../support/memory-files.js';
import { firstEntries } from '../support/storage-folders.js';

const CLUSTER = 'c';
const ENTRIES = firstEntries(4);

/** Replica 2 of 5, which has left view 0 for view 1, of which it is to be primary, with one entry. */
function candidate() {
  let nowMs = 0;
  const now = () => ({ nowMs, wallMs: nowMs, randomU32: 7 });
  const config = {
    self: replicaIndex(1),
    replicaIds: ['a', 'b', 'c', 'd', 'e'],
    heartbeatMs: 100,
    quorum: 3,
    checkpointIntervalOps: 1000,
    uncommittedOpsMax: 1000,
  };
  const started = {
    kind: 'intact',
    clusterId: CLUSTER,
    view: view(1),
    logView: view(0),
    isRecovering: false,
    checkpoint: { base: GENESIS, snapshots: {} },
    entries: ENTRIES.slice(0, 1),
    commit: op(0),
    outbox: [],
  } as const;
  const { state } = start(
    config,
    new Map(),
    receiptsTable(new MemoryFiles()),
    { ...started, entries: [...started.entries] },
    now(),
  );
  const take = (event: Pick<Event, 'kind'> & Record<string, unknown>): Effect[] =>
    step(state, { ...event, ...now() } as Event);
  return {
    state,
    tick: (ms: number) => ((nowMs += ms), take({ kind: 'tick' })),
    hear: (from: number, message: Message) =>
      take({ kind: 'message', envelope: { from: replicaIndex(from), clusterId: CLUSTER, message } }),
  };
}

/** A vote that states a log up to `at` and carries nothing of it: what is missing must be fetched. */
function vote(at: number): Message {
  const chain = ENTRIES[at - 1]?.chain ?? '';
  const suffix = { after: op(at), afterChain: chain, entries: [] };
  return { kind: 'doViewChange', view: view(1), logView: view(0), op: op(at), commit: op(0), chain, suffix };
}

const asked = (effects: readonly Effect[]) =>
  effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'getState' ? [{ to: effect.to, message: effect.message }] : [],
  );

describe('the log of a vote that is being fetched (rule 4)', () => {
  it('stays the target when a better vote comes later: its sender has no more to give', () => {
    const { state, tick, hear } = candidate();
    tick(100);
    expect(state.votes.has(replicaIndex(1)), 'its own vote').to.equal(true);
    hear(2, vote(3));
    const [request] = asked(hear(3, vote(1)));
    expect(request?.to).to.equal(2);
    expect(request?.message.after).to.equal(0);

    expect(asked(hear(4, vote(4))), 'a majority had voted before').to.deep.equal([]);
    const answer: Message = {
      kind: 'newState',
      view: view(1),
      logView: view(0),
      start: op(0),
      commit: op(0),
      op: op(3),
      suffix: { after: op(0), afterChain: GENESIS.chain, entries: ENTRIES.slice(0, 3) },
      nonce: request?.message.nonce ?? 0,
      isFounded: true,
    };
    const effects = hear(2, answer);
    expect(asked(effects), 'nothing more is asked of replica 3').to.deep.equal([]);
    const switched = effects.find((effect) => effect.kind === 'switchLog');
    expect(switched?.from).to.equal(2);
    expect(switched?.entries).to.deep.equal(ENTRIES.slice(1, 3));
    expect(switched?.promises).to.include({ view: 1, logView: 1 });
  });
});
