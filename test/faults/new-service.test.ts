import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { v7 } from 'uuid';
import { CallRefusedError } from '../../src/ports/ordering-client.js';
import type { ServiceClient } from '../../src/ports/service-client.js';
import { waitingListContract } from '../examples/waiting-list/contract.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { commandOf } from '../support/command.js';
import { MAIN } from '../support/server-process.js';
import { until } from '../support/until.js';

/** The program with the waiting list of test/examples. */
const WITH_WAITING_LIST = ['--import=tsx', path.resolve(import.meta.dirname, '../examples/waiting-list/program.ts')];

interface Joined {
  readonly guest: { readonly number: number; readonly name: string };
  readonly receipt: { readonly op: number };
}
interface Listed {
  readonly guests: readonly { readonly name: string }[];
  readonly as_of: { readonly replica: string };
}

const join = (client: ServiceClient, name: string, request_id = v7()): Promise<Joined> =>
  client.call<Joined>('Join', { name, party: 2, request_id });

describe('faults: a service that the cluster was not founded with', () => {
  const suite = clusterForSuite({ frontEnds: 2 });
  /** Stops all, and starts them as this program. */
  async function become(program: readonly string[]): Promise<void> {
    const { cluster } = suite;
    const servers = [...cluster.replicas, ...cluster.frontEnds].map(({ process }) => process);
    await Promise.all(servers.map((one) => one.stop()));
    for (const one of servers) one.program = program;
    await Promise.all(servers.map((one) => one.start()));
    await cluster.primary();
  }
  /** The cluster with the service: of the test before, or a new one of an older version that is upgraded now. */
  async function upgraded(): Promise<ServiceClient> {
    if (suite.cluster.replica(0).process.program !== WITH_WAITING_LIST) await become(WITH_WAITING_LIST);
    return suite.cluster.serviceClient(waitingListContract);
  }
  const numberOfGuests = async (client: ServiceClient): Promise<number> =>
    (await client.call<Listed>('List', {})).guests.length;
  async function order(): Promise<void> {
    const client = suite.cluster.client();
    const [first] = (await client.getMenu()).items;
    const lines = [{ item: first?.item ?? '', quantity: 1, price_pence: first?.price_pence ?? 0 }];
    await client.makeOrder({ order_id: randomUUID(), user_code: 'ann', lines, post_code: 'DH1 1JN' });
  }

  it('upgrade: a folder of a version without it serves it, through kills, equal on all replicas', async () => {
    const { cluster } = suite;
    await order();
    await become(WITH_WAITING_LIST);
    const client = cluster.serviceClient(waitingListContract);
    const ids = Array.from({ length: 30 }, () => v7());
    const answers: Joined[] = [];
    for (const [at, id] of ids.entries()) {
      if (at === 10) await (await cluster.primary()).process.kill();
      if (at === 20) await order();
      answers.push(await join(client, `guest ${at}`, id));
    }
    expect(answers.map(({ guest }) => guest.number)).to.deep.equal(ids.map((_, at) => at + 1));
    for (const [at, id] of ids.entries())
      expect(await join(client, `guest ${at}`, id)).to.deep.include({ guest: answers[at]?.guest });
    for (const { process } of cluster.replicas) if (!process.isRunning) await process.start();
    await cluster.level();
    const tables = cluster.replicas.map(({ folder }) => readFileSync(path.join(folder, 'waiting-list.csv'), 'utf8'));
    expect(new Set(tables).size).to.equal(1);
    expect(tables[0]?.trimEnd().split('\r\n')).to.have.length(31);
    for (const { id } of cluster.replicas)
      expect((await client.call<Listed>('List', { replica: id })).as_of.replica).to.equal(id);
  });

  it('power: killed all at once and started again, nothing is gone', async () => {
    const client = await upgraded();
    const { cluster } = suite;
    await join(client, 'Ann');
    const before = await numberOfGuests(client);
    await Promise.all(cluster.replicas.map(({ process }) => process.kill()));
    await Promise.all(cluster.replicas.map(({ process }) => process.start()));
    await cluster.primary();
    expect(await numberOfGuests(client)).to.equal(before);
  });

  it('stream: goes on over a kill of the primary and of its front end', async () => {
    const client = await upgraded();
    const { cluster } = suite;
    await join(client, 'Ann');
    const before = await numberOfGuests(client);
    const ending = new AbortController();
    const seen: number[] = [];
    const resume = (last: unknown) => ({ from_op: (last as Watched).event.op + 1 });
    const reading = (async () => {
      for await (const { event } of client.stream<Watched>('Watch', {}, ending.signal, { resume }))
        if (event.kind === 'joined') seen.push(event.guest.number);
    })();
    await until(() => seen.length === before, 'what was is streamed');
    const primary = await cluster.primary();
    await primary.process.kill();
    await cluster.frontEnd(0).process.kill();
    const writer = cluster.serviceClient(waitingListContract, [1]);
    for (let at = 1; at <= 5; at++) await join(writer, `later ${at}`);
    await until(() => seen.length === before + 5, 'what comes is streamed');
    expect(seen).to.deep.equal(Array.from({ length: before + 5 }, (_, at) => at + 1));
    ending.abort();
    await reading;
    await primary.process.start();
    await cluster.frontEnd(0).process.start();
    await cluster.level();
  });

  it('replica: a paused one is told by name, the others answer', async () => {
    const client = await upgraded();
    const { cluster } = suite;
    await join(client, 'Ann');
    const before = await numberOfGuests(client);
    const [paused] = cluster.others(await cluster.primary());
    if (paused === undefined) throw new Error('there are backups');
    await paused.process.pause();
    try {
      await client.call('List', { replica: paused.id });
      throw new Error('it was answered');
    } catch (error) {
      if (!(error instanceof CallRefusedError)) throw error;
      expect(error.refusal.reason).to.equal('REPLICA_UNREACHABLE');
    }
    expect((await client.call<Listed>('List', { replica: 'primary' })).guests).to.have.length(before);
    paused.process.resume();
    await cluster.level();
  });

  it('commands: join, list and seat', async () => {
    const client = await upgraded();
    for (let waiting = await numberOfGuests(client); waiting > 0; waiting--) await client.call('Seat', {});
    const run = (...args: readonly string[]) => commandOf(WITH_WAITING_LIST, suite.cluster.configurationOf(), ...args);
    expect((await run('waiting-list', 'join', 'Ann', '4')).stdout).to.match(/^Ann is number [0-9]+\.$/);
    expect((await run('waiting-list', 'list', '--replica', 'primary')).stdout).to.match(/^[0-9]+ {2}Ann, party of 4$/);
    expect((await run('waiting-list', 'seat')).stdout).to.equal('Ann, please.');
    expect((await run('waiting-list', 'seat')).stdout).to.equal('Nobody waits.');
    const wrong = await run('waiting-list', 'join', 'Ann', '99');
    expect(wrong.code).to.equal(1);
    expect(wrong.stderr).to.match(/party is out of range; send 1 to 20 persons/);
    expect((await run('waiting-list', 'list', '--replica', 'nobody')).stderr).to.match(/no replica of this cluster/);
  });

  it('downgrade: a version without it does not start, and says which service it lacks and what to do', async () => {
    await join(await upgraded(), 'Ann');
    const { cluster } = suite;
    const [older] = cluster.others(await cluster.primary());
    if (older === undefined) throw new Error('there are backups');
    await older.process.stop();
    older.process.program = [MAIN];
    try {
      await older.process.start();
      throw new Error('it started');
    } catch (error) {
      expect(String(error)).to.match(
        /does not know the service "waiting-list", to which .* belongs: run the newer version/,
      );
    }
    older.process.program = WITH_WAITING_LIST;
    await older.process.start();
    await cluster.level();
  });
});

