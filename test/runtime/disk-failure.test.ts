import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { isDiskInDoubt } from '../../src/runtime/disk-failure.js';

describe('runtime: which failures leave the disk in doubt (rule 10)', () => {
  it('a failed fsync and an error of the disk do, also as the cause of another error', () => {
    const closed = openSync(process.execPath, 'r');
    closeSync(closed);
    expect(isDiskInDoubt(thrownBy(() => fdatasyncSync(closed)))).to.equal(true);
    const io = Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO', syscall: 'write' });
    expect(isDiskInDoubt(io)).to.equal(true);
    expect(isDiskInDoubt(new Error('the table was not written', { cause: io }))).to.equal(true);
  });

  it('a folder that cannot be made, too many open files and a broken rule do not: a sound log is not forgotten for them', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-'));
    writeFileSync(path.join(folder, 'checkpoint'), '');
    const notAFolder = thrownBy(() => mkdirSync(path.join(folder, 'checkpoint', '10')));
    rmSync(folder, { recursive: true });
    expect(isDiskInDoubt(notAFolder)).to.equal(false);
    const manyFiles = Object.assign(new Error('EMFILE'), { code: 'EMFILE', syscall: 'open' });
    expect(isDiskInDoubt(manyFiles)).to.equal(false);
    expect(isDiskInDoubt(new Error('a rule is broken'))).to.equal(false);
    expect(isDiskInDoubt('no error')).to.equal(false);
  });
});

function thrownBy(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
