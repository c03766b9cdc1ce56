import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { expect } from 'chai';
import type { NewOrder, OrderView } from '../../src/ports/ordering-client.js';
import { PROJECT_ROOT, temporaryFolder } from '../cli/support/command-run.js';
import { until } from '../cli/support/processes.js';

const ORDER = ['ann', 'add', '1', '2', '4', 'DH1 1JN', 'n', 'y'];

describe('client without a terminal', function () {
  this.timeout(20_000);
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function run(argv: readonly string[], fault = '', hasChannel = false) {
    const script = path.join(PROJECT_ROOT, 'test/cli/support/cli-process.ts');
    const sentFile = path.join(folder, 'sent');
    const child = spawn(process.execPath, ['--import', 'tsx', script, ...argv, '--front-end', '127.0.0.1:7400'], {
      cwd: PROJECT_ROOT,
      env: { ...process.env, XDG_STATE_HOME: folder, FAKE_FAULT: fault, FAKE_SENT_FILE: sentFile },
      stdio: ['pipe', 'pipe', 'pipe', hasChannel ? 'ipc' : 'ignore'],
    }) as ChildProcessByStdio<Writable, Readable, Readable>;
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
    return { child, exited, output: () => output, errors: () => errors };
  }
  const sent = (): NewOrder[] => {
    const file = path.join(folder, 'sent');
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as NewOrder);
  };
  const noted = (): string[] => readdirSync(path.join(folder, 'just-hungry/pending-orders'));

  it('lines of a pipe: the same dialogue, choices by number or word, exit 0', async () => {
    const { child, exited, output, errors } = run(['client']);
    child.stdin.end([...ORDER, 'orders', 'quit', ''].join('\n'));
    expect(await exited).to.equal(0);
    expect(errors()).to.equal('');
    expect(output()).to.contain('10) Quit [quit]').and.to.contain('Ordered.').and.to.contain('2 × Dal Tadka');
    expect(output()).to.match(/Goodbye\.\n$/);
    expect(sent()).to.have.length(1);
    expect(noted()).to.deep.equal([]);
  });

  it('end of input: exit 0 at once, also in the middle, also CR LF and no end of line', async () => {
    const { child, exited, output } = run(['client']);
    child.stdin.end('ann\r\nadd\r\n1\r\n2');
    expect(await exited).to.equal(0);
    expect(output())
      .to.contain('£13.90')
      .and.to.match(/Goodbye\.\n$/);
  });

  it('answers that fit nothing: are told and asked again, and a script that lost its place ends', async () => {
    const { child, exited, output } = run(['client']);
    child.stdin.end(`ann\n${'nonsense\n'.repeat(50)}`);
    expect(await exited).to.equal(0);
    expect(output().match(/"nonsense": give a number from 1 to 10/g)).to.have.length(20);
  });

  it('Ctrl-C with an order on its way: says what happens with it, exit 130; --resume places exactly that order', async () => {
    const first = run(['client'], 'hang');
    first.child.stdin.write(`${ORDER.join('\n')}\n`);
    await until(() => sent().length === 1, 15_000, first.output);
    const [order] = sent();
    first.child.kill('SIGINT');
    expect(await first.exited).to.equal(130);
    expect(first.output()).to.match(
      new RegExp(`Order ${order?.order_id} is on its way: it may have been placed.*--resume`),
    );
    expect(first.errors()).to.equal('');
    const second = run(['order', '--resume', '--json']);
    expect(await second.exited).to.equal(0);
    expect(sent()[1]).to.deep.equal(order);
    expect((JSON.parse(second.output()) as { order: OrderView }).order.order_id).to.equal(order?.order_id);
    expect(noted()).to.deep.equal([]);
  });

  it('kill -9 with an order on its way: the next client offers it and places exactly that order', async () => {
    const first = run(['client'], 'die');
    first.child.stdin.write(`${ORDER.join('\n')}\n`);
    expect(await first.exited).to.equal('SIGKILL');
    expect(noted()).to.deep.equal([`${sent()[0]?.order_id}.json`]);
    const second = run(['client']);
    second.child.stdin.end('ann\ny\nquit\n');
    expect(await second.exited).to.equal(0);
    expect(second.output()).to.contain('An earlier order has an unknown outcome').and.to.contain('Ordered.');
    expect(sent()[1]).to.deep.equal(sent()[0]);
  });

  it('order: kill -9 and Ctrl-C leave it to --resume', async () => {
    const argv = ['order', 'Dal Tadka', '--user', 'ann', '--postcode', 'DH1 1JN', '--notes', 'ring'];
    const first = run(argv, 'die');
    expect(await first.exited).to.equal('SIGKILL');
    const second = run(argv, 'hang');
    await until(() => sent().length === 2, 15_000, second.errors);
    second.child.kill('SIGINT');
    expect(await second.exited).to.equal(130);
    expect(second.errors()).to.match(/interrupted; order .* may have been placed\.\n.*--resume/);
    const third = run(['order', '--resume']);
    expect(await third.exited).to.equal(0);
    expect(sent().slice(2)).to.have.deep.members(sent().slice(0, 2));
    expect(noted()).to.deep.equal([]);
  });

  it('several clients at once: each orders once, none disturbs another', async () => {
    const clients = Array.from({ length: 5 }, () => run(['client'], 'lost-once'));
    for (const { child } of clients) child.stdin.end([...ORDER, 'quit', ''].join('\n'));
    for (const { exited } of clients) expect(await exited).to.equal(0);
    expect(new Set(sent().map((order) => order.order_id)).size).to.equal(5);
    expect(sent()).to.have.length(10);
    expect(noted()).to.deep.equal([]);
  });

  it('supervisor gone (its channel breaks): leaves with a farewell', async () => {
    const { child, output } = run(['client'], '', true);
    child.stdin.write('ann\n');
    await until(() => output().includes('10) Quit'), 15_000, output);
    // Not `close`: it does not come where the channel was closed at this end.
    const left = once(child, 'exit');
    child.disconnect();
    expect((await left)[0]).to.equal(130);
    await until(() => output().endsWith('Goodbye.\n'));
  });

  it('kitchen: prints events as lines of JSON until Ctrl-C', async () => {
    const { child, exited, output, errors } = run(['kitchen', '--json']);
    // Nothing is placed in that process: it only has to wait, and to leave cleanly once it listens for Ctrl-C.
    await until(() => existsSync(path.join(folder, 'sent.signals')), 15_000, errors);
    child.kill('SIGINT');
    expect(await exited).to.equal(130);
    expect([output(), errors()]).to.deep.equal(['', '']);
  });
});
