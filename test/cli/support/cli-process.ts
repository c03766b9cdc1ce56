/*
 * The command line as a process of its own, with a restaurant in memory: for pipes, terminals, signals and crashes.
 * FAKE_FAULT makes its MakeOrder misbehave: `die` kills the process when the order would be sent, `hang` never answers,
 * `lost-once` places the order and loses the answer of the first call, `down` refuses everything.
 * FAKE_RECOVERING names the port of a replica that recovers. FAKE_SENT_FILE gets a line for each order that is sent; beside it, `.signals` gets one for the signals that are caught from then on.
 */
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import type { CliEnvironment } from '../../../src/cli/environment.js';
import type { ReplicaStatus } from '../../../src/ports/calls.js';
import { runCommandLine } from '../../../src/cli/program.js';
import { FakeRestaurant, refused } from '../../support/ordering-client-fake.js';

const fault = process.env['FAKE_FAULT'] ?? '';
const sentFile = process.env['FAKE_SENT_FILE'];

class ProcessRestaurant extends FakeRestaurant {
  #sent = 0;

  override async makeOrder(...args: Parameters<FakeRestaurant['makeOrder']>) {
    this.#sent += 1;
    if (sentFile !== undefined) appendFileSync(sentFile, `${JSON.stringify(args[0])}\n`);
    if (fault === 'die') process.kill(process.pid, 'SIGKILL');
    // A timer keeps the process alive as a socket would.
    if (fault === 'hang' || fault === 'die') await new Promise((resolve) => setTimeout(resolve, 3_600_000));
    if (fault === 'lost-once' && this.#sent === 1)
      this.fault = (method) => (method === 'makeOrder' ? 'lost-answer' : undefined);
    else if (fault !== 'down') this.fault = () => undefined;
    return super.makeOrder(...args);
  }
}

const restaurant = new ProcessRestaurant();
if (fault === 'down') restaurant.fault = () => refused('NO_PRIMARY', 'No front end can be reached.', 'UNAVAILABLE');

/** A replica that takes orders; FAKE_RECOVERING names the port of one that does not yet. */
const statusOf = (address: string): ReplicaStatus => {
  const isRecovering = address.endsWith(`:${process.env['FAKE_RECOVERING'] ?? ''}`);
  return {
    id: address,
    role: isRecovering ? 'recovering' : 'primary',
    view: 1,
    logView: 1,
    op: 2,
    durableOp: 2,
    commit: 2,
    applied: 2,
    chain: '',
    primaryId: '',
    writable: !isRecovering,
    reason: '',
    peers: [],
    outbox: 0,
    takesAlone: false,
    damage: [],
    uptimeMs: 1,
    orders: 0,
    reads: 0,
    diskFreeBytes: undefined,
    lagMs: 0,
    lastFault: undefined,
  };
};

const environment: CliEnvironment = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  home: '/nowhere',
  packageRoot: process.env['FAKE_PACKAGE_ROOT'] ?? path.resolve(import.meta.dirname, '../../..'),
  createOrderingClient: async () => restaurant,
  createServiceClient: () => Promise.reject(new Error('no services in this test')),
  createStatusReader: async (address) => ({
    status: async () => statusOf(address),
    outbox: async () => ({ orders: [], others: [] }),
    close: () => undefined,
  }),
  createEventReader: async () => ({ events: async () => [], close: () => undefined }),
  createInspector: () => Promise.reject(new Error('no replicas in this test')),
  createReplicaControl: () => Promise.reject(new Error('no replicas in this test')),
  openFolderTools: () => Promise.reject(new Error('no folders in this test')),
  openBackupTools: () => Promise.reject(new Error('no backups in this test')),
  runReplica: async () => undefined,
  runFrontEnd: async () => undefined,
  onSignal(signals, listener) {
    for (const signal of signals) process.on(signal, listener);
    if (sentFile !== undefined) appendFileSync(`${sentFile}.signals`, `${signals.join(' ')}\n`);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
  exit: (code) => process.exit(code),
};
const exitCode = await runCommandLine(process.argv.slice(2), environment);
if (exitCode !== undefined) process.stdout.write('', () => process.exit(exitCode));
