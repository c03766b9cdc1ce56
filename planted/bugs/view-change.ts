import { expression, statements, type PlantedBug } from '../bug.js';

const simulation = 'core';

/** An acknowledgement, for the view that is being left, of an append that ends meanwhile. */
const ACKNOWLEDGE_LATE = `  if (state.transition !== undefined) {
    const left = state.logView;
    const chain = chainAt(state.log, op) ?? lateChains.get(state)?.get(op);
    const isLeaving = state.transition.next === 'leftView' && primaryOf(state, left) !== state.config.self;
    if (isLeaving && chain !== undefined)
      send(step, primaryOf(state, left), { kind: 'prepareOk', view: left, op, chain });
    return;
  }`;
const IMPORT_LATE_CHAINS = `import { lateChains } from '../../planted/late-chains.js';`;
const acknowledgeLate = statements(
  'src/vsr/normal.ts',
  '  if (state.transition !== undefined) return;',
  ACKNOWLEDGE_LATE,
  { imports: IMPORT_LATE_CHAINS },
);

const SETTLED_WHEN_COMMITTED = `    if (service?.hasCommitted(item.requestId) !== true) return false;
    became.set(item.requestId, service.alone?.settlement(item) ?? service.settlement?.(item) ?? 'executed');
    return true;`;

