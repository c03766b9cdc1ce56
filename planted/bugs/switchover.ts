import { expression, statements, type PlantedBug } from '../bug.js';

const simulation = 'core';
const SWITCHOVER = 'src/vsr/switchover.ts';

/**
 * Rule 3, a switchover that an operator asks for. Whoever leaves office too early loses nothing, because a view change follows whatever
 * happens; what is broken is what the switchover promises: that customers do not notice it. So it is held against the rule itself
 * (`test/simulation/handovers.ts`).
 */
export const SWITCHOVER_BUGS: readonly PlantedBug[] = [
  {
    name: 'switchover-before-all-acked',
    clause: 'rule 3: the office is handed over though the next primary has not got all of the log onto its disk',
    simulation,
    edits: [expression(SWITCHOVER, 'state.acked[to] === end', 'true')],
  },
  {
    name: 'switchover-of-uncommitted',
    clause: 'rule 3: the office is handed over though not all that was executed is committed',
    simulation,
    edits: [expression(SWITCHOVER, 'state.commit === end && state.durable === end', 'true')],
  },
  {
    name: 'switchover-without-rest',
    clause: 'rule 3: a primary that hands over goes on executing, and the log does not come to rest',
    simulation,
    edits: [
      statements(
        'src/vsr/writes.ts',
        `  if (state.switchover !== undefined)
    return refusal('NO_PRIMARY', 'This replica hands over to another primary. Try again in a moment.');`,
        '',
      ),
    ],
  },
  {
    name: 'switchover-to-lost-disk',
    clause:
      'rule 3: what the next primary had on disk before it was asked is believed, though that disk was lost since',
    simulation,
    edits: [expression(SWITCHOVER, '(state.roundAnswered[to] ?? 0) >= round', 'true')],
  },
  {
    name: 'switchover-never-given-up',
    clause: 'rule 3: a switchover that takes too long is not given up, and customers wait',
    simulation,
    edits: [statements(SWITCHOVER, '  if (now.nowMs < giveUpMs) return;', '  if (giveUpMs > 0) return;')],
  },
];
