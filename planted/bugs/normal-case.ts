import { expression, statements, type PlantedBug } from '../bug.js';

const simulation = 'core';

/** Rules 1, 2 and 9: what is on disk before it is said, what counts as committed, when a read is answered. */
export const NORMAL_CASE_BUGS: readonly PlantedBug[] = [
  {
    name: 'prepare-ok-before-fsync',
    clause: 'rule 1: prepareOk is sent when entries came, not when they are on disk',
    simulation,
    edits: [
      statements(
        'src/vsr/normal.ts',
        '  extendLog(step, fresh);\n  followCommit(step, message.commit);',
        `  extendLog(step, fresh);
  send(step, from, { kind: 'prepareOk', view: state.view, op: lastOp(state.log), chain: lastChain(state.log) });
  followCommit(step, message.commit);`,
      ),
    ],
  },
  {
    name: 'acknowledge-before-majority',
    clause: 'rule 2: a write is acknowledged, as committed, when it is on the primary’s own disk',
    simulation,
    edits: [
      statements(
        'src/vsr/replies.ts',
        '  if (copiesNeeded === state.majority) return at <= state.commit;',
        '  if (copiesNeeded === state.majority) return at <= state.durable;',
      ),
      expression('src/vsr/replies.ts', 'committed ? state.majority : 0', 'state.majority'),
    ],
  },
  {
    name: 'commit-below-majority',
    clause: 'rule 2: one disk fewer than a majority commits',
    simulation,
    edits: [
      expression(
        'src/vsr/commit.ts',
        'reachedBy(state.acked, state.majority) as OpNumber',
        'reachedBy(state.acked, state.majority - 1) as OpNumber',
      ),
    ],
  },
  {
    name: 'primary-counted-before-fsync',
    clause: 'rule 2: the primary counts itself before its own fsync',
    simulation,
    edits: [
      statements(
        'src/vsr/commit.ts',
        '  state.acked[state.config.self] = state.durable;',
        '  state.acked[state.config.self] = lastOp(state.log);',
      ),
    ],
  },
  {
    name: 'tables-before-fsync',
    clause: 'rule 12: tables follow the commit number past the own durable op',
    simulation,
    edits: [expression('src/vsr/commit.ts', 'minOp(state.commit, state.durable)', 'state.commit')],
  },
  {
    name: 'chain-not-checked',
    clause: 'rule 2: a log is continued without a look at its chain',
    simulation,
    edits: [
      expression(
        'src/vsr/log.ts',
        'chainAt(log, suffix.after) !== suffix.afterChain',
        'chainAt(log, suffix.after) === undefined',
      ),
      expression('src/vsr/fetch.ts', 'chain !== message.afterChain', 'false'),
      expression(
        'src/vsr/fetch.ts',
        'suffix.after !== fetchedTo(fetch) || suffix.afterChain !== chain',
        'suffix.after !== fetchedTo(fetch)',
      ),
    ],
  },
  {
    name: 'chain-of-prepare-not-checked',
    clause: 'rule 2: a backup adds a prepare without a look at its chain',
    simulation,
    coveredBy:
      'a view has one log: its backups take no prepare before they hold it, and no primary comes back into its view',
    edits: [
      expression('src/vsr/normal.ts', 'entry.op !== at + 1 || !chainFollows(entry, chain)', 'entry.op !== at + 1'),
    ],
  },
  {
    name: 'restarted-primary-resumes',
    clause: 'rule 2 [ ]: a primary that restarts acts as primary of the same view again',
    simulation,
    edits: [expression('src/vsr/start.ts', 'primaryOf(state, state.view) !== state.config.self', 'true')],
  },
  {
    name: 'concern-of-repeat-believed',
    clause: 'design 5: a repeat that asks for fewer disks than the order was recorded with is acknowledged on them',
    simulation,
    edits: [statements('src/vsr/writes.ts', '      copiesNeeded = safeCopies(step, at, copiesNeeded);', '')],
  },
  {
    name: 'full-disk-keeps-commit',
    clause: 'rule 10: entries that a full disk has cut stay in the commit number',
    simulation,
    edits: [statements('src/vsr/step.ts', '    state.commit = minOp(state.commit, state.durable);', '')],
  },
  {
    name: 'read-unconfirmed',
    clause: 'rule 9: a linearizable read is answered without a round that proves the view',
    simulation,
    edits: [expression('src/vsr/reads.ts', 'read.round === undefined || confirmed >= read.round', 'true')],
  },
  {
    name: 'read-by-earlier-round',
    clause: 'rule 9: a read is answered by a round that was begun before it came in',
    simulation,
    edits: [statements('src/vsr/reads.ts', '      round ??= beginRound(step);', '      round ??= state.round;')],
  },
  {
    name: 'read-before-own-log',
    clause: 'rule 9: a new primary answers a read before the log that it took over is committed',
    simulation,
    edits: [expression('src/vsr/reads.ts', 'maxOp(lastOp(state.log), request.minOp)', 'request.minOp')],
  },
];
