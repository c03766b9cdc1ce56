import { Client, type ServiceError, status } from '@grpc/grpc-js';
import { ChannelCredentials } from '@grpc/grpc-js';
import { expect } from 'chai';
import { execa } from 'execa';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { v7 as uuidV7 } from 'uuid';
import { createChaosClient } from '../../src/net/chaos-client.js';
import { CallRefusedError } from '../../src/ports/ordering-client.js';
import type { ServiceClient } from '../../src/ports/service-client.js';
import { tuplesContract } from '../../src/services/tuples/contract.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { CLUSTER_TOKEN } from '../support/cluster.js';
import { command, commandJson, type CommandOutcome } from '../support/command.js';
import { MAIN } from '../support/server-process.js';
import { until } from '../support/until.js';

/** Measured, not judged: a busy machine is no defect. */
const say = (text: string): void => console.log(`      measured: ${text}`);

const GROUPS = 100;
const RATE = 0.2;

interface WirePair {
  readonly key: { readonly elements: readonly string[] };
  readonly value: { readonly elements: readonly string[] };
}
interface GetPage {
  readonly pairs: readonly WirePair[];
  readonly next_page_token: string;
  readonly as_of: { readonly op: number; readonly replica: string };
}
interface Put {
  readonly added: number;
  readonly receipt: { readonly op: number; readonly committed: boolean };
}
type Stats = { equal: boolean; replicas: { id: string; tuples: number | null }[] };

const tuple = (...elements: readonly string[]) => ({ elements });
const patterns = (...list: readonly string[]) => ({ patterns: list });

