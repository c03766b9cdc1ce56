import type { Command } from 'commander';
import { alignedTable } from '../../client/text/table.js';
import type { DrillReport, FaultReport } from '../../operations/drill/drill-report.js';
import type { Cli, CommonOptions } from '../cli.js';
import { UsageError } from '../command-error.js';
import { EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED } from '../environment.js';

interface DrillCommandOptions extends Pick<CommonOptions, 'json'> {
  readonly seconds: string;
  readonly faults?: string;
  readonly keep?: boolean;
}

const SECONDS_MAX = 3_600;
const SECONDS_DEFAULT = 60;
/** Problems told to people; `--json` has all. */
const PROBLEMS_TOLD = 10;

/** `drill`: a throw-away cluster under faults and orders, and a verdict; exit code 1 when a promise was broken. */
export function addDrillCommand(program: Command, cli: Cli): void {
  program
    .command('drill')
    .description('build a throw-away cluster, break it in every way while it takes orders, and judge it')
    .option('--seconds <n>', 'faults go on in turn for so long; each comes at least once', String(SECONDS_DEFAULT))
    .option('--faults <list>', 'names with commas between (default: all)')
    .option('--keep', 'leave the folder with data and logs')
    .option('--json', 'JSON on stdout')
    .action(async (options: DrillCommandOptions) => {
      const seconds = Number(options.seconds);
      if (!(seconds >= 1 && seconds <= SECONDS_MAX))
        throw new UsageError(`--seconds is ${JSON.stringify(options.seconds)}; allowed: 1 to ${SECONDS_MAX}.`);
      cli.exitCode = await drill(cli, options, seconds * 1_000);
    });
}

async function drill(cli: Cli, options: DrillCommandOptions, forMs: number): Promise<number> {
  const [{ DRILL_FAULTS }, { runDrill }, { ThrowAwayCluster }] = await Promise.all([
    import('../drill/drill-faults.js'),
    import('../drill/run-drill.js'),
    import('../drill/throw-away-cluster.js'),
  ]);
  const known = Object.keys(DRILL_FAULTS);
  const faults = options.faults?.split(',').map((name) => name.trim()) ?? known;
  for (const name of faults)
    if (!known.includes(name))
      throw new UsageError(`--faults names ${JSON.stringify(name)}; allowed: ${known.join(', ')}.`);
  const { environment } = cli;
  let interrupt = (): void => undefined;
  const interrupted = new Promise<'interrupted'>((resolve) => (interrupt = () => resolve('interrupted')));
  const forget = environment.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], interrupt);
  const cluster = await ThrowAwayCluster.make(environment.packageRoot);
  const progress = progressLine(cli, options.json === true);
  try {
    progress.tell('starting three replicas and two front ends');
    const run = cluster
      .start()
      .then(() => runDrill(cluster, { faults, forMs, onProgress: (line) => progress.tell(line) }));
    const report = await Promise.race([run, interrupted]);
    progress.end();
    if (report === 'interrupted') {
      // Whatever it was waiting for ends with the cluster.
      run.catch(() => undefined);
      cli.note('just-hungry: the drill was broken off; there is no verdict.');
      return EXIT_INTERRUPTED;
    }
    cli.print(options, report, reportText(report));
    return report.verdict === 'good' ? EXIT_DONE : EXIT_FAILED;
  } finally {
    progress.end();
    await cluster.end({ keepFiles: options.keep === true });
    if (options.keep === true) cli.note(`just-hungry: data and logs are in ${cluster.folder}`);
    forget();
  }
}

/** Where a drill stands, on stderr: one line that changes on a terminal, a line for each fault elsewhere, nothing beside JSON. */
function progressLine({ environment }: Cli, isQuiet: boolean): { tell(line: string): void; end(): void } {
  const { stderr } = environment;
  const isTerminal = 'isTTY' in stderr && stderr.isTTY === true;
  const beganMs = performance.now();
  let isShown = false;
  return {
    tell(line) {
      const seconds = ((performance.now() - beganMs) / 1_000).toFixed(0).padStart(4);
      if (isTerminal) stderr.write(`\r\u001b[K${seconds} s  ${line}`);
      else if (!isQuiet) stderr.write(`${seconds} s  ${line}\n`);
      isShown = isTerminal;
    },
    end() {
      if (isShown) stderr.write('\r\u001b[K');
      isShown = false;
    },
  };
}

const COLUMNS = [
  'FAULT',
  'TIMES',
  'ACKNOWLEDGED',
  'LOST',
  'DUPLICATED',
  'STALE',
  'OVERSOLD',
  'OTHER',
  'OUTAGE P50',
  'WORST',
];

function reportText(report: DrillReport): string {
  const row = (name: string, times: number, one: Omit<FaultReport, 'fault' | 'count'>): string[] => [
    name,
    ...[times, one.acknowledged, one.lost, one.duplicated, one.stale, one.oversold, one.other].map(String),
    `${one.outage_p50_ms} ms`,
    `${one.outage_worst_ms} ms`,
  ];
  const times = report.faults.reduce((sum, { count }) => sum + count, 0);
  const table = alignedTable(
    COLUMNS.map((heading, at) => ({ heading, align: at === 0 ? 'left' : 'right' })),
    [...report.faults.map((one) => row(one.fault, one.count, one)), row('all', times, report)],
  );
  const told = report.problems.slice(0, PROBLEMS_TOLD);
  const more = report.problems.length - told.length;
  return [
    table.trimEnd(),
    '',
    ...told,
    ...(more > 0 ? [`… and ${more} more; --json has all`] : []),
    report.verdict === 'good'
      ? `GOOD: every promise was kept over ${times} faults in ${report.seconds} s.`
      : `BAD: ${report.problems.length} problems. Do not run this build; report it with the output of --json.`,
  ].join('\n');
}
