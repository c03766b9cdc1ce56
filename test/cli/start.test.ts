import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { expect } from 'chai';
import { freePorts } from '../support/free-ports.js';
import { PROJECT_ROOT, temporaryFolder } from './support/command-run.js';
import { isAlive, until } from './support/processes.js';

interface Note {
  readonly pid: number;
  readonly command: string;
  readonly id: string;
  readonly args: readonly string[];
}

interface Started {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  stdout(): string;
  stderr(): string;
  readonly exited: Promise<number | null>;
}

describe('start', function () {
  this.timeout(30_000);
  let folder: string;
  let file: string;
  let ports: number[];
  const running: Started[] = [];

  beforeEach(async () => {
    folder = temporaryFolder();
    // Not those that the system hands out by itself: another process would get one before the servers of this test listen.
    ports = await freePorts(4);
    file = path.join(folder, 'cluster.json');
    writeFileSync(
      file,
      JSON.stringify({
        replicas: [1, 2, 3].map((n) => ({ id: `replica-${n}`, address: `127.0.0.1:${ports[n]}`, resources: `r${n}` })),
        frontEnds: [{ id: 'front-end-1', address: `127.0.0.1:${ports[0]}` }],
      }),
    );
    mkdirSync(path.join(folder, 'package/dist/cli'), { recursive: true });
    writeFileSync(path.join(folder, 'package/package.json'), '{"type":"module"}');
    copyFileSync(
      path.join(import.meta.dirname, 'support/server-stand-in.mjs'),
      path.join(folder, 'package/dist/cli/main.js'),
    );
  });
  afterEach(async () => {
    for (const { child, exited } of running.splice(0)) {
      child.kill('SIGKILL');
      await exited;
    }
    await until(() => notes().every(({ pid }) => !isAlive(pid)));
    rmSync(folder, { recursive: true, force: true });
  });

  function start(args: readonly string[] = [], env: Record<string, string> = {}): Started {
    const script = path.join(import.meta.dirname, 'support/cli-process.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script, 'start', '--config', file, ...args], {
      cwd: PROJECT_ROOT,
      env: { ...process.env, FAKE_PACKAGE_ROOT: path.join(folder, 'package'), FAKE_NOTES: notesFile(), ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const exited = once(child, 'close').then(([code]) => code as number | null);
    const started = { child, stdout: () => stdout, stderr: () => stderr, exited };
    running.push(started);
    return started;
  }
  const notesFile = (): string => path.join(folder, 'notes');
  const notes = (): Note[] =>
    existsSync(notesFile())
      ? readFileSync(notesFile(), 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Note)
      : [];
  const isUp = (one: Started) => () => one.stdout().includes('All is up');

  it('up: a line for each, tokens and logs made; Ctrl-C stops all with exit 0', async () => {
    const one = start();
    await until(isUp(one), 15_000, () => one.stderr());
    const lines = one.stdout().trim().split('\n');
    expect(lines.slice(0, 4).toSorted()).to.deep.equal([
      `front-end-1 is up on 127.0.0.1:${ports[0]}`,
      'replica-1 is up',
      'replica-2 is up',
      'replica-3 is up',
    ]);
    expect(readFileSync(path.join(folder, 'token'), 'utf8')).to.match(/^[0-9a-f]{64}\n$/);
    for (const name of ['replica-1', 'front-end-1', 'start'])
      expect(existsSync(path.join(folder, `logs/${name}.log`)), name).to.equal(true);
    one.child.kill('SIGINT');
    expect(await one.exited).to.equal(0);
    expect(notes().map(({ pid }) => isAlive(pid))).to.deep.equal([false, false, false, false]);
    expect(one.stderr()).to.equal('');
  });

  it('killed: a server that is killed is up again', async () => {
    const one = start();
    await until(isUp(one));
    const victim = notes().find(({ id }) => id === 'replica-2');
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    await until(() => one.stdout().includes('replica-2 is up again'));
    expect(notes().filter(({ id }) => id === 'replica-2')).to.have.length(2);
  });

  it('kill -9 of the supervisor: nothing is left running', async () => {
    const one = start();
    await until(isUp(one));
    one.child.kill('SIGKILL');
    await one.exited;
    await until(() => notes().every(({ pid }) => !isAlive(pid)));
    // And the next start is not kept out by what it left.
    const two = start();
    await until(isUp(two), 15_000, () => two.stderr());
  });

  it('second start of the same cluster: one line, exit 1; the first goes on', async () => {
    const one = start();
    await until(isUp(one));
    const two = start();
    expect(await two.exited).to.equal(1);
    expect(two.stderr()).to.match(
      /^just-hungry: .*cluster\.json has been started already \(process \d+.*\); stop that first.*\n$/,
    );
    expect(notes().map(({ pid }) => isAlive(pid))).to.deep.equal([true, true, true, true]);
  });

  it('ports taken: a line that names address, server and field; nothing is started', async () => {
    const server = createServer();
    server.listen(ports[2], '127.0.0.1');
    await once(server, 'listening');
    try {
      const one = start();
      expect(await one.exited).to.equal(1);
      expect(one.stderr()).to.equal(
        `just-hungry: 127.0.0.1:${ports[2]} (replica-2) is in use by another program; stop that, or change replicas[1].address in ${file}.\n`,
      );
      expect(notes()).to.deep.equal([]);
    } finally {
      server.close();
    }
  });

  it('ports taken: those of metrics too', async () => {
    const [http] = await freePorts(1);
    const configuration = JSON.parse(readFileSync(file, 'utf8')) as { replicas: { http?: string }[] };
    Object.assign(configuration.replicas[1] ?? {}, { http: `127.0.0.1:${http}` });
    writeFileSync(file, JSON.stringify(configuration));
    const server = createServer();
    server.listen(http, '127.0.0.1');
    await once(server, 'listening');
    try {
      const one = start();
      expect(await one.exited).to.equal(1);
      expect(one.stderr()).to.match(/ \(replica-2, metrics\) is in use .* change replicas\[1\]\.http in /);
      expect(notes()).to.deep.equal([]);
    } finally {
      server.close();
    }
  });

  it('bad configuration: a line, exit 2; nothing is started', async () => {
    writeFileSync(file, '{"replicas":[]}');
    const one = start();
    expect(await one.exited).to.equal(2);
    expect(one.stderr()).to.contain(`just-hungry: ${file}: replicas is []`);
    expect(notes()).to.deep.equal([]);
  });

  it('a folder that cannot be used: a line, exit 1; nothing is started', async () => {
    writeFileSync(path.join(folder, 'r2'), '');
    const one = start();
    expect(await one.exited).to.equal(1);
    expect(one.stderr()).to.match(/^just-hungry: .*\/r2 is a file, not a folder; move it away\./);
    expect(notes()).to.deep.equal([]);
  });

  it('an unwritable folder: a line, exit 1', async () => {
    // Root may write everywhere but there.
    writeFileSync(file, readFileSync(file, 'utf8').replace('"r3"', '"/proc/just-hungry"'));
    const one = start();
    expect(await one.exited).to.equal(1);
    expect(one.stderr()).to.match(/^just-hungry: \/proc\/just-hungry cannot be written \(E[A-Z]+\); make it a folder/);
    expect(notes()).to.deep.equal([]);
  });

  it('missing build: a line, exit 1', async () => {
    rmSync(path.join(folder, 'package/dist'), { recursive: true });
    const one = start();
    expect(await one.exited).to.equal(1);
    expect(one.stderr()).to.match(
      /^just-hungry: .*main\.js is missing: the program is not built; run npm run build\.\n$/,
    );
  });

  it('a server that cannot start: its line, exit 1, nothing left running', async () => {
    const one = start([], { FAKE_FAIL: 'replica-3' });
    expect(await one.exited).to.equal(1);
    expect(one.stderr()).to.contain('just-hungry: replica-3: replica-3 has a broken menu.csv: mend it.');
    expect(notes().filter(({ pid }) => isAlive(pid))).to.deep.equal([]);
  });

  it('a server that keeps dying: is given up and told; the others go on, and the exit code tells', async () => {
    const one = start([], { FAKE_DIE: 'replica-3' });
    await until(() => one.stdout().includes('Ctrl-C stops it'), 15_000);
    expect(one.stdout()).to.contain(
      'front-end-1, replica-1, replica-2 run; replica-3 is not up. Orders are taken; log files in',
    );
    expect(one.stdout()).to.not.contain('All is up');
    expect(one.stdout()).to.contain('replica-3 has died 5 times within 30 s (last: exit code 9) and is given up');
    one.child.kill('SIGTERM');
    expect(await one.exited).to.equal(1);
  });

  it('a replica that recovers, and no orders yet: what is up and what is not', async () => {
    const one = start([], { FAKE_RECOVERING: `${ports[2]}` });
    await until(() => one.stdout().includes('Ctrl-C stops it'), 15_000);
    expect(one.stdout()).to.match(
      /front-end-1, replica-1, replica-2, replica-3 run; replica-2 is recovering from the others\. Orders are taken; log files/,
    );
    expect(one.stdout()).to.not.contain('All is up');
  });

  it('--offline: a stand-in runs and the front ends are pointed to it', async () => {
    const one = start(['--offline']);
    await until(isUp(one));
    const standIn = notes().find(({ command }) => command === 'postcodes-stand-in');
    const port = standIn?.args[standIn.args.indexOf('--port') + 1];
    const frontEnd = notes().find(({ command }) => command === 'front-end');
    expect(frontEnd?.args.slice(-2)).to.deep.equal(['--postcodes-url', `http://127.0.0.1:${port}`]);
  });

  it('--client: opens the client here; when it is left all stops, with its exit code', async () => {
    const one = start(['--client']);
    await until(() => one.stdout().includes('client is open'));
    one.child.stdin.end();
    expect(await one.exited).to.equal(7);
    expect(notes().filter(({ pid }) => isAlive(pid))).to.deep.equal([]);
  });

  it('--client: kill -9 of the supervisor ends the client too', async () => {
    const one = start(['--client']);
    await until(() => one.stdout().includes('client is open'));
    one.child.kill('SIGKILL');
    await until(() => notes().every(({ pid }) => !isAlive(pid)));
  });

  it('--client: SIGTERM ends the client too', async () => {
    const one = start(['--client']);
    await until(() => one.stdout().includes('client is open'));
    one.child.kill('SIGTERM');
    await one.exited;
    expect(notes().filter(({ pid }) => isAlive(pid))).to.deep.equal([]);
  });

  it('Ctrl-C twice: kills at once', async () => {
    const stubborn = readFileSync(path.join(folder, 'package/dist/cli/main.js'), 'utf8').replace(
      `process.on('SIGTERM', () => process.exit(0))`,
      `process.on('SIGTERM', () => undefined)`,
    );
    writeFileSync(path.join(folder, 'package/dist/cli/main.js'), stubborn);
    const one = start();
    await until(isUp(one));
    one.child.kill('SIGINT');
    await until(() => one.stdout().includes('Stopping'));
    one.child.kill('SIGINT');
    await one.exited;
    expect(notes().filter(({ pid }) => isAlive(pid))).to.deep.equal([]);
  });
});
