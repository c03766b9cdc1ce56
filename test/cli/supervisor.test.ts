import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { ProcessSpec } from '../../src/cli/supervisor/supervised-process.js';
import { type ProcessGroup, Supervisor } from '../../src/cli/supervisor/supervisor.js';
import { temporaryFolder } from './support/command-run.js';
import { isAlive, until } from './support/processes.js';

const READY = `process.send({ kind: 'ready' });`;
const STAY = `setInterval(() => {}, 1000); process.on('disconnect', () => process.exit(1));`;
/** Appends a line about this process to a file of its name. */
const NOTE = (what: string): string =>
  `require('node:fs').appendFileSync(process.argv[1] + '.' + process.argv[2], ${what} + '\\n');`;

describe('supervisor', () => {
  let folder: string;
  let reports: string[];
  let supervisor: Supervisor;
  beforeEach(() => {
    folder = temporaryFolder();
    reports = [];
  });
  afterEach(async () => {
    supervisor.kill();
    await supervisor.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const spec = (name: string, script: string): ProcessSpec => ({
    name,
    upDetail: '',
    command: process.execPath,
    args: ['-e', `${NOTE('process.pid')} ${script}`, path.join(folder, 'pids'), name],
    logFile: path.join(folder, `${name}.log`),
  });
  const supervise = (groups: readonly (readonly ProcessSpec[])[], stopWithinMs = 5_000): Supervisor => {
    const all: ProcessGroup[] = groups.map((specs) => ({ specs, isEssential: true }));
    supervisor = new Supervisor({ groups: all, report: (line) => reports.push(line), stopWithinMs });
    return supervisor;
  };
  const pids = (name: string): number[] => {
    const file = path.join(folder, `pids.${name}`);
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
  };
  const lastPid = (name: string): number => pids(name).at(-1) ?? 0;

  it('start: resolves when each has said that it is ready; log files hold what they print', async () => {
    const outcome = await supervise([
      [spec('a', `console.log('hello'); ${READY} ${STAY}`)],
      [spec('b', READY + STAY)],
    ]).start();
    expect(outcome).to.deep.equal({ kind: 'ready' });
    expect(reports.toSorted()).to.deep.equal(['a is up', 'b is up']);
    expect(readFileSync(path.join(folder, 'a.log'), 'utf8')).to.match(/^--- .*\nhello\n$/s);
  });

  it('restart: a process that is killed is up again, and it is said', async () => {
    await supervise([[spec('a', READY + STAY)]]).start();
    process.kill(lastPid('a'), 'SIGKILL');
    await until(() => reports.includes('a is up again'));
    expect(reports[1]).to.match(/^a has died \(killed by SIGKILL\); starting it again in 100 ms\. See .*a\.log$/);
    expect(pids('a')).to.have.length(2);
  });

  it('restart: exit code 75 is started again with --recover, once', async () => {
    const script = `if (process.argv.includes('--recover')) { ${NOTE("'recovered'")} ${READY} ${STAY} }
      else { ${READY} setTimeout(() => process.exit(75), 50); }`;
    await supervise([[spec('a', script)]]).start();
    await until(() => reports.includes('a is up again'));
    expect(reports[1]).to.contain('exit code 75').and.to.contain('with --recover');
    process.kill(Number(pids('a').at(-2)), 'SIGKILL');
    await until(() => reports.length >= 4);
    expect(reports[3]).not.to.contain('--recover');
  });

  it('restart: --recover stays until it is ready (a death in between)', async () => {
    const script = `const { readFileSync } = require('node:fs');
      const starts = readFileSync(process.argv[1] + '.' + process.argv[2], 'utf8').trim().split('\\n').length;
      if (starts === 1) process.exit(75);
      if (starts === 2) process.kill(process.pid, 'SIGKILL');
      if (process.argv.includes('--recover')) { ${READY} }
      ${STAY}`;
    const outcome = await supervise([[spec('a', script)]]).start();
    expect(outcome.kind).to.equal('ready');
    expect(reports[1]).to.match(/killed by SIGKILL.*with --recover/);
  });

  it('ended as asked: told as that, started again at once, and however often no death', async () => {
    const script = `const starts = require('node:fs').readFileSync(process.argv[1] + '.' + process.argv[2], 'utf8').trim().split('\\n').length;
      ${READY} ${STAY}
      if (starts <= 6) process.send({ kind: 'ending', why: 'a restart' }, () => process.exit(0));`;
    await supervise([[spec('a', script)]]).start();
    await until(() => reports.filter((line) => line === 'a is up again').length === 6, 15_000);
    expect(reports[1]).to.equal('a has ended as asked (a restart); starting it again');
    expect(supervisor.hasGivenUp).to.equal(false);
    process.kill(lastPid('a'), 'SIGKILL');
    await until(() => reports.filter((line) => line === 'a is up again').length === 7);
    expect(reports.find((line) => line.includes('has died'))).to.contain('in 100 ms');
  });

  it('cap: one that dies five times is given up and reported with its exit code; the others go on', async () => {
    await supervise([[spec('a', 'process.exit(3);'), spec('b', READY + STAY)]]).start();
    expect(reports.at(-1)).to.match(
      /^a has died 5 times within 30 s \(last: exit code 3\) and is given up; the others go on\. See /,
    );
    expect(pids('a')).to.have.length(5);
    expect(isAlive(lastPid('b'))).to.equal(true);
    expect(supervisor.hasGivenUp).to.equal(true);
  });

  it('cap: when a whole group is given up nothing useful runs', async () => {
    const outcome = await supervise([[spec('a', 'process.exit(3);')], [spec('b', READY + STAY)]]).start();
    expect(outcome).to.deep.equal({ kind: 'failed', message: 'all processes of a kind were given up' });
    await supervisor.untilHopeless();
  });

  it('failure told while starting: the start fails with that line alone', async () => {
    const fails = `process.send({ kind: 'failed', message: 'menu.csv: row 3: mend it.' }, () => process.exit(1));`;
    const outcome = await supervise([[spec('a', fails), spec('b', READY + STAY)]]).start();
    expect(outcome).to.deep.equal({ kind: 'failed', message: 'a: menu.csv: row 3: mend it.' });
    await supervisor.stop();
    expect(isAlive(lastPid('b'))).to.equal(false);
    expect(reports.filter((line) => line.startsWith('a '))).to.deep.equal([]);
  });

  it('stop: the first group has gone before the second is asked', async () => {
    const slow = `process.on('SIGTERM', () => setTimeout(() => { ${NOTE('Date.now()')} process.exit(0); }, 300));`;
    const quick = `process.on('SIGTERM', () => { ${NOTE('Date.now()')} process.exit(0); });`;
    await supervise([[spec('front', slow + READY + STAY)], [spec('back', quick + READY + STAY)]]).start();
    await supervisor.stop();
    expect(lastPid('back')).to.be.at.least(lastPid('front'));
    expect(reports).to.have.length(2);
  });

  it('stop: what does not end in time is killed, stopped processes too', async () => {
    await supervise(
      [[spec('a', `process.on('SIGTERM', () => {}); ${READY} ${STAY}`), spec('b', READY + STAY)]],
      300,
    ).start();
    process.kill(lastPid('b'), 'SIGSTOP');
    await supervisor.stop();
    expect([isAlive(lastPid('a')), isAlive(lastPid('b'))]).to.deep.equal([false, false]);
  });

  it('stop while a restart is waiting: it is not started again', async () => {
    await supervise([[spec('a', READY + STAY)]]).start();
    process.kill(lastPid('a'), 'SIGKILL');
    await until(() => reports.length === 2);
    await supervisor.stop();
    await pause(300);
    expect(pids('a')).to.have.length(1);
  });

  it('a command that cannot be run: is given up like one that dies', async () => {
    const bad = { ...spec('a', ''), command: path.join(folder, 'nothing') };
    const outcome = await supervise([[bad]]).start();
    expect(outcome.kind).to.equal('failed');
    expect(reports[0]).to.contain('could not be started');
  });

  it('a log that cannot be opened: is told, and nothing is left running', async () => {
    writeFileSync(path.join(folder, 'file'), '');
    const bad = { ...spec('a', READY + STAY), logFile: path.join(folder, 'file', 'a.log') };
    const outcome = await supervise([[bad]]).start();
    expect(outcome.kind).to.equal('failed');
    expect(reports[0]).to.contain('ENOTDIR');
  });
});
