import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { lockFolder } from '../storage/folder-lock.js';
import type { Cli, CommonOptions } from './cli.js';
import { CommandFailedError } from './command-error.js';
import { type Settings, tokenFileOf, withToken } from './configuration.js';
import { EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED } from './environment.js';
import { rotateClosed } from './log-files.js';
import { settledStatus, startReport } from './start-report.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import { addressProblems, buildProblems, folderProblems, freePort, listenAddresses } from './supervisor/preflight.js';
import type { ProcessSpec } from './supervisor/supervised-process.js';
import { type ProcessGroup, Supervisor } from './supervisor/supervisor.js';
import { isReadByOthers } from './token-file.js';

/** Requests die young: with V8's default of 16 MB a busy server spends a fifth of its time on collecting them. */
const YOUNG_GENERATION = '--max-semi-space-size=64';

/**
 * glibc gives buffers from 128 KiB on back to the system when they are freed. By itself it raises that limit with every large
 * buffer: what a start has read would stay resident for good, 60 MB of 170 with a million orders.
 */
const RETURNED_MEMORY = { MALLOC_MMAP_THRESHOLD_: String(128 << 10) };

/** Options of `start`. */
export interface StartOptions extends CommonOptions {
  readonly logs?: string;
  readonly offline?: boolean;
  readonly client?: boolean;
}

/**
 * Runs every replica and front end until told to stop, and leaves nothing running whatever happens. Returns the exit code:
 * with a client its own, else 0, or 1 when some process had been given up. Throws ConfigurationError and
 * CommandFailedError, nothing started.
 */
export async function start(cli: Cli, options: StartOptions): Promise<number> {
  const settings = cli.settings(options);
  const { cwd, packageRoot } = cli.environment;
  const logs =
    options.logs === undefined ? path.join(path.dirname(settings.file), 'logs') : path.resolve(cwd, options.logs);
  const mainFile = path.join(packageRoot, 'dist/cli/main.js');
  refuse([...buildProblems(mainFile), ...folderProblems([logs, ...settings.replicas.map((one) => one.resources)])]);
  const lock = lockFolder(logs);
  if ('holder' in lock)
    refuse([`${settings.file} has been started already (${lock.holder}); stop that first, or use its front end.`]);
  else {
    try {
      // Made here once, before all the servers want it at once.
      const configuration = withToken(settings);
      const tokenFile = tokenFileOf(settings.file);
      if (settings.token === undefined && isReadByOthers(tokenFile))
        cli.note(`just-hungry: other users can read the cluster's token in ${tokenFile}: chmod 600 it.`);
      refuse(await addressProblems(listenAddresses(settings), settings.file));
      const groups = await processGroups(settings, mainFile, logs, options.offline === true);
      return await supervise(cli, { ...configuration, file: settings.file }, logs, groups, options);
    } finally {
      lock.release();
    }
  }
  return EXIT_FAILED;
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new CommandFailedError(problems.join('\n'));
}

/** Front ends stop first, so that no customer meets replicas that are leaving; what they lean on goes last. */
async function processGroups(
  settings: Settings,
  mainFile: string,
  logs: string,
  isOffline: boolean,
): Promise<ProcessGroup[]> {
  const spec = (name: string, upDetail: string, args: readonly string[]): ProcessSpec => ({
    name,
    upDetail,
    command: process.execPath,
    args: [YOUNG_GENERATION, mainFile, ...args],
    env: RETURNED_MEMORY,
    logFile: path.join(logs, `${name}.log`),
    logLimits: settings.logFiles,
  });
  const config = ['--config', settings.file];
  const standInPort = isOffline ? await freePort() : undefined;
  const postcodes = standInPort === undefined ? [] : ['--postcodes-url', `http://127.0.0.1:${standInPort}`];
  const frontEnds = settings.frontEnds.map(({ id, address }) =>
    spec(id, ` on ${address}`, ['front-end', id, ...config, ...postcodes]),
  );
  const replicas = settings.replicas.map(({ id }) => spec(id, '', ['replica', id, ...config]));
  const standIn = spec('postcodes-stand-in', '', ['postcodes-stand-in', '--port', String(standInPort)]);
  return [
    { specs: frontEnds, isEssential: true },
    { specs: replicas, isEssential: true },
    { specs: standInPort === undefined ? [] : [standIn], isEssential: false },
  ];
}

async function supervise(
  cli: Cli,
  settings: ClusterConfiguration & Pick<Settings, 'file'>,
  logs: string,
  groups: readonly ProcessGroup[],
  options: StartOptions,
): Promise<number> {
  const { environment } = cli;
  const consoleLog = path.join(logs, 'start.log');
  let isClientOpen = false;
  const report = (line: string): void => {
    const time = new Date().toISOString();
    rotateClosed(consoleLog, settings.logFiles);
    try {
      appendFileSync(consoleLog, `${time} ${line}\n`);
    } catch {
      // A full disk must not end the supervisor and all it runs.
    }
    // Nothing may be written into the client's prompts.
    if (!isClientOpen) cli.print(options, { time, message: line }, line);
  };
  const supervisor = new Supervisor({ groups, report });
  let signals = 0;
  let told = (): void => undefined;
  const isTold = new Promise<'told'>((resolve) => (told = () => resolve('told')));
  const forget = environment.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], (signal) => {
    // The terminal sends Ctrl-C to the client too, which then leaves by itself; stopping follows from that.
    if (isClientOpen && signal === 'SIGINT') return;
    signals += 1;
    if (signals === 1) report('Stopping…');
    if (signals > 1) supervisor.kill();
    told();
    void supervisor.stop();
  });
  try {
    const code = await superviseUntilTold();
    return code === EXIT_DONE && supervisor.hasGivenUp ? EXIT_FAILED : code;
  } finally {
    await supervisor.stop();
    forget();
  }

  async function superviseUntilTold(): Promise<number> {
    const outcome = await supervisor.start();
    if (outcome.kind === 'failed') {
      if (signals > 0) return EXIT_INTERRUPTED;
      throw new CommandFailedError(`${outcome.message}\nNothing is left running. See the log files in ${logs}.`);
    }
    const end = supervisor.untilHopeless().then(() => 'hopeless' as const);
    const status = await settledStatus(cli, settings, () => signals > 0);
    const names = groups.flatMap(({ specs }) => specs.map(({ name }) => name));
    const { isWhole, line } = startReport(names, supervisor.notRunning, status);
    if (signals === 0 && (options.client !== true || !isWhole))
      report(`${line}; log files in ${logs}; Ctrl-C stops it.`);
    if (options.client !== true) {
      if ((await Promise.race([isTold, end])) === 'hopeless' && signals === 0)
        throw new CommandFailedError(
          `Nothing useful runs any more; the rest was stopped. See the log files in ${logs}.`,
        );
      return EXIT_DONE;
    }
    isClientOpen = true;
    try {
      return await runClient(cli, settings, isTold);
    } finally {
      isClientOpen = false;
    }
  }
}

/** The prompt client in this terminal; ended too when the supervisor is told to stop. */
async function runClient(
  { environment }: Cli,
  { file }: Pick<Settings, 'file'>,
  isTold: Promise<'told'>,
): Promise<number> {
  const mainFile = path.join(environment.packageRoot, 'dist/cli/main.js');
  const client = spawn(process.execPath, [mainFile, 'client', '--config', file], {
    // The channel tells the client when this supervisor dies: it would fight with the shell for the terminal.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  void isTold.then(() => client.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    client.on('error', reject);
    client.on('exit', (code) => resolve(code ?? EXIT_INTERRUPTED));
  });
}
