import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePorts } from '../../test/support/free-ports.js';
import { until } from '../../test/support/until.js';
import { Daemon } from '../daemon.js';
import { removeFolder, temporaryFolder } from '../temporary-folder.js';
import { checkQuorum, checkSettings, isUp, ordersOf, runSql } from './postgres-checks.js';
import { CREATE_ORDERS, DATABASE_USER } from './postgres-orders.js';
import { serverUser } from './server-user.js';
import type { Subject } from './subject.js';

const BASE = '/usr/lib/postgresql';
const BINARIES = (existsSync(BASE) ? readdirSync(BASE) : [])
  .toSorted((a, b) => Number(b) - Number(a))
  .map((version) => path.join(BASE, version, 'bin'))
  .find((folder) => existsSync(path.join(folder, 'initdb')));
const STANDBYS = ['s1', 's2'];
/** Any one of the two must have a commit on disk before it is answered: with the primary's own that is a majority of three. */
const SYNCHRONOUS = 'ANY 1 (s1, s2)';
/** PostgreSQL's own default, and what is kept free of customers: superusers and this bench. */
const CONNECTIONS_DEFAULT = 100;
const CONNECTIONS_SPARE = 10;

/** Whether a PostgreSQL server is installed here. */
export const hasPostgres = (): boolean => BINARIES !== undefined;

/**
 * Starts a primary and two standbys with physical replication slots, commits synchronous to any one of them; everything but what
 * that takes has its default. `customersMax` is how many connect at the same time. Throws when it is not what it should be.
 */
export async function startPostgres(customersMax: number): Promise<Subject> {
  const folder = temporaryFolder('postgres');
  const user = serverUser();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  chmodSync(folder, 0o700);
  const logs = path.join(folder, 'logs');
  mkdirSync(logs);
  const env = { PATH: process.env['PATH'], LC_ALL: 'C', HOME: folder };
  const binary = (name: string): string => path.join(BINARIES ?? '', name);
  const prepare = (name: string, ...args: string[]): void => {
    execFileSync(binary(name), args, { ...user, env, cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  const ports = await freePorts(1 + STANDBYS.length);
  const [primaryPort, ...standbyPorts] = ports;
  const primary = `127.0.0.1:${primaryPort}`;
  const connectionsMax = Math.max(CONNECTIONS_DEFAULT, customersMax + CONNECTIONS_SPARE);
  const start = (name: string, port: number | undefined, settings: Readonly<Record<string, string>>): Daemon => {
    const all = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      port,
      max_connections: connectionsMax,
      ...settings,
    };
    return new Daemon({
      name: `postgres ${name}`,
      command: binary('postgres'),
      args: [
        '-D',
        path.join(folder, name),
        ...Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
      ],
      folder,
      logFile: path.join(logs, `${name}.log`),
      env,
      ...(user === undefined ? {} : { user }),
      // Fast shutdown; immediate shutdown, with which it ends its children and gives back its shared memory.
      stopSignal: 'SIGINT',
      endSignal: 'SIGQUIT',
    });
  };
  const upAt = async (daemon: Daemon, address: string): Promise<void> => {
    await until(
      () => {
        if (!daemon.isRunning) throw new Error(`${daemon.spec.name} has ended`);
        return isUp(address);
      },
      () => `${daemon.spec.name} is up:\n${daemon.logTail()}`,
    );
  };
  // Only how the files are made goes without syncs, not how the servers work.
  prepare('initdb', '-D', path.join(folder, 'primary'), '-U', DATABASE_USER, '-A', 'trust', '--no-sync');
  const daemons = [
    start('primary', primaryPort, { fsync: 'on', synchronous_commit: 'on', synchronous_standby_names: SYNCHRONOUS }),
  ];
  await upAt(daemons[0] as Daemon, primary);
  for (const [index, name] of STANDBYS.entries()) {
    const from = ['-h', '127.0.0.1', '-p', String(primaryPort), '-U', DATABASE_USER];
    const data = path.join(folder, name);
    prepare('pg_basebackup', ...from, '-D', data, '-X', 'stream', '-c', 'fast', '-C', '-S', name, '--no-sync');
    writeFileSync(path.join(data, 'standby.signal'), '');
    const conninfo = `host=127.0.0.1 port=${primaryPort} user=${DATABASE_USER} application_name=${name}`;
    const port = standbyPorts[index];
    const standby = start(name, port, { fsync: 'on', primary_conninfo: conninfo, primary_slot_name: name });
    daemons.push(standby);
    await upAt(standby, `127.0.0.1:${port}`);
  }
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const version = await until(() => checkQuorum(primary, STANDBYS), 'both standbys are part of the quorum');
  await checkSettings(addresses, connectionsMax);
  await runSql(primary, CREATE_ORDERS);
  return {
    kind: 'postgres',
    name: 'PostgreSQL',
    target: { addresses: [primary] },
    orderCalls: 'postgres-insert',
    settings:
      `PostgreSQL ${version}, primary and two standbys, synchronous_standby_names '${SYNCHRONOUS}', synchronous_commit on, ` +
      `fsync on, max_connections ${connectionsMax}; a connection and a prepared insert for each customer`,
    processes: () => daemons.map((one) => ({ name: one.spec.name, pid: one.pid, hasChildren: true })),
    kept: () => Promise.all(addresses.map(ordersOf)),
    async check() {
      await checkQuorum(primary, STANDBYS);
      await checkSettings(addresses, connectionsMax);
    },
    async stop() {
      await Promise.all(daemons.map((one) => one.stop()));
      removeFolder(folder);
    },
  };
}
