import { expect } from 'chai';
import { execa } from 'execa';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { v7 as uuidV7 } from 'uuid';
import { createChaosClient } from '../../src/net/chaos-client.js';
import type { ChaosClient } from '../../src/net/chaos-client.js';
import { CallRefusedError } from '../../src/ports/ordering-client.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { CLUSTER_TOKEN, type Replica } from '../support/cluster.js';
import { AWKWARD } from '../services/log/log-driver.js';
import { command, commandJson } from '../support/command.js';
import { type Acknowledged, type Listed, LogCaller, problemsOf } from '../support/log-caller.js';
import { MAIN } from '../support/server-process.js';
import { until } from '../support/until.js';

/** Measured, not judged: a busy machine is no defect. */
const say = (text: string): void => console.log(`      measured: ${text}`);

/** Every message from and to the delayed secondary is so late, ms: an append on all disks needs two of them. */
const DELAY_MS = 1_500;
/** The one-time delay of S001's self-test. */
const DELAY_ONCE_MS = 30_000;
const APPENDERS = 8;

describe('faults: message log (self-tests of S001)', () => {
  const suite = clusterForSuite({ more: { chaos: true } });
  const callers: LogCaller[] = [];
  const chaosClients: ChaosClient[] = [];
  afterEach(() => {
    for (const client of [...callers.splice(0), ...chaosClients.splice(0)]) client.close();
  });

  function caller(): LogCaller {
    const made = new LogCaller(suite.cluster);
    callers.push(made);
    return made;
  }

  function chaosOf({ address }: Replica): ChaosClient {
    const made = createChaosClient(address, CLUSTER_TOKEN);
    chaosClients.push(made);
    return made;
  }

  /** The primary and its backups, all level. */
  async function members(): Promise<[primary: Replica, ...backups: [Replica, Replica]]> {
    await suite.cluster.level();
    const primary = await suite.cluster.primary();
    const [one, two] = suite.cluster.others(primary);
    if (one === undefined || two === undefined) throw new Error('there are three replicas');
    return [primary, one, two];
  }

  it('delay: a secondary that is late keeps waiting whoever wants all disks, and nobody else (S001-13, -14)', async () => {
    const log = caller();
    const [, late] = await members();
    const chaos = chaosOf(late);
    await chaos.inject({ kind: 'delay', ms: DELAY_MS });
    for (const concern of ['1', '2', 'majority']) {
      const beginMs = performance.now();
      const { receipt } = await log.append(`concern ${concern}`, { concern });
      expect(receipt.copies).to.be.at.least(concern === '1' ? 1 : 2);
      expect(performance.now() - beginMs, `concern ${concern} waits for nobody late`).to.be.below(DELAY_MS);
    }
    const beginMs = performance.now();
    const all = await log.append('concern 3', { concern: '3', deadlineMs: 15_000 });
    expect(all.receipt).to.include({ copies: 3, committed: true });
    expect(performance.now() - beginMs, 'blocked until the late one has it').to.be.at.least(DELAY_MS);
    say(
      `an append on all three disks took ${Math.round(performance.now() - beginMs)} ms with a delay of ${DELAY_MS} ms`,
    );
    await chaos.clear();
    const messages = await log.agreed();
    expect(messages.at(-1)).to.deep.include({ key: all.key, value: 'concern 3' });
  });

  it('delay once: the next replication message alone is late; what follows is not, and nothing is appended twice (S001-20)', async () => {
    const log = caller();
    const [, late] = await members();
    const chaos = chaosOf(late);
    const before = (await log.agreed()).length;
    await chaos.inject({ kind: 'delayNext', ms: DELAY_ONCE_MS });
    const beginMs = performance.now();
    const first = await log.append('the late one', { concern: 'majority' });
    await until(async () => (await chaos.list()).length === 0, 'one message was made late');
    const second = await log.append('not late', { concern: 'all', deadlineMs: 15_000 });
    expect(second.receipt.copies, 'the second replication request is unaffected').to.equal(3);
    expect(performance.now() - beginMs, 'it did not wait for the late message').to.be.below(DELAY_ONCE_MS);
    const messages = await log.agreed();
    expect(messages.slice(before).map(({ value }) => value)).to.deep.equal(['the late one', 'not late']);
    expect([first.key, second.key]).to.deep.equal([before, before + 1]);
  });

  it('SIGSTOP of one backup: all disks wait for it, fewer do not; it gets what it missed, and repeats change nothing (S001-08, -11, -12)', async () => {
    const log = caller();
    const [, paused] = await members();
    await paused.process.pause();
    const acknowledged: Acknowledged[] = [];
    const refused = await log.refusedAppend('all in vain', { concern: 'all', deadlineMs: 1_500 });
    expect(refused).to.deep.include({ reason: 'WRITE_CONCERN_NOT_MET' });
    expect(refused).to.have.property('details').that.includes({ copies: '2', needed: '3', committed: 'true' });
    let isMet = false;
    const waiting = log.append('all', { concern: 'all', deadlineMs: 60_000 }).finally(() => (isMet = true));
    for (let number = 0; number < 20; number++)
      acknowledged.push(await log.append(`missed ${number}`, { concern: ['1', '2', 'majority'][number % 3] ?? '1' }));
    expect(isMet, 'the one that wants all disks still waits').to.equal(false);
    paused.process.resume();
    acknowledged.push(await waiting);
    expect(acknowledged.at(-1)?.receipt).to.include({ copies: 3, committed: true });

    const messages = await log.agreed();
    expect(problemsOf(acknowledged, messages)).to.deep.equal([]);
    expect(messages.map(({ value }) => value)).to.include('all in vain');
    for (const { requestId, value, key } of acknowledged) {
      const again = await log.append(value, { requestId, concern: 'all' });
      expect(again.key, 'the first answer').to.equal(key);
      const other = await log.refusedAppend(`${value}?`, { requestId });
      expect(other).to.include({ reason: 'ID_REUSED' });
    }
    expect((await log.agreed()).length, 'nothing was appended by repeats').to.equal(messages.length);
  });

  it('SIGSTOP of both backups: read-only, with a reason; then open again by itself, with the same order everywhere (S001-18, -19)', async () => {
    const { cluster } = suite;
    const log = caller();
    const [primary, ...backups] = await members();
    const before = await log.append('before', { concern: 'all' });
    for (const backup of backups) await backup.process.pause();
    const requestId = uuidV7();
    await until(async () => {
      const refused = await log.refusedAppend('below a majority', { requestId, deadlineMs: 2_000 });
      return 'reason' in refused && refused.reason === 'NO_QUORUM';
    }, 'appends are refused with NO_QUORUM');
    const beginMs = performance.now();
    const prompt = await log.refusedAppend('below a majority', { requestId, concern: '1', deadlineMs: 10_000 });
    expect(prompt, 'also with write concern 1').to.include({ reason: 'NO_QUORUM' });
    expect(performance.now() - beginMs, 'at once').to.be.below(5_000);

    const held = await log.list({ replica: primary.id });
    expect(held.messages.at(-1)).to.deep.include({ key: before.key, value: 'before' });
    expect(held.as_of.replica).to.equal(primary.id);
    const fresh = await log.list({ consistency: 'linearizable' }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(fresh).to.be.instanceOf(CallRefusedError).with.nested.property('refusal.reason', 'NO_QUORUM');

    for (const backup of backups) backup.process.resume();
    const after = await log.appendSurely('below a majority', { requestId, concern: 'all' });
    expect(after.key).to.equal(before.key + 1);
    expect(problemsOf([before, after], await log.agreed())).to.deep.equal([]);
    const tables = cluster.replicas.map(({ folder }) => readFileSync(path.join(folder, 'messages.csv'), 'utf8'));
    expect(new Set(tables).size, 'equal files').to.equal(1);
  });

  it('kill -9 of the primary, again and again, under appends of every write concern: each acknowledged once, no gaps', async () => {
    const { cluster } = suite;
    const log = caller();
    await members();
    const acknowledged: Acknowledged[] = [];
    let isOver = false;
    const concerns = [undefined, 'majority', 'all', '1'];
    const appenders = Array.from({ length: APPENDERS }, async (_, appender) => {
      const own = caller();
      // Those who want all disks wait while one is dead; the others go on.
      const concern = concerns[appender % concerns.length];
      for (let number = 0; !isOver; number++) {
        const how = { deadlineMs: 4_000, ...(concern === undefined ? {} : { concern }) };
        acknowledged.push(await own.appendSurely(`appender ${appender}, message ${number}`, how));
      }
    });
    const more = async (count: number): Promise<void> => {
      const from = acknowledged.length;
      await until(() => acknowledged.length >= from + count, `${count} more appends are acknowledged`);
    };
    await more(50);
    for (let round = 0; round < 3; round++) {
      const primary = await cluster.primary();
      await primary.process.kill();
      await more(50);
      await primary.process.start();
      await cluster.joined(primary);
      await more(50);
    }
    isOver = true;
    await Promise.all(appenders);
    const messages = await log.agreed();
    const provisional = acknowledged.filter(({ receipt }) => !receipt.committed).length;
    say(`${acknowledged.length} appends over 3 kills, ${provisional} acknowledged before they were committed`);
    expect(problemsOf(acknowledged, messages)).to.deep.equal([]);
    // Every appender had one message at a time: its own stand in its order.
    for (let appender = 0; appender < APPENDERS; appender++) {
      const own = acknowledged.filter(
        ({ value, receipt }) => value.startsWith(`appender ${appender},`) && receipt.committed,
      );
      const keys = own.map(({ key }) => key);
      expect(keys).to.deep.equal(keys.toSorted((a, b) => a - b));
    }
  });

  it('an append acknowledged by one disk, cut off with its primary: appended again when that disk is back, once, under the next free key', async () => {
    const { cluster } = suite;
    const log = caller();
    const [primary, ...backups] = await members();
    const before = (await log.agreed()).length;
    let number = 0;
    const chaos = chaosOf(primary);
    // What is sent to a stopped process still reaches it when it goes on: the ways are cut instead.
    const alone = await until(async () => {
      for (const { id } of backups) await chaos.inject({ kind: 'cut', peer: id, isOneWay: false });
      const taken = await log.refusedAppend(`on one disk ${number++}`, { concern: '1', deadlineMs: 1_000 });
      if ('receipt' in taken && !taken.receipt.committed) return taken;
      // It had noticed already: once more.
      await chaos.clear();
      await cluster.level();
      return undefined;
    }, 'the primary acknowledges what nobody else has');
    expect(alone.receipt).to.include({ copies: 1, committed: false });
    await primary.process.kill();
    const instead = await log.appendSurely('instead of it', { concern: 'majority' });
    expect(instead.key, 'its key was free again').to.equal(alone.key);
    expect((await log.list({ from: before })).messages.map(({ value }) => value)).to.not.include(alone.value);

    await primary.process.start();
    const messages = await until(async () => {
      const all = await log.agreed();
      return all.some(({ request_id }) => request_id === alone.requestId) && all;
    }, 'it is appended again');
    expect(problemsOf([alone, instead], messages)).to.deep.equal([]);
    const again = await log.append(alone.value, { requestId: alone.requestId });
    expect(messages[again.key]).to.deep.include({ value: alone.value, request_id: alone.requestId });
    expect(again.key).to.be.above(instead.key);
  });

  it('messages.csv deleted or changed while its replica was down: found at the start, healed, and equal again (S001-25)', async () => {
    const { cluster } = suite;
    const log = caller();
    await members();
    for (let number = 0; number < 20; number++) await log.append(`before the damage ${number}`);
    const expected = await log.agreed();
    const table = ({ folder }: Replica): string => path.join(folder, 'messages.csv');
    const damages: ((file: string) => void)[] = [
      (file) => rmSync(file),
      (file) => writeFileSync(file, readFileSync(file, 'utf8').replace(/^[0-9]+,1,.*\r\n/m, '')),
      (file) => writeFileSync(file, readFileSync(file, 'utf8').replace('before the damage 7', 'before the damage X')),
    ];
    for (const damage of damages) {
      const primary = await cluster.primary();
      const [backup] = cluster.others(primary);
      if (backup === undefined) throw new Error('there are three replicas');
      await backup.process.stop();
      damage(table(backup));
      await backup.process.start();
      await cluster.joined(backup);
      expect(await log.agreed()).to.deep.equal(expected);
      expect(readFileSync(table(backup), 'utf8')).to.equal(readFileSync(table(primary), 'utf8'));
    }
  });

  it('values come back byte for byte, up to 64 KiB, from every replica; a page stays below the limits of the way', async () => {
    const { cluster } = suite;
    const log = caller();
    const before = (await log.agreed()).length;
    const large = ['\0'.repeat(65_536), '"\\'.repeat(32_768), '🍕'.repeat(16_384)];
    const values = [
      ...AWKWARD,
      ...large,
      ...Array.from({ length: 30 }, (_, number) => `${number % 10}`.repeat(65_536)),
    ];
    for (const value of values) await log.append(value);
    expect((await log.agreed()).slice(before).map(({ value }) => value)).to.deep.equal(values);
    const refused = await log.refusedAppend('x'.repeat(65_537), {});
    expect(refused).to.include({ reason: 'INVALID_FIELD' });
    const tailed: string[] = [];
    const stopped = new AbortController();
    const pages = log.client.stream<Pick<Listed, 'messages'>>('Tail', { from: before }, stopped.signal);
    for await (const { messages } of pages) {
      tailed.push(...messages.map(({ value }) => value));
      if (tailed.length >= values.length) break;
    }
    expect(tailed, 'as a stream').to.deep.equal(values);
    for (const { id } of cluster.replicas) expect(await log.everything(id)).to.have.length(before + values.length);
  });

  it('commands: append, lines of stdin, list from any replica, tail; verify says that all are equal', async () => {
    const { cluster } = suite;
    const config = cluster.configurationOf();
    const before = (await caller().agreed()).length;
    interface Line {
      readonly key: number;
      readonly request_id: string;
      readonly receipt: { readonly copies: number; readonly committed: boolean };
    }
    const one = await commandJson<Line>(config, 'log', 'append', 'first, "quoted"', '--write-concern', 'all');
    expect(one).to.deep.include({ key: before });
    expect(one.receipt).to.include({ copies: 3, committed: true });
    const again = await commandJson<Line>(config, 'log', 'append', 'first, "quoted"', '--id', one.request_id);
    expect(again.key, 'a repeat').to.equal(before);
    const explained = await command(config, 'explain', one.request_id);
    expect([explained.code, explained.stdout]).to.satisfy(
      ([code, text]: [number, string]) => code === 0 && text.includes(one.request_id) && /\blog\b/.test(text),
    );
    const other = await command(config, 'log', 'append', 'another', '--id', one.request_id);
    expect([other.code, other.stderr]).to.satisfy(
      ([code, text]: [number, string]) => code === 1 && /ID_REUSED/.test(text),
    );

    const input = 'line one\n\n  =1+1 \u0007\r\nthe last 王';
    const piped = await execa(process.execPath, [MAIN, 'log', 'append', '-', '--config', config], { input });
    const keys = [before + 1, before + 2, before + 3];
    expect([...piped.stdout.matchAll(/^Message (\d+)\./gm)].map(([, key]) => Number(key))).to.deep.equal(keys);
    const values = ['first, "quoted"', 'line one', '  =1+1 \u0007\r', 'the last 王'];
    await cluster.level();
    for (const replica of ['primary', ...cluster.replicas.map(({ id }) => id)]) {
      const args = ['log', 'list', '--from', String(before), '--replica', replica];
      const listed = await commandJson<Listed>(config, ...args);
      expect(
        listed.messages.map(({ value }) => value),
        replica,
      ).to.deep.equal(values);
      expect(listed).to.include({ next_from: before + 4, count: before + 4 });
      if (replica !== 'primary') expect(listed.as_of.replica).to.equal(replica);
    }
    const text = await command(config, 'log', 'list', '--from', String(before), '--limit', '3');
    expect(text.stdout, 'what a terminal would obey is shown').to.contain('"  =1+1 \\u0007\\r"');
    expect(text.stdout).to.contain(`More with --from ${before + 3}.`);

    const tail = execa(process.execPath, [
      MAIN,
      'log',
      'tail',
      '--from',
      String(before + 2),
      '--json',
      '--config',
      config,
    ]);
    const seen: string[] = [];
    tail.stdout.on('data', (bytes: Buffer) => seen.push(...bytes.toString().trimEnd().split('\n')));
    try {
      await until(() => seen.length === 2, 'the tail shows what is there');
      await command(config, 'log', 'append', 'while somebody watches');
      await until(() => seen.length === 3, 'the tail shows what is appended');
    } finally {
      tail.kill('SIGINT');
    }
    expect(
      await tail.then(
        () => 0,
        ({ exitCode }: { exitCode?: number }) => exitCode,
      ),
    ).to.equal(130);
    expect(seen.map((line) => (JSON.parse(line) as { key: number }).key)).to.deep.equal(
      [2, 3, 4].map((at) => before + at),
    );

    const verdict = await commandJson<{ equal: boolean; replicas: { counts: object; files: { name: string }[] }[] }>(
      config,
      'verify',
    );
    expect(verdict.equal).to.equal(true);
    for (const { files } of verdict.replicas) expect(files.map(({ name }) => name)).to.include('messages.csv');
  });
});