describe('faults: tuple space (S002, S003)', () => {
  const suite = clusterForSuite({ more: { chaos: true } });

  const configuration = () => path.join(suite.cluster.folder, 'front-end-1.json');
  const run = (...args: readonly string[]): Promise<CommandOutcome> => command(configuration(), 'tuples', ...args);
  const json = <T>(...args: readonly string[]): Promise<T> => commandJson<T>(configuration(), 'tuples', ...args);
  const client = (deadlineMs?: number): ServiceClient =>
    suite.cluster.serviceClient(tuplesContract, undefined, deadlineMs);

  /** Counts by `tuples stats`, which must find the replicas equal. */
  async function equalCounts(): Promise<number[]> {
    const { equal, replicas } = await json<Stats>('stats', '--wait', '30');
    expect(equal).to.equal(true);
    return replicas.map(({ tuples }) => tuples ?? NaN);
  }

  it('get, put, post, delete and whatever is none of them, as S002 has it (S002-08 to -13)', async function () {
    // Thirty commands, each a process.
    this.timeout(60_000);
    const put = await run('put', 'user 1', 'ann', 'user 2', 'bob x', 'user 3', 'c-d');
    expect(put).to.include({ code: 1, stderr: '' });
    expect(put.stdout)
      .to.match(/^Added 2 pairs\. /)
      .and.contain('entry 2, user 3 = ["c-d"]: its value has an element [0]');
    const again = await run('put', 'user 1', 'eve', '--json');
    expect(JSON.parse(again.stdout)).to.deep.include({
      added: 0,
      not_added: [
        {
          index: 0,
          key: ['user', '1'],
          value: ['eve'],
          reason: 'present',
          message: 'its key is there already; Post changes its value',
        },
      ],
    });
    const post = await run('post', 'user 1', 'anna', 'user 9', 'x', '--json');
    expect(JSON.parse(post.stdout))
      .to.include({ updated: 1 })
      .and.to.have.nested.property('not_used[0].reason', 'absent');
    for (const replica of ['primary', ...suite.cluster.replicas.map(({ id }) => id)]) {
      await until(async () => {
        const { pairs } = await json<{ pairs: unknown[] }>('get', 'user \\d', '--replica', replica);
        return JSON.stringify(pairs) === JSON.stringify(USERS);
      }, `${replica} holds what was put`);
    }
    expect(await json('get', 'user [^2]', 'a(?:nna)?')).to.deep.include({ pairs: USERS.slice(0, 1), problem: '' });
    expect((await run('scan')).stdout.trim().split('\n')).to.deep.equal(['user 1 = anna', 'user 2 = bob x']);

    for (const [keys, name, why] of [
      ['user (', 'malformed', 'unterminated subpattern'],
      ['user (?=1).', 'unsupported', 'lookahead'],
    ] as const)
      for (const verb of ['get', 'delete', 'scan']) {
        const refused = await run(verb, keys, '--json');
        expect(refused.code, verb).to.equal(1);
        expect(JSON.parse(refused.stdout)).to.include({ problem: name });
        expect(JSON.parse(refused.stdout))
          .to.have.property(verb === 'delete' ? 'removed' : 'pairs')
          .that.deep.equals([]);
        expect(refused.stderr).to.contain(why);
      }
    const file = path.join(suite.cluster.folder, 'pairs.json');
    writeFileSync(file, JSON.stringify([[['user', '4'], ['dan']], [['user', '5']]]));
    const list = await run('put', '--file', file);
    expect(list).to.include({ code: 2, stdout: '' });
    expect(list.stderr).to.contain('is malformed: entry 1 is no pair. Nothing was done.');
    const other = await run('frobnicate', 'x', '--hard');
    expect(other).to.include({ code: 2, stdout: '' });
    expect(other.stderr).to.contain('tuples frobnicate: not implemented.');

    expect(await json('delete', 'user .*', '.*')).to.deep.include({ removed: USERS.slice(0, 1), more: false });
    expect(await json('delete', 'user .*', '.* .*')).to.deep.include({ removed: USERS.slice(1) });
    expect(await equalCounts()).to.deep.equal([0, 0, 0]);
  });

  it('a pattern is not taken for the id of a group: it would delete others', async function () {
    this.timeout(60_000);
    await json('create', '--from', '1', '--to', '3', '--parallel');
    for (const [verb, id] of [
      ['delete-one', '.*'],
      ['delete-one', '[1-3]'],
      ['create-one', 'a b'],
      ['create-one', ''],
    ] as const) {
      const wrong = await run(verb, id, '--json');
      expect(wrong, `${verb} ${id}`).to.include({ code: 2, stdout: '' });
      expect(wrong.stderr).to.contain('is no id of a group');
    }
    expect(await equalCounts()).to.deep.equal([3, 3, 3]);
    await json('delete', '--from', '1', '--to', '3', '--parallel');
  });

  it('a method that is none is UNIMPLEMENTED (S002-13)', async () => {
    const [frontEnd] = suite.cluster.frontEnds;
    const caller = new Client(frontEnd?.address ?? '', ChannelCredentials.createInsecure());
    const asIs = (bytes: Buffer): Buffer => bytes;
    const error = await new Promise<ServiceError | null>((resolve) => {
      caller.makeUnaryRequest(`/${tuplesContract.fullName}/Frobnicate`, asIs, asIs, Buffer.alloc(0), resolve);
    });
    caller.close();
    expect(error).to.include({ code: status.UNIMPLEMENTED });
  });

  it(`errors: with ${RATE * 100} % of all calls failing ${GROUPS} of ${GROUPS} groups are created and deleted, and nothing seen is undone (S003)`, async function () {
    this.timeout(300_000);
    const chaos = suite.cluster.replicas.map(({ address }) => createChaosClient(address, CLUSTER_TOKEN));
    const watchers = watch();
    try {
      for (const one of chaos) await one.inject({ kind: 'errors', rate: RATE });
      const range = ['--from', '0', '--to', String(GROUPS - 1), '--parallel', '--timeout', '60'];
      let beginMs = performance.now();
      expect(await json('create', ...range)).to.deep.equal({ asked: GROUPS, done: GROUPS, failed: [] });
      say(`${GROUPS} groups were created in ${Math.round(performance.now() - beginMs)} ms`);
      expect(await equalCounts()).to.deep.equal([GROUPS, GROUPS, GROUPS]);
      const twice = await run('create-one', '7', '--json');
      expect(twice.code).to.equal(1);
      expect(JSON.parse(twice.stdout)).to.deep.equal({ id: '7', created: false, reason: 'present' });
      watchers.turn();
      beginMs = performance.now();
      expect(await json('delete', ...range)).to.deep.equal({ asked: GROUPS, done: GROUPS, failed: [] });
      say(`${GROUPS} groups were deleted in ${Math.round(performance.now() - beginMs)} ms`);
      expect((await run('stats')).stdout).to.match(/^\[true, \{"replica-1":0,"replica-2":0,"replica-3":0\}\]$/m);
      expect(await run('delete-one', '7')).to.include({ code: 1, stdout: 'Group 7 not deleted: there is no group 7.' });
    } finally {
      for (const one of chaos) await one.clear().finally(() => one.close());
      await watchers.stop();
    }
    const { looks, problems, seen } = watchers;
    say(`${looks()} looks of ${suite.cluster.replicas.length + 1} watchers saw ${seen()} groups come and go`);
    expect(problems.join('\n')).to.equal('');
    expect(seen(), 'the watchers saw what happened').to.be.above(GROUPS / 2);
    expect((await run('stats')).stdout).to.contain('[true, ');
  });

  /**
   * Readers who look at the groups all the time, one at each replica and one that wants the newest: while groups are created none
   * that was seen may be gone, and after `turn`, while they are deleted, none that was gone may be back.
   */
  function watch() {
    const problems: string[] = [];
    const stopped = new AbortController();
    const everSeen = new Set<string>();
    let count = 0;
    let isDeleting = false;
    const reader = async (replica: string): Promise<void> => {
      const service = client(1_000);
      let before = new Set<string>();
      let beforeWas = isDeleting;
      while (!stopped.signal.aborted) {
        const was = isDeleting;
        const now = await service
          .call<GetPage>('Get', {
            keys: patterns('group', '.*'),
            page_size: 1000,
            ...(replica === '' ? {} : { replica }),
          })
          .then(({ pairs }) => new Set(pairs.map(({ key }) => key.elements[1] ?? '')))
          .catch((error: unknown) => {
            if (error instanceof CallRefusedError) return undefined;
            throw error;
          });
        if (now === undefined) continue;
        count++;
        for (const id of now) everSeen.add(id);
        // A look during which things turned may have seen either.
        if (was === isDeleting && was === beforeWas) {
          const undone = was ? [...now].filter((id) => !before.has(id)) : [...before].filter((id) => !now.has(id));
          if (undone.length > 0)
            problems.push(`${replica || 'newest'}: ${was ? 'back' : 'gone'} again: ${undone.join(', ')}`);
        }
        before = now;
        beforeWas = was;
        await pause(5);
      }
    };
    const readers = ['', ...suite.cluster.replicas.map(({ id }) => id)].map(reader);
    return {
      problems,
      looks: () => count,
      seen: () => everSeen.size,
      turn: () => (isDeleting = true),
      stop: async () => {
        stopped.abort();
        await Promise.all(readers);
      },
    };
  }

  it('the primary is killed under puts: what was acknowledged is there, once, and repeats say the same (S002-01, -04)', async function () {
    this.timeout(120_000);
    const acknowledged = new Map<string, { readonly request: Record<string, unknown>; readonly answer: Put }>();
    const stopped = new AbortController();
    let next = 0;
    const putter = async (): Promise<void> => {
      const service = client();
      while (!stopped.signal.aborted) {
        const id = String(next++);
        const request = { request_id: uuidV7(), pairs: [{ key: tuple('k', id), value: tuple('v', id) }] };
        for (;;) {
          const answer = await service.call<Put>('Put', request).catch((error: unknown) => {
            if (error instanceof CallRefusedError) return undefined;
            throw error;
          });
          if (answer === undefined) continue;
          expect(answer.added, `put ${id} is new however often it is sent`).to.equal(1);
          acknowledged.set(id, { request, answer });
          break;
        }
      }
    };
    const putters = Array.from({ length: 8 }, putter);
    const enough = (count: number) => until(async () => acknowledged.size >= count, `${count} puts are acknowledged`);
    await enough(100);
    const killed = await suite.cluster.primary();
    await killed.process.kill();
    await enough(acknowledged.size + 200);
    await killed.process.start();
    await enough(acknowledged.size + 50);
    for (const { process } of suite.cluster.replicas) await process.kill();
    for (const { process } of suite.cluster.replicas) await process.start();
    await enough(acknowledged.size + 100);
    stopped.abort();
    await Promise.all(putters);
    await suite.cluster.level();
    say(`${acknowledged.size} puts were acknowledged`);

    for (const { id: replica } of suite.cluster.replicas) {
      const found = new Map<string, string>();
      for await (const { pairs } of client().stream<GetPage>(
        'Scan',
        { replica, keys: patterns('k', '\\d+') },
        forEver().signal,
      ))
        for (const { key, value } of pairs) {
          expect(found.has(key.elements[1] ?? ''), 'each pair once').to.equal(false);
          found.set(key.elements[1] ?? '', value.elements.join(' '));
        }
      const missing = [...acknowledged.keys()].filter((id) => found.get(id) !== `v ${id}`);
      expect(missing, `acknowledged and not at ${replica}`).to.deep.equal([]);
      expect(found.size).to.equal(acknowledged.size);
    }
    const service = client();
    for (const { request, answer } of [...acknowledged.values()].slice(0, 50)) {
      const { added, receipt } = await service.call<Put>('Put', request);
      expect([added, receipt.op]).to.deep.equal([answer.added, answer.receipt.op]);
    }
    const [count] = await equalCounts();
    expect(count).to.equal(acknowledged.size);
    const removed = await execa(process.execPath, [
      MAIN,
      'tuples',
      'delete',
      'k .*',
      '--config',
      configuration(),
      '--json',
    ]);
    const pages = removed.stdout.split('\n').map((line) => JSON.parse(line) as { removed: unknown[] });
    expect(pages.reduce((sum, page) => sum + page.removed.length, 0)).to.equal(acknowledged.size);
  });

  it('a replica that lost its files gets the pairs from the others', async function () {
    this.timeout(120_000);
    await json('put', 'a', '1', 'b', '2');
    await json('post', 'b', '3');
    await suite.cluster.level();
    const [backup] = suite.cluster.others(await suite.cluster.primary());
    if (backup === undefined) throw new Error('there are three');
    await backup.process.kill();
    rmSync(path.join(backup.folder, 'tuples.csv'));
    await backup.process.start();
    await suite.cluster.level();
    expect(await equalCounts()).to.deep.equal([2, 2, 2]);
    const { pairs } = await json<{ pairs: unknown }>('get', '.', '--replica', backup.id);
    expect(pairs).to.deep.equal([
      { key: ['a'], value: ['1'] },
      { key: ['b'], value: ['3'] },
    ]);
    const verify = await command(configuration(), 'verify');
    expect(verify.stdout.split('\n')[0]).to.equal('true');
    await json('delete', '[ab]');
  });

  it('100,000 pairs: a page of any search leaves others their time, and a scan gets all', async function () {
    this.timeout(180_000);
    const count = 100_000;
    const service = client(20_000);
    for (let first = 0; first < count; first += 1000) {
      const pairs = Array.from({ length: 1000 }, (_, at) => ({
        key: tuple('user', String(first + at)),
        value: tuple(`v${at % 7}`),
      }));
      expect((await service.call<Put>('Put', { pairs })).added).to.equal(1000);
    }
    const exactMs: number[] = [];
    for (let at = 0; at < 200; at++) {
      const id = String(at * 499);
      const beginMs = performance.now();
      const { pairs } = await service.call<GetPage>('Get', { keys: patterns('user', id) });
      exactMs.push(performance.now() - beginMs);
      expect(pairs.map(({ key }) => key.elements[1])).to.deep.equal([id]);
    }
    exactMs.sort((a, b) => a - b);
    say(`an exact key of ${count} is answered in ${exactMs[100]?.toFixed(2)} ms (median, over gRPC)`);
    const beginMs = performance.now();
    let found = 0;
    for await (const { pairs } of service.stream<GetPage>(
      'Scan',
      { keys: patterns('user', '\\d*7\\d*') },
      forEver().signal,
    ))
      found += pairs.length;
    say(`a scan of ${count} took ${Math.round(performance.now() - beginMs)} ms`);
    const expected = Array.from({ length: count }, (_, id) => String(id)).filter((id) => id.includes('7')).length;
    expect(found).to.equal(expected);
    expect(await equalCounts()).to.deep.equal([count, count, count]);
  });
});

const USERS = [
  { key: ['user', '1'], value: ['anna'] },
  { key: ['user', '2'], value: ['bob', 'x'] },
];

/** Never aborted. */
const forEver = () => new AbortController();
