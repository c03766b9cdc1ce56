import { expect } from 'chai';
import { EXIT_RECOVER } from '../../src/cli/child-protocol.js';
import { EXIT_RESTART, exitCodeOf, exitCodeOfFailedStart } from '../../src/cli/exit-codes.js';

const failing = (fields: object): Error => Object.assign(new Error('it failed'), fields);

describe('exit codes', () => {
  it('exit code: a failed fsync, or a folder that was set back, makes the next start believe nothing (a running replica)', () => {
    for (const why of ['diskFailed', 'setBack', 'resync'] as const) expect(exitCodeOf(why), why).to.equal(EXIT_RECOVER);
    for (const why of ['damaged', 'writeFailed', 'bug'] as const) expect(exitCodeOf(why), why).to.equal(EXIT_RESTART);
  });

  it('exit code: only a failed fsync makes the next start believe nothing (a replica that cannot start)', () => {
    expect(exitCodeOfFailedStart(failing({ code: 'EIO', syscall: 'fdatasync' }))).to.equal(EXIT_RECOVER);
    expect(exitCodeOfFailedStart(failing({ cause: failing({ syscall: 'fsync' }) }))).to.equal(EXIT_RECOVER);
    expect(exitCodeOfFailedStart(failing({ code: 'EACCES' }))).to.equal(EXIT_RESTART);
    expect(exitCodeOfFailedStart('a word')).to.equal(EXIT_RESTART);
  });
});
