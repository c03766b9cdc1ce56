import { readFileSync } from 'node:fs';
import { request } from 'undici';
import type { Daemon } from '../daemon.js';

/** One call of etcd's JSON gateway; 64-bit numbers are text there. */
async function ask(address: string, path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await request(`http://${address}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) }).catch(
    (error: unknown) => {
      throw new Error(`the member of etcd on ${address} does not answer: see whether it runs`, { cause: error });
    },
  );
  const content = (await answer.body.json()) as Record<string, unknown>;
  if (answer.statusCode !== 200) throw new Error(`etcd on ${address}: ${path}: ${JSON.stringify(content)}`);
  return content;
}

/** Three voting members that each know a leader, none with unsafe settings; returns their version. Throws when it is otherwise. */
export async function checkMembers(addresses: readonly string[], daemons: readonly Daemon[]): Promise<string> {
  const versions = new Set<string>();
  for (const address of addresses) {
    const { members } = (await ask(address, 'cluster/member/list', {})) as { members?: { isLearner?: boolean }[] };
    const voters = (members ?? []).filter(({ isLearner }) => isLearner !== true).length;
    if (voters !== addresses.length)
      throw new Error(
        `etcd has ${voters} voting members instead of ${addresses.length}: it would be another comparison`,
      );
    const { leader, version } = (await ask(address, 'maintenance/status', {})) as { leader?: string; version?: string };
    if (leader === undefined || leader === '0') throw new Error(`etcd on ${address} knows no leader`);
    versions.add(String(version));
  }
  for (const { pid, spec } of daemons) {
    refuseUnsafe(
      spec.name,
      ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'latin1')).join('\0'),
    );
  }
  return [...versions].join(', ');
}

/** Throws when the arguments or variables of a process, NUL between them, tell etcd not to wait for its disk. */
export function refuseUnsafe(name: string, settings: string): void {
  const unsafe = settings.split('\0').find((one) => /^(--?|ETCD_)unsafe[-_]no[-_]fsync(=(?!false$|0$)|$)/i.test(one));
  if (unsafe !== undefined) throw new Error(`${name} runs with ${unsafe}: a comparison with it would mean nothing`);
}

/** Every member has synced its log after puts: fails where a disk is not waited for. */
export async function checkSyncs(addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    const metrics = await (await request(`http://${address}/metrics`)).body.text();
    const syncs = Number(/^etcd_disk_wal_fsync_duration_seconds_count (\S+)$/m.exec(metrics)?.[1] ?? 0);
    const revision = Number(
      ((await ask(address, 'maintenance/status', {})) as { header: { revision: string } }).header.revision,
    );
    if (revision > 1 && syncs < 2)
      throw new Error(`etcd on ${address} has taken ${revision} puts and synced its log ${syncs} times`);
  }
}

/** Address of the leader. */
export async function leaderOf(addresses: readonly string[]): Promise<string> {
  for (const address of addresses) {
    const { header, leader } = (await ask(address, 'maintenance/status', {})) as {
      header: { member_id: string };
      leader: string;
    };
    if (header.member_id === leader) return address;
  }
  throw new Error('no member of etcd says that it is the leader');
}

/** Keys that one member holds, as it sees itself. */
export async function keysOf(address: string): Promise<number> {
  const everything = Buffer.from([0]).toString('base64');
  const { count } = await ask(address, 'kv/range', {
    key: everything,
    range_end: everything,
    count_only: true,
    serializable: true,
  });
  return Number(count ?? 0);
}
