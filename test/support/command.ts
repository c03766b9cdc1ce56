import { execa } from 'execa';
import { MAIN } from './server-process.js';

/** What a command printed, and how it ended. */
export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the built program with this configuration; whatever its exit code. */
export function command(configuration: string, ...args: readonly string[]): Promise<CommandOutcome> {
  return commandOf([MAIN], configuration, ...args);
}

/** As `command`, of another program: what node runs. */
export async function commandOf(
  program: readonly string[],
  configuration: string,
  ...args: readonly string[]
): Promise<CommandOutcome> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [...program, ...args, '--config', configuration], {
    reject: false,
    stdin: 'ignore',
  });
  return { code: exitCode ?? -1, stdout, stderr };
}

/** As `command`, with `--json`: what it printed as an object. Fails when it did not end with 0. */
export async function commandJson<T>(configuration: string, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await command(configuration, ...args, '--json');
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
