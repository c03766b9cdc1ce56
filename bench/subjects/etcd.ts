import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { freePorts } from '../../test/support/free-ports.js';
import { until } from '../../test/support/until.js';
import { Daemon } from '../daemon.js';
import type { Target } from '../load/protocol.js';
import { removeFolder, temporaryFolder } from '../temporary-folder.js';
import { checkMembers, checkSyncs, keysOf, leaderOf } from './etcd-checks.js';
import type { Subject } from './subject.js';

const BINARY = ['/usr/bin/etcd', '/usr/local/bin/etcd'].find((file) => existsSync(file));
const MEMBERS = 3;

/** How customers are connected with etcd: the bench tries several and takes the fastest, so that it is no straw man. */
export interface EtcdWay {
  readonly name: string;
  readonly target: Target;
}

/** A running etcd and the ways to call it. */
export interface Etcd {
  readonly ways: readonly EtcdWay[];
  /** The subject whose customers call it in this way. */
  subject(way: EtcdWay): Subject;
}

/** Whether etcd is installed here. */
export const hasEtcd = (): boolean => BINARY !== undefined;

/** Starts three members of etcd with default settings, their data in temporary folders. Throws when it is not what it should be. */
export async function startEtcd(): Promise<Etcd> {
  const folder = temporaryFolder('etcd');
  const ports = await freePorts(2 * MEMBERS);
  const nodes = Array.from({ length: MEMBERS }, (_, index) => ({
    name: `etcd-${index + 1}`,
    address: `127.0.0.1:${ports[2 * index]}`,
    peerUrl: `http://127.0.0.1:${ports[2 * index + 1]}`,
  }));
  const initial = nodes.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
  const daemons = nodes.map(({ name, address, peerUrl }) => {
    const data = path.join(folder, name);
    mkdirSync(data, { mode: 0o700 });
    const clientUrl = `http://${address}`;
    return new Daemon({
      name,
      command: BINARY ?? 'etcd',
      args: Object.entries({
        name,
        'data-dir': data,
        'initial-cluster': initial,
        'initial-cluster-state': 'new',
        'listen-client-urls': clientUrl,
        'advertise-client-urls': clientUrl,
        'listen-peer-urls': peerUrl,
        'initial-advertise-peer-urls': peerUrl,
        logger: 'zap',
      }).flatMap(([flag, value]) => [`--${flag}`, value]),
      folder,
      logFile: path.join(folder, `${name}.log`),
      // Nothing of the caller's: every flag of etcd can be set by a variable too.
      env: { PATH: process.env['PATH'] },
      stopSignal: 'SIGTERM',
      endSignal: 'SIGKILL',
    });
  });
  const addresses = nodes.map(({ address }) => address);
  const check = async (): Promise<void> => {
    await checkMembers(addresses, daemons);
    await checkSyncs(addresses);
  };
  const version = await until(
    async () => {
      if (daemons.some((one) => !one.isRunning)) throw new Error('a member of etcd has ended');
      return checkMembers(addresses, daemons);
    },
    () => `etcd takes puts:\n${daemons.map((one) => one.logTail(5)).join('\n')}`,
  );
  const leader = await leaderOf(addresses);
  const leaderFirst = [leader, ...addresses.filter((one) => one !== leader)];
  return {
    ways: [
      { name: 'the leader, 64 customers a connection', target: { addresses: [leader] } },
      { name: 'the leader, 4 connections', target: { addresses: [leader], connections: 4 } },
      { name: 'all members, a connection each', target: { addresses: leaderFirst, connections: MEMBERS } },
    ],
    subject: ({ name, target }) => ({
      kind: 'etcd',
      name: 'etcd',
      target,
      orderCalls: 'etcd-put',
      settings: `etcd ${version}, three voting members, default settings, fsync on; customers call ${name}`,
      processes: () => daemons.map((one) => ({ name: one.spec.name, pid: one.pid })),
      kept: () => Promise.all(addresses.map(keysOf)),
      check,
      async stop() {
        await Promise.all(daemons.map((one) => one.stop()));
        removeFolder(folder);
      },
    }),
  };
}
