import type { Bookkeeping } from '../bookkeeping.js';
import { PROXY_SETTINGS, type ProxySettings } from '../proxy/settings.js';
import { hasEtcd, startEtcd } from './etcd.js';
import { fastest } from './fastest.js';
import { type OwnCluster, startOwnCluster } from './own-cluster.js';
import { hasPostgres, startPostgres } from './postgres.js';
import { startProxy } from './proxy.js';
import type { Subject } from './subject.js';

/** What is to be compared. */
export interface Wanted {
  readonly only?: string;
  readonly hasPeers: boolean;
  /** Customers at the same time at most. */
  readonly customersMax: number;
  readonly env: NodeJS.ProcessEnv;
}

/** What was started: what is compared, in the order of a round, and the cluster among it. */
export interface Started {
  readonly subjects: Subject[];
  cluster: OwnCluster | undefined;
}

/** Starts what is wanted into `started`, one after the other, so that the caller can end what runs when the next one fails. */
export async function startSubjects(started: Started, wanted: Wanted, bookkeeping: Bookkeeping): Promise<void> {
  const { only, hasPeers, env } = wanted;
  const { subjects } = started;
  if (only === undefined || only === 'cluster') {
    started.cluster = await startOwnCluster(env);
    subjects.push(started.cluster);
  }
  if (only === undefined || only === 'proxy') subjects.push(...(await startProxies(bookkeeping, env)));
  if (!hasPeers) return;
  if (hasEtcd()) subjects.push(await startFastestEtcd(bookkeeping));
  else console.log('etcd is left out: it is not installed (Debian: etcd-server)');
  if (hasPostgres()) subjects.push(await startPostgres(wanted.customersMax));
  else console.log('PostgreSQL is left out: it is not installed (Debian: postgresql)');
}

async function startProxies(bookkeeping: Bookkeeping, env: NodeJS.ProcessEnv): Promise<Subject[]> {
  const proxies: Subject[] = [];
  for (const [name, candidates] of Object.entries(PROXY_NAMES)) {
    const settings = await fastest<ProxySettings>(
      bookkeeping,
      PROXY_SETTINGS[candidates],
      (one) => startProxy(name, one),
      (subject) => subject.stop(),
    );
    proxies.push(await startProxy(name, settings, env));
  }
  return proxies;
}

const PROXY_NAMES: Readonly<Record<string, keyof typeof PROXY_SETTINGS>> = {
  'bare proxy, raw bytes': 'raw',
  'bare proxy, decoding': 'decoding',
};

async function startFastestEtcd(bookkeeping: Bookkeeping): Promise<Subject> {
  const etcd = await startEtcd();
  const way = await fastest(
    bookkeeping,
    etcd.ways,
    async (one) => etcd.subject(one),
    async () => undefined,
  );
  return etcd.subject(way);
}
