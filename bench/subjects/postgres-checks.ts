import pg from 'pg';
import { connectionSettings } from './postgres-orders.js';

/** Runs one statement on the server at HOST:PORT over a connection of its own. */
export async function runSql(address: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ ...connectionSettings(address), connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    return ((await client.query(text)) as { rows: Record<string, unknown>[] }).rows;
  } finally {
    await client.end();
  }
}

/** Whether a server takes connections. */
export async function isUp(address: string): Promise<boolean> {
  await runSql(address, 'select 1');
  return true;
}

/** Both standbys stream and count for the quorum; returns the server's version. Throws when it is otherwise. */
export async function checkQuorum(primary: string, standbys: readonly string[]): Promise<string> {
  const rows = await runSql(primary, 'select application_name as name, state, sync_state from pg_stat_replication');
  for (const standby of standbys) {
    const row = rows.find(({ name }) => name === standby);
    if (row?.['state'] !== 'streaming' || row['sync_state'] !== 'quorum')
      throw new Error(
        `PostgreSQL does not commit to a quorum: standby ${standby} is ${JSON.stringify(row ?? 'missing')}; ` +
          'expected state streaming, sync_state quorum. A comparison with it would mean nothing.',
      );
  }
  const slots = await runSql(
    primary,
    "select slot_name from pg_replication_slots where active and slot_type = 'physical'",
  );
  if (slots.length !== standbys.length)
    throw new Error(`PostgreSQL has ${slots.length} physical replication slots in use instead of ${standbys.length}`);
  return settingOf(primary, 'server_version');
}

/** Every server waits for its disk, the primary for its standbys, and customers find connections. Throws when it is otherwise. */
export async function checkSettings(addresses: readonly string[], connectionsMax: number): Promise<void> {
  const wanted = {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    max_connections: String(connectionsMax),
  };
  for (const address of addresses)
    for (const [name, value] of Object.entries(wanted)) {
      const found = await settingOf(address, name);
      if (found !== value) throw new Error(`PostgreSQL on ${address} runs with ${name} = ${found} instead of ${value}`);
    }
}

async function settingOf(address: string, name: string): Promise<string> {
  const [row] = await runSql(address, `show ${name}`);
  return String(row?.[name]);
}

/** Orders that one server has. */
export async function ordersOf(address: string): Promise<number> {
  const [row] = await runSql(address, 'select count(*) as count from orders');
  return Number(row?.['count']);
}
