import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { EVENTS_FILE } from '../../src/cli/replica-events.js';
import { Cluster, type Replica } from '../support/cluster.js';
import { freePorts } from '../support/free-ports.js';
import { NoticeReceiver } from '../support/notice-receiver.js';
import { MAIN } from '../support/server-process.js';
import { until } from '../support/until.js';

/** What several replicas see, or only one can: each is one notice. */
const KINDS = ['unhealthy', 'healthy', 'became-primary', 'recovering', 'recovered', 'damage', 'read-only', 'writable'];

describe('faults: being told', () => {
  let folder = '';
  let receiver: NoticeReceiver;
  let cluster: Cluster | undefined;

  /** A cluster that tells of KINDS, at a webhook and by a command that writes a file. */
  const start = async (): Promise<Cluster> => {
    const script = path.join(folder, 'notice.mjs');
    writeFileSync(
      script,
      `import { appendFileSync, readFileSync } from 'node:fs';
       const { key } = JSON.parse(readFileSync(0, 'utf8'));
       if (key !== process.env.JUST_HUNGRY_EVENT_KEY) process.exit(1);
       appendFileSync(process.argv[2], key + '\\n');`,
    );
    const command = [process.execPath, script, path.join(folder, 'told')];
    cluster = await Cluster.start({ notify: { webhook: `${receiver.url}/hook?secret=s`, command, on: KINDS } });
    await cluster.level();
    return cluster;
  };
  /** Keys that the command got, in their order. */
  const commanded = (): string[] => {
    const file = path.join(folder, 'told');
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  };
  /** How often each kind has come since, as `kind subject`; of peers only `about`: a busy machine may miss others for a moment. */
  const told = (from: number, about?: Replica): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { kind, subject } of receiver.notices.slice(from)) {
      if (about !== undefined && subject !== '' && subject !== about.id) continue;
      const name = `${kind} ${subject}`.trim();
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };
  /** Kills the primary with kill -9, waits for another one, starts it again; what people are told of that. */
  const failOver = async (running: Cluster): Promise<{ dead: Replica; notices: Record<string, number> }> => {
    const from = receiver.notices.length;
    const dead = await running.primary();
    await dead.process.kill();
    await until(() => told(from)[`unhealthy ${dead.id}`] !== undefined, 'it is told');
    await running.primary();
    await dead.process.start();
    await running.joined(dead);
    await until(
      () => told(from)[`healthy ${dead.id}`] !== undefined,
      () => `the end is told: ${JSON.stringify(told(from))}`,
    );
    const keys = () => receiver.notices.map(({ key }) => key).toSorted();
    await until(
      () => JSON.stringify(commanded().toSorted()) === JSON.stringify(keys()),
      () => `the command got the same: ${JSON.stringify([commanded().toSorted(), keys()])}`,
    );
    // Who dies between being heard and noting it leaves the next one to tell it again, under its key: that is another test.
    await until(
      () => keys().every((key) => ['webhook', 'command'].every((way) => notedAsTold(running).has(`${key} ${way}`))),
      () => `it is noted that ${keys().join()} were told: ${[...notedAsTold(running)].join()}`,
    );
    return { dead, notices: told(from, dead) };
  };
  /** `KEY WAY` of everything that some replica has noted as told. */
  const notedAsTold = ({ replicas }: Cluster): Set<string> => {
    const texts = replicas.map((replica) => readFileSync(path.join(replica.folder, 'logs', EVENTS_FILE), 'utf8'));
    const noted = texts.join('\n').matchAll(/"kind":"notified",.*"subject":"(\w+)",.*"key":"([^"]+)"/g);
    return new Set([...noted].map(([, way, key]) => `${key} ${way}`));
  };

  beforeEach(async function () {
    this.timeout(60_000);
    folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-notices-'));
    const [port = 0] = await freePorts(1);
    receiver = await NoticeReceiver.start(port);
  });
  afterEach(async function () {
    this.timeout(60_000);
    const hasFailed = this.currentTest?.state === 'failed';
    if (hasFailed) {
      console.error(receiver.notices);
      cluster?.printLogs(30);
    }
    await cluster?.end({ keepFiles: hasFailed });
    cluster = undefined;
    await receiver.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('kill -9 of the primary, twice: one notice of each kind each time, at the webhook and at the command', async () => {
    const running = await start();
    for (let failure = 0; failure < 2; failure++) {
      const { dead, notices } = await failOver(running);
      expect(notices).to.deep.equal({
        [`unhealthy ${dead.id}`]: 1,
        'became-primary': 1,
        [`healthy ${dead.id}`]: 1,
      });
    }
    const keys = receiver.notices.map(({ key }) => key);
    expect(new Set(keys).size).to.equal(keys.length);
    expect(commanded().toSorted()).to.deep.equal(keys.toSorted());
    // The address of the webhook is a secret of whoever wrote it into the configuration.
    for (const { process } of running.replicas)
      expect(readFileSync(process.logFile, 'utf8')).to.not.contain('secret=s');
  });

  it('the webhook is down for a while: told once when it is up again, in order', async () => {
    const running = await start();
    const from = receiver.notices.length;
    await receiver.stop();
    const dead = await running.primary();
    await dead.process.kill();
    // The command is told meanwhile: one way does not wait for the other.
    await until(() => commanded().some((key) => key.startsWith(`unhealthy/${dead.id}/`)), 'the command was told');
    await running.primary();
    await dead.process.start();
    await running.joined(dead);
    expect(receiver.notices.slice(from)).to.deep.equal([]);
    await receiver.restart();
    await until(() => told(from)[`healthy ${dead.id}`] !== undefined, 'all is told');
    expect(told(from, dead)).to.deep.equal({
      [`unhealthy ${dead.id}`]: 1,
      'became-primary': 1,
      [`healthy ${dead.id}`]: 1,
    });
    const order = receiver.notices.slice(from).flatMap(({ kind, subject }) => (subject === dead.id ? [kind] : []));
    expect(order).to.deep.equal(['unhealthy', 'healthy']);
  });

  it('who tells dies before the webhook took it: another one tells, under the same key', async () => {
    const running = await start();
    const from = receiver.notices.length;
    await receiver.stop();
    const first = await running.primary();
    await first.process.kill();
    const second = await running.primary();
    await until(() => commanded().some((key) => key.startsWith(`unhealthy/${first.id}/`)), 'the second tells');
    await first.process.start();
    await running.joined(first);
    await second.process.kill();
    await running.primary();
    await receiver.restart();
    await until(() => told(from)[`unhealthy ${second.id}`] !== undefined, 'of the second');
    await until(() => told(from)[`unhealthy ${first.id}`] !== undefined, 'of the first');
    const [key = ''] = commanded().filter((one) => one.startsWith(`unhealthy/${first.id}/`));
    const ofFirst = receiver.notices.slice(from).filter((one) => one.key.startsWith(`unhealthy/${first.id}/`));
    expect(ofFirst.map((one) => one.key)).to.deep.equal([key]);
    // The command had been told of it, and was not told again.
    expect(commanded().filter((one) => one.startsWith(`unhealthy/${first.id}/`))).to.have.length(1);
  });

  it('two of three die: one notice that orders are closed, one when they open again', async () => {
    const running = await start();
    const primary = await running.primary();
    const from = receiver.notices.length;
    const [survivor, other] = running.others(primary);
    if (survivor === undefined || other === undefined) throw new Error('there are two backups');
    await Promise.all([primary.process.kill(), other.process.kill()]);
    await until(() => told(from)['read-only'] === 1, 'closed');
    await Promise.all([primary.process.start(), other.process.start()]);
    await until(() => told(from)['writable'] === 1, 'open');
    await running.level();
    expect(told(from)).to.include({ 'read-only': 1, writable: 1 });
  });

  it('events --follow: kill, view change and recovery of a wiped replica, in order, over its restart', async () => {
    const running = await start();
    const dead = await running.primary();
    const config = path.join(running.folder, 'replica-1.json');
    const child = spawn(process.execPath, [MAIN, 'events', '--follow', '--json', '--last', '1', '--config', config]);
    let text = '';
    let notes = '';
    child.stdout.on('data', (piece: Buffer) => (text += piece.toString()));
    child.stderr.on('data', (piece: Buffer) => (notes += piece.toString()));
    const seen = () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as { kind: string; replica: string; subject: string; time: string });
    try {
      await until(() => seen().length > 0, 'it follows');
      await dead.process.kill();
      const next = await running.primary();
      for (const name of ['replica.json', 'journal', 'checkpoint', 'orders.csv'])
        rmSync(path.join(dead.folder, name), { recursive: true, force: true });
      await dead.process.start();
      await running.joined(dead);
      const story = [
        { kind: 'unhealthy', subject: dead.id },
        { kind: 'view-change' },
        { kind: 'became-primary', replica: next.id },
        { kind: 'started', replica: dead.id },
        { kind: 'recovering', replica: dead.id },
        { kind: 'recovered', replica: dead.id },
      ];
      const isTold = (part: (typeof story)[number], from: number): number =>
        seen().findIndex(
          (event, at) => at >= from && Object.entries(part).every(([name, value]) => event[name as 'kind'] === value),
        );
      await until(
        () => story.reduce((from, part) => (from < 0 ? from : isTold(part, from)), 0) >= 0,
        () => `the story is told: ${text}`,
      );
      const times = seen().map(({ time }) => time);
      expect(times).to.deep.equal(times.toSorted());
      expect(notes)
        .to.match(new RegExp(`${dead.id} does not answer`))
        .and.match(new RegExp(`${dead.id} answers again`));
      child.kill('SIGINT');
      const code = await new Promise((resolve) => child.on('exit', resolve));
      expect(code).to.equal(130);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
