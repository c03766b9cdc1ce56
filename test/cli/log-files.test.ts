import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { openSync, closeSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect } from 'chai';
import { LOG_FILE_VARIABLE } from '../../src/cli/child-protocol.js';
import { agedName, OwnLogFile, rotateClosed } from '../../src/cli/log-files.js';
import { PROJECT_ROOT, temporaryFolder } from './support/command-run.js';

describe('log files', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = temporaryFolder();
    file = path.join(folder, 'replica-1.log');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const textOf = (age: number): string | undefined =>
    existsSync(agedName(file, age)) ? readFileSync(agedName(file, age), 'utf8') : undefined;

  describe('nobody writes', () => {
    it('rotate: a full file is put aside, the oldest goes', () => {
      for (let turn = 1; turn <= 4; turn++) {
        writeFileSync(file, `${turn}`.repeat(10));
        rotateClosed(file, { bytesMax: 10, count: 3 });
      }
      expect([0, 1, 2, 3].map(textOf)).to.deep.equal([undefined, '4'.repeat(10), '3'.repeat(10), undefined]);
    });

    it('rotate: a smaller one stays, and a missing one is no fault', () => {
      rotateClosed(file, { bytesMax: 10, count: 3 });
      writeFileSync(file, 'small');
      rotateClosed(file, { bytesMax: 10, count: 3 });
      expect([0, 1].map(textOf)).to.deep.equal(['small', undefined]);
    });

    it('rotate: with a count of 1 nothing is kept', () => {
      writeFileSync(file, 'x'.repeat(10));
      rotateClosed(file, { bytesMax: 10, count: 1 });
      expect([0, 1].map(textOf)).to.deep.equal([undefined, undefined]);
    });
  });

  describe('a server writes', () => {
    /** A process with a server's log on this file, as a supervisor starts it, that writes numbered lines. */
    const write = async (lines: number, limits: object, named = file): Promise<void> => {
      const script = `
        import { serverLog } from './src/cli/server-log.ts';
        const log = serverLog({ replica: 'r' }, { logLevel: 'info', logFiles: ${JSON.stringify(limits)} });
        for (let line = 0; line < ${lines}; line++) { log.info({ line }, 'told'); log.debug('not told'); }
        console.error('the end, not through the log');
      `;
      const descriptor = openSync(file, 'a');
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
        cwd: PROJECT_ROOT,
        env: { ...process.env, [LOG_FILE_VARIABLE]: named },
        stdio: ['ignore', descriptor, descriptor],
      });
      closeSync(descriptor);
      expect(await once(child, 'exit')).to.deep.equal([0, null]);
    };
    const linesOf = (ages: readonly number[]): string[] =>
      ages.flatMap((age) => (textOf(age) ?? '').split('\n').filter((line) => line !== ''));

    it('rotate: no file grows beyond its size, and no line is lost or cut', async function () {
      this.timeout(30_000);
      const bytesMax = 4_096;
      await write(200, { bytesMax, count: 100 });
      const ages = Array.from({ length: 100 }, (_, age) => age).filter((age) => existsSync(agedName(file, age)));
      expect(ages.length).to.be.greaterThan(3);
      for (const age of ages) expect(statSync(agedName(file, age)).size, `${age}`).to.be.at.most(bytesMax + 100);
      const lines = linesOf(ages.toReversed());
      expect(lines.pop()).to.equal('the end, not through the log');
      expect(lines.map((line) => (JSON.parse(line) as { line: number }).line)).to.deep.equal([...Array(200).keys()]);
    });

    it('rotate: no more files than wished, the newest lines are kept', async function () {
      this.timeout(30_000);
      await write(200, { bytesMax: 2_048, count: 3 });
      expect([0, 1, 2].map((age) => existsSync(agedName(file, age)))).to.deep.equal([true, true, true]);
      expect(existsSync(agedName(file, 3))).to.equal(false);
      expect(linesOf([0]).at(-2)).to.include('"line":199');
    });

    it('rotate: where stdout is another file nothing is touched', async function () {
      this.timeout(30_000);
      const other = path.join(folder, 'other.log');
      writeFileSync(other, 'kept');
      await write(100, { bytesMax: 1_024, count: 3 }, other);
      expect(readFileSync(other, 'utf8')).to.equal('kept');
      expect(statSync(file).size).to.be.greaterThan(5_000);
      expect(existsSync(agedName(file, 1))).to.equal(false);
    });
  });

  it('own file: one that cannot be put aside goes on growing', () => {
    // A folder in the way of FILE.1.
    mkdirSync(path.join(agedName(file, 1), 'x'), { recursive: true });
    writeFileSync(file, 'old\n');
    const descriptor = openSync(file, 'a');
    const own = OwnLogFile.of(file, descriptor, { bytesMax: 5, count: 2 });
    if (own === undefined) throw new Error('it is the file');
    own.beforeLine(10);
    expect(readFileSync(file, 'utf8')).to.equal('old\n');
    closeSync(descriptor);
  });
});