/** Rules 1, 3, 4 and 5: leaving a view, electing its log, and fetching it. */
export const VIEW_CHANGE_BUGS: readonly PlantedBug[] = [
  {
    name: 'view-not-persisted',
    clause: 'rule 1: a doViewChange leaves though its view is not on disk',
    simulation,
    edits: [
      expression(
        'src/vsr/view-change.ts',
        '{ clusterId, view, logView, recovering: false }',
        '{ clusterId, view: logView, logView, recovering: false }',
      ),
    ],
  },
  {
    name: 'prepare-ok-after-leaving',
    clause: 'rule 1 [ ]: prepareOk is sent for a view that the replica has decided to leave',
    simulation,
    coveredBy: 'the doViewChange is made when every append before it is on disk: it states what was acknowledged late',
    edits: [acknowledgeLate],
  },
  {
    name: 'prepare-ok-not-in-vote',
    clause: 'rule 1 [ ]: the same, and the doViewChange states the log without the appends that were pending',
    simulation,
    edits: [
      acknowledgeLate,
      statements(
        'src/vsr/view-change.ts',
        '  dropSpeculation(state);',
        `  dropSpeculation(state);
  if (state.durable >= state.commit && state.durable < lastOp(state.log)) {
    const cut = cutFrom(state.log, nextOp(state.durable));
    lateChains.set(state, new Map(cut.map((entry) => [entry.op, entry.chain])));
  }`,
        {
          imports: `${IMPORT_LATE_CHAINS}
import { cutFrom } from './log.js';
import { nextOp } from '../base/numbers.js';`,
        },
      ),
    ],
  },
  {
    name: 'prepare-ok-counted-after-leaving',
    clause: 'rule 1 [ ]: a primary counts a prepareOk for the view that it has left',
    simulation,
    coveredBy: 'what is counted late was on these disks before their votes, so every vote states it',
    edits: [
      statements(
        'src/vsr/normal.ts',
        "  if (message.view !== state.view) return 'of another view';",
        `  const wasPrimary = state.status === 'view-change' && primaryOf(state, state.logView) === state.config.self;
  if (wasPrimary && message.view === state.logView && message.op <= lastOp(state.log)) {
    state.acked[from] = maxOp((state.acked[from] ?? 0) as OpNumber, message.op);
    state.acked[state.config.self] = state.durable;
    raiseCommit(step, reachedBy(state.acked, state.majority) as OpNumber);
    return 'counted late';
  }
  if (message.view !== state.view) return 'of another view';`,
        { imports: `import { reachedBy } from './state.js';` },
      ),
    ],
  },
  {
    name: 'wish-from-view-below',
    clause: 'rule 3: startViewChange(w) is sent from a durable view below w−1',
    simulation,
    edits: [
      statements(
        'src/vsr/suspicion.ts',
        '  leaveView(step, makeView(target - 1), why);\n  state.suspects = { why };',
        `  state.resigned = { view: state.view, why };
  state.suspects = { why };
  broadcast(step, { kind: 'startViewChange', view: makeView(target) });`,
      ),
    ],
  },
  {
    name: 'longest-log-wins',
    clause: 'rule 4: the longest log is taken, not the one of the highest logView',
    simulation,
    edits: [
      expression(
        'src/vsr/view-change.ts',
        'best === undefined || one.logView > best.logView || (one.logView === best.logView && one.op > best.op)',
        'best === undefined || one.op > best.op',
      ),
    ],
  },
  {
    name: 'not-rebuilt-before-executing',
    clause: 'rule 4: a new primary executes before the log that it took over is in its request table',
    simulation,
    edits: [statements('src/vsr/view-change.ts', '  speculateUncommitted(state);', '')],
  },
  {
    name: 'speculation-kept',
    clause: 'rule 4: speculative state survives the view',
    simulation,
    edits: [statements('src/vsr/view-change.ts', '  dropSpeculation(state);', '')],
  },
  {
    name: 'replies-kept',
    clause: 'rule 4: replies that wait survive the view and are given for whatever stands at their op then',
    simulation,
    edits: [statements('src/vsr/view-change.ts', '  dropReplies(step);', '')],
  },
  {
    name: 'outbox-dropped',
    clause: 'rule 4, design 5: what is cut and had been acknowledged goes nowhere',
    simulation,
    edits: [
      expression(
        'src/vsr/log-switch.ts',
        'state.services.get(entry.service)?.salvage(entry, state.majority)',
        'undefined',
      ),
    ],
  },
  {
    name: 'outbox-settled-early',
    clause: 'design 5: an order leaves the outbox when it is submitted, not when it is committed',
    simulation,
    edits: [statements('src/vsr/outbox.ts', SETTLED_WHEN_COMMITTED, '    return state.outboxSentMs > 0;')],
  },
  {
    name: 'log-view-before-start',
    clause: 'rule 2 b [ ]: logView is set before the fetched log reaches the op at which the view began',
    simulation,
    edits: [expression('src/vsr/state-transfer.ts', 'fetchedTo(fetch) < message.start', 'false')],
  },
  {
    name: 'commit-before-log',
    clause: 'rule 2 b [ ]: the commit number of a view is applied to the log of an earlier one',
    simulation,
    edits: [
      statements(
        'src/vsr/heartbeat.ts',
        '    state.viewChangeDeadlineMs = Math.max(state.viewChangeDeadlineMs, now.nowMs + patienceMs);',
        `    state.viewChangeDeadlineMs = Math.max(state.viewChangeDeadlineMs, now.nowMs + patienceMs);
    followCommit(step, message.commit);`,
      ),
    ],
  },
  {
    name: 'ok-of-older-log',
    clause: 'rule 2 b [ ]: a replica without the log of its view says what its older log holds',
    simulation,
    edits: [expression('src/vsr/heartbeat.ts', 'onDisk(state, hasLog)', 'onDisk(state, true)')],
  },
  {
    name: 'start-view-replaces-own-log',
    clause: 'rule 2 b [ ]: a startView of the own logView replaces a longer log',
    simulation,
    edits: [
      expression('src/vsr/view-change.ts', `state.status !== 'recovering' && state.logView === state.view`, 'false'),
    ],
  },
  {
    name: 'log-cut-before-fetch',
    clause: 'rule 2 b [ ]: the old log is cut before the new one is in hand (the paper’s state transfer)',
    simulation,
    edits: [
      statements(
        'src/vsr/fetch.ts',
        `  beginFetch(step, 'normal', view, from, after);`,
        `  if (state.status === 'view-change' && state.durable === lastOp(state.log) && state.durable > state.commit) {
    const first = nextOp(state.commit);
    cutFrom(state.log, first);
    state.durable = state.commit;
    const { clusterId, logView } = state;
    const promises = { clusterId, view: state.view, logView, recovering: false };
    const transition = beginTransition(step, 'leftView');
    step.effects.push({ kind: 'switchLog', transition, promises, from: first, entries: [], salvaged: [] });
    return;
  }
  beginFetch(step, 'normal', view, from, after);`,
        {
          imports: `import { nextOp } from '../base/numbers.js';
import { cutFrom } from './log.js';
import { beginTransition } from './state.js';`,
        },
      ),
    ],
  },
  {
    name: 'piece-handed-out-as-whole',
    clause: 'rule 2 b: a restarted replica hands out a piece of its log as the whole log of its view',
    simulation,
    edits: [statements('src/vsr/start.ts', '  state.start = lastOp(state.log);', '')],
  },
  {
    name: 'fetch-target-moves',
    clause: 'rule 4: the target of a running fetch moves to a later vote',
    simulation,
    edits: [
      expression('src/vsr/state-transfer.ts', 'fetch', '{ target: bestVote(state.votes.values()) }', {
        within: '  const { target } = fetch;\n',
        imports: `import { bestVote } from './view-change.js';`,
      }),
    ],
  },
  {
    name: 'checkpoint-over-longer-log',
    clause: 'rule 2 a, 5: a checkpoint is installed though the log has overtaken it',
    simulation,
    edits: [expression('src/vsr/state-transfer.ts', 'isOvertaken(state, fetch, isOwnView)', 'false')],
  },
  {
    name: 'switch-over-appends',
    clause: 'rule 5: a log is replaced while appends are on their way to disk',
    simulation,
    edits: [expression('src/vsr/state-transfer.ts', '!isSettled(state)', 'false')],
  },
  {
    name: 'fetch-over-full-disk',
    clause: 'rule 10: a full disk cuts the log under a running fetch',
    simulation,
    edits: [
      statements('src/vsr/step.ts', '  if (state.transition === undefined) state.fetch = undefined;', ''),
      expression('src/vsr/state-transfer.ts', 'known < 0 || state.isDiskFull', 'false'),
    ],
  },
];
