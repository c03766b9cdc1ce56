import { homedir } from 'node:os';
import path from 'node:path';
import type { CliEnvironment } from './environment.js';
import type { AddCommand } from './run-commands.js';
import { runServerCommandLine, SERVER_COMMANDS } from './server-program.js';
import type { ServicesOf } from './services.js';
import { clusterTlsOf } from './tls-files.js';

/** What a program may have besides what this one has. */
export interface ProgramParts {
  /** The services beside food ordering. Default: `hostedServices`. */
  readonly services?: ServicesOf;
  /** Further commands. */
  readonly commands?: readonly AddCommand[];
}

/** Runs the command line of this process, and ends the process unless it has become a server. */
export async function runProcess({ services, commands = [] }: ProgramParts = {}): Promise<void> {
  const environment = environmentOf(services);
  // A reader that has seen enough (`| head`) is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const argv = process.argv.slice(2);
  const exitCode = SERVER_COMMANDS.has(argv[0])
    ? await runServerCommandLine(argv, environment)
    : await (await import('./program.js')).runCommandLine(argv, environment, commands);
  // A server goes on until it stops by itself. Pipes take what was written before the process goes.
  if (exitCode !== undefined) process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
}

const environmentOf = (services: ServicesOf | undefined): CliEnvironment => ({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  packageRoot: path.resolve(import.meta.dirname, '../..'),
  // Loaded when wanted: gRPC alone would make every `--help` wait.
  async createOrderingClient(addresses, options) {
    const { createOrderingClient } = await import('../net/ordering-client.js');
    return createOrderingClient(addresses, options);
  },
  async createServiceClient(contract, addresses, options) {
    const { createServiceClient } = await import('../net/service-client.js');
    return createServiceClient(contract, addresses, options);
  },
  async createStatusReader(address, access) {
    const { createOperationsClient } = await import('../net/operations-client.js');
    return createOperationsClient(address, access.token, clusterTlsOf(access));
  },
  async createEventReader(address, access) {
    const { createOperationsClient } = await import('../net/operations-client.js');
    return createOperationsClient(address, access.token, clusterTlsOf(access));
  },
  async createInspector(address, access) {
    const { createOperationsClient } = await import('../net/operations-client.js');
    return createOperationsClient(address, access.token, clusterTlsOf(access));
  },
  async createReplicaControl(address, access) {
    const { createOperationsClient } = await import('../net/operations-client.js');
    return createOperationsClient(address, access.token, clusterTlsOf(access));
  },
  async openFolderTools() {
    const [
      { nodeFileSystem },
      { remembers, surveyFolder, transplantFolder },
      { openUnusedFolder, searchUnusedFolder },
    ] = await Promise.all([
      import('../storage/node-file-system.js'),
      import('../storage/transplant.js'),
      import('../storage/unused-folder.js'),
    ]);
    return {
      remembers: (folder) => remembers(nodeFileSystem, folder),
      searchStopped: async (folder, text) => searchUnusedFolder(nodeFileSystem, folder, text),
      openStopped: async (folder) => openUnusedFolder(nodeFileSystem, folder),
      survey: (folder, replicaId) => surveyFolder(nodeFileSystem, folder, replicaId),
      transplant: (from, to, replicaId) => transplantFolder(nodeFileSystem, from, to, replicaId),
    };
  },
  async openBackupTools() {
    const { openBackupTools } = await import('./backup-tools.js');
    return openBackupTools();
  },
  async runReplica(configuration, id, options) {
    const { runReplica } = await import('./replica.js');
    await runReplica(configuration, id, options, services);
  },
  async runFrontEnd(configuration, id) {
    const { runFrontEnd } = await import('./front-end.js');
    await runFrontEnd(configuration, id, services);
  },
  onSignal(signals, listener) {
    for (const signal of signals) process.on(signal, listener);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
  exit: (code) => process.exit(code),
});