describe('faults: a service that one replica does not know', () => {
  const suite = clusterForSuite({ frontEnds: 1 });

  it('too early: a replica of the older version ends at the first use, says why, and is whole again as the newer one', async () => {
    const { cluster } = suite;
    const older = cluster.replica(2);
    const newer = [...cluster.others(older), ...cluster.frontEnds].map(({ process }) => process);
    for (const one of newer) {
      await one.stop();
      one.program = WITH_WAITING_LIST;
      await one.start();
    }
    // The older one must follow: as primary it would not know the request, and say so.
    if ((await cluster.primary()) === older) {
      await older.process.stop();
      await until(async () => (await cluster.primary()) !== older, 'another one is primary');
      await older.process.start();
    }
    await cluster.joined(older);
    const ended = older.process.untilExit();
    await join(cluster.serviceClient(waitingListContract), 'Ann');
    expect((await ended).code).to.equal(1);
    // Its log is JSON, in which quotes are escaped.
    const why = /does not know the service \\?"waiting-list\\?", to which op [0-9]+ belongs: run the newer version/;
    await until(() => why.test(older.process.logTail(5)), 'its log says why');
    expect(await older.process.start().catch(String)).to.match(why);
    older.process.program = WITH_WAITING_LIST;
    await older.process.start();
    await cluster.level();
  });
});

interface Watched {
  readonly event: { readonly op: number; readonly kind: string; readonly guest: { readonly number: number } };
}
