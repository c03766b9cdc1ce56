import { expression, statements, type PlantedBug } from '../bug.js';

const simulation = 'core';

/** h, where h + 1 belongs. */
const rememberHighest = expression(
  'src/vsr/recovery.ts',
  '[...recovery.answers.values()].map(nextView)',
  '[...recovery.answers.values()]',
);

/** Rules 7 and 8: what a replica that has forgotten its promises may do, and the first start. */
export const RECOVERY_BUGS: readonly PlantedBug[] = [
  {
    name: 'vote-after-wipe',
    clause: 'rule 7: a wiped replica copies the log and is a member at once',
    simulation,
    edits: [
      expression('src/vsr/step.ts', 'message.isFounded', 'false', {
        within: `step.state.status === 'founding' && message.isFounded`,
      }),
      expression('src/vsr/founding.ts', '!message.isFounded', 'true', { within: 'else if (!message.isFounded)' }),
      expression(
        'src/vsr/founding.ts',
        'message.isFounded || message.suffix.after !== 0 || message.suffix.entries.length !== 1',
        'message.suffix.after !== 0 || message.suffix.entries.length === 0',
      ),
    ],
  },
  {
    name: 'rejoin-in-highest-view',
    clause: 'rule 7: a wiped replica is a member again in the highest view heard, not above that plus one',
    simulation,
    edits: [
      rememberHighest,
      expression('src/vsr/normal.ts', 'view > state.recovery.above', 'view >= state.recovery.above'),
      expression('src/vsr/state-transfer.ts', 'message.view <= fetch.view', 'message.view < fetch.view'),
      expression('src/vsr/recovery.ts', 'state.view > message.above', 'state.view >= message.above'),
    ],
  },
  {
    name: 'rejoin-above-highest-view',
    clause: 'rule 7: a wiped replica is a member again in a view above the highest heard, not above that plus one',
    simulation,
    coveredBy:
      'a replica is a member of a view only with that view’s log, and that exists only when the election that may have its vote is over',
    edits: [rememberHighest],
  },
  {
    name: 'recovering-not-persisted',
    clause: 'rule 7: that a replica is recovering is not on its disk',
    simulation,
    edits: [
      expression('src/vsr/recovery.ts', 'true', 'false', { within: '    recovering: true,\n' }),
      expression('src/vsr/state-transfer.ts', 'true', 'false', { within: 'recovering: true }' }),
    ],
  },
  {
    name: 'recovering-votes',
    clause: 'rule 7 [ ]: a recovering replica sends doViewChange',
    simulation,
    edits: [
      statements(
        'src/vsr/step.ts',
        `  if (state.status !== 'normal' && state.status !== 'view-change') return undefined;`,
        `  if (state.status === 'recovering' && state.transition === undefined && message.kind === 'doViewChange') {
    const { log, logView, commit } = state;
    const suffix = suffixAfter(log, lastOp(log), lastOp(log));
    const { view } = message;
    send(step, from, { kind: 'doViewChange', view, logView, op: lastOp(log), commit, chain: lastChain(log), suffix });
  }
  if (state.status !== 'normal' && state.status !== 'view-change') return undefined;`,
        { imports: `import { lastChain, suffixAfter } from './log.js';\nimport { send } from './state.js';` },
      ),
    ],
  },
  {
    name: 'recovering-wishes',
    clause: 'rule 7 [ ]: a recovering replica sends startViewChange and is counted',
    simulation,
    edits: [
      statements(
        'src/vsr/recovery.ts',
        "    broadcast(step, { kind: 'recovery', nonce: recovery.nonce });",
        `    broadcast(step, { kind: 'recovery', nonce: recovery.nonce });
    broadcast(step, { kind: 'startViewChange', view: nextView(state.view) });`,
      ),
    ],
  },
  {
    name: 'recovering-answers-recovery',
    clause: 'rule 7 [ ]: a recovering replica answers another’s recovery',
    simulation,
    edits: [
      expression(
        'src/vsr/recovery.ts',
        `state.status === 'recovering' || state.status === 'founding'`,
        `state.status === 'founding'`,
      ),
    ],
  },
  {
    name: 'recovering-acknowledges',
    clause: 'rule 7 [ ]: a recovering replica sends prepareOk and is counted',
    simulation,
    edits: [
      statements(
        'src/vsr/normal.ts',
        '  if (isBackup(state)) acknowledge(step);',
        `  if (isBackup(state) || state.status === 'recovering') acknowledge(step);`,
      ),
    ],
  },
  {
    name: 'recovering-confirms-reads',
    clause: 'rule 7 [ ], rule 9: a recovering replica answers heartbeats and is counted for a read',
    simulation,
    edits: [
      statements(
        'src/vsr/heartbeat.ts',
        `  if (state.status === 'recovering') {
    catchUp(step, from);
    return undefined;
  }`,
        `  if (state.status === 'recovering') {
    send(step, from, { kind: 'heartbeatOk', view: message.view, round: message.round, ...onDisk(state, false) });
    catchUp(step, from);
    return undefined;
  }`,
      ),
    ],
  },
  {
    name: 'recovery-copies-uncommitted',
    clause: 'rule 7: a recovering replica is given entries that are not committed, as data',
    simulation,
    edits: [expression('src/vsr/fetch.ts', `message.purpose === 'data' && isFounded`, 'false')],
  },
  {
    name: 'orders-before-all-are-founded',
    clause: 'rule 8: orders are executed before op 2 is on the disk of every replica',
    simulation,
    edits: [
      expression(
        'src/vsr/founding.ts',
        'lastOp(state.log) > FOUNDED_OP || state.commit >= FOUNDED_OP',
        'lastOp(state.log) >= FOUNDED_OP',
      ),
    ],
  },
];
