import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import type { CliEnvironment, Inspector, StatusReader } from '../../../src/cli/environment.js';
import type { EventReader } from '../../../src/operations/events/event-tail.js';
import type { ServiceClient } from '../../../src/ports/service-client.js';
import { runCommandLine } from '../../../src/cli/program.js';
import { FakeRestaurant } from '../../support/ordering-client-fake.js';

/** The root of this checkout. */
export const PROJECT_ROOT = path.resolve(import.meta.dirname, '../../..');

/** What a command did. */
export interface CommandRun {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A new folder for one test, below the system's. */
export function temporaryFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'just-hungry-test-'));
}

/** Settings of a command run in this process. */
export interface RunOptions {
  readonly restaurant?: FakeRestaurant;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What stdin holds; default nothing, and it does not end. */
  readonly stdin?: string;
  readonly serviceClient?: ServiceClient;
  readonly statusReader?: (address: string) => StatusReader;
  readonly eventReader?: (address: string) => EventReader;
  readonly inspector?: (address: string) => Inspector;
}

/** Runs one command line in this process against a restaurant in memory, without a terminal. */
export async function runCommand(argv: readonly string[], options: RunOptions = {}): Promise<CommandRun> {
  const { restaurant = new FakeRestaurant(), env = {}, cwd = PROJECT_ROOT, statusReader, eventReader } = options;
  const stdin = new PassThrough();
  if (options.stdin !== undefined) stdin.end(options.stdin);
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const environment: CliEnvironment = {
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr,
    env: { XDG_STATE_HOME: '/nowhere', ...env },
    cwd,
    home: '/nowhere',
    packageRoot: PROJECT_ROOT,
    createOrderingClient: async () => restaurant,
    createServiceClient: async () => {
      if (options.serviceClient === undefined) throw new Error('no services in this test');
      return options.serviceClient;
    },
    createStatusReader: async (address) => {
      if (statusReader === undefined) throw new Error('no replicas in this test');
      return statusReader(address);
    },
    createEventReader: async (address) => {
      if (eventReader === undefined) throw new Error('no replicas in this test');
      return eventReader(address);
    },
    createInspector: async (address) => {
      if (options.inspector === undefined) throw new Error('no replicas in this test');
      return options.inspector(address);
    },
    createReplicaControl: () => Promise.reject(new Error('no replicas in this test')),
    openFolderTools: () => Promise.reject(new Error('no folders in this test')),
    openBackupTools: () => Promise.reject(new Error('no backups in this test')),
    runReplica: async () => undefined,
    runFrontEnd: async () => undefined,
    onSignal: () => () => undefined,
    exit: (code) => {
      throw new Error(`exit ${code}`);
    },
  };
  const exitCode = await runCommandLine(argv, environment);
  return { exitCode, stdout: textOf(stdout), stderr: textOf(stderr) };
}

function textOf(stream: PassThrough): string {
  return (stream.read() as Buffer | null)?.toString('utf8') ?? '';
}
