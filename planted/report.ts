import type { BugResult, CampaignResult } from './campaign.js';

/** Characters of what a checker said, in the table. */
const SAID_MAX = 160;

/** The campaign as a table in Markdown: a row per bug, then a row per simulation of the healthy build. */
export function tableOf({ bugs, healthy }: CampaignResult): string {
  const rows = bugs.map((result) => {
    const { bug, work } = result;
    return [bug.name, bug.clause, bug.simulation, seedsOf(result), saidOf(result), ...numbersOf(work)];
  });
  const clean = [...healthy].map(([name, { caught, work }]) => [
    'none',
    'the healthy build',
    name,
    String(work.runs),
    caught === undefined ? 'clean' : caught.violation,
    ...numbersOf(work),
  ]);
  const head = [
    'bug',
    'what is wrong',
    'simulation',
    'seeds',
    'what was said',
    'ops',
    'acknowledged',
    'faults',
    'kinds',
  ];
  return [head, head.map(() => '---'), ...rows, ...clean]
    .map((cells) => `| ${cells.map(cellOf).join(' | ')} |`)
    .join('\n');
}

/** What is wrong with a campaign, one line each; none when every bug was caught and the healthy build was clean. */
export function failuresOf({ bugs, healthy }: CampaignResult): string[] {
  const failures: string[] = [];
  for (const [name, { caught, work }] of healthy) {
    if (caught !== undefined) failures.push(`the healthy build fails in ${name}: ${caught.violation}`);
    else if (work.ops === 0 || work.faults === 0)
      failures.push(`the simulation ${name} did nothing: clean means nothing`);
  }
  for (const { bug, caught, work, isCutShort } of bugs) {
    if (bug.coveredBy === undefined && caught === undefined)
      failures.push(`${bug.name} was not caught in ${work.runs} runs${isCutShort ? ' before the time was up' : ''}`);
    if (bug.coveredBy !== undefined && work.runs === 0) failures.push(`${bug.name} was not run: the time was up`);
    if (bug.coveredBy !== undefined && caught !== undefined)
      failures.push(`${bug.name} is said to be covered by another guard, but: ${caught.violation}; correct the entry`);
  }
  return failures;
}

const seedsOf = ({ caught, work }: BugResult): string =>
  caught === undefined ? `> ${work.runs}` : String(caught.seed);

function saidOf({ bug, caught }: BugResult): string {
  if (caught !== undefined) return caught.violation.replace(/^seed \d+, at [\d.]+ ms: /, '');
  return bug.coveredBy === undefined ? 'NOT CAUGHT' : `covered: ${bug.coveredBy}`;
}

const numbersOf = ({ ops, acknowledged, faults, reached }: BugResult['work']): string[] => [
  ...[ops, acknowledged, faults].map(String),
  String(reached.length),
];

/** One cell: no bar, no line break, not too long. */
function cellOf(text: string): string {
  const line = text.split('\n')[0]?.replaceAll('|', '\\|') ?? '';
  return line.length <= SAID_MAX ? line : `${line.slice(0, SAID_MAX - 1)}…`;
}
