import { expect } from 'chai';
import { fileSystemContract } from '../contract/file-system.js';
import { CrashedError } from '../support/simulated-file-system.js';
import { seededRng } from '../support/simulated-inode.js';
import { onDisk, simulated } from '../support/storage-folders.js';

fileSystemContract('node', () => onDisk());
fileSystemContract('simulated', () => simulated());

describe('simulated file system: faults', () => {
  const bytes = (content: string): Buffer => Buffer.from(content);

  it('loses names and content that were not fsynced, for some seeds, and keeps what was for all', async () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const { fileSystem, folder } = simulated();
      const a = fileSystem.open(`${folder}/a`, true);
      a.write(0, bytes('durable'));
      await a.sync();
      await fileSystem.syncFolder(folder);
      a.write(7, bytes(' more'));
      fileSystem.open(`${folder}/b`, true).write(0, bytes('b'));
      fileSystem.rename(`${folder}/a`, `${folder}/c`);
      fileSystem.crash(seededRng(seed));
      const names = fileSystem.list(folder);
      const left = names.find((name) => name !== 'b') ?? 'none';
      const content = Buffer.from(fileSystem.readFile(`${folder}/${left}`)).toString();
      expect(content.startsWith('durable'), `seed ${seed}`).to.equal(true);
      seen.add(`${names.join('')} ${content.length > 7}`);
    }
    expect(seen.size, [...seen].join('; ')).to.be.greaterThan(5);
  });

  it('keeps everything written over a kill -9, and frees the lock', () => {
    const { fileSystem, folder } = simulated();
    const open = fileSystem.open(`${folder}/a`, true);
    open.write(0, bytes('kept'));
    fileSystem.lockFolder(folder);
    fileSystem.kill();
    expect(() => open.read(0, 1)).to.throw(CrashedError);
    expect(Buffer.from(fileSystem.readFile(`${folder}/a`)).toString()).to.equal('kept');
    expect(fileSystem.lockFolder(folder)).to.have.property('release');
  });

  it('runs full after as many bytes as fit; removing makes room', () => {
    const { fileSystem, folder } = simulated();
    fileSystem.capacityBytes = 10;
    const a = fileSystem.open(`${folder}/a`, true);
    a.write(0, bytes('12345678'));
    expect(() => a.write(8, bytes('90ab')))
      .to.throw()
      .with.property('code', 'ENOSPC');
    expect(Buffer.from(a.read(0, 20)).toString()).to.equal('1234567890');
    a.write(0, bytes('over'));
    fileSystem.remove(`${folder}/a`);
    expect(fileSystem.freeBytes()).to.equal(10);
  });

  it('holds asynchronous calls until they are released', async () => {
    const { fileSystem, folder } = simulated();
    const open = fileSystem.open(`${folder}/a`, true);
    fileSystem.holdAsync = true;
    const done = open.writeAsync(0, bytes('late'));
    expect(open.stat().bytes).to.equal(0);
    fileSystem.pending.shift()?.release();
    await done;
    expect(open.stat().bytes).to.equal(4);
  });

  it('shows what a failed fsync did not write until the power fails, also over a later fsync that succeeds', async () => {
    const { fileSystem, folder } = simulated();
    const open = fileSystem.open(`${folder}/a`, true);
    await fileSystem.syncFolder(folder);
    open.write(0, bytes('lost'));
    fileSystem.failSync = () => true;
    const failure = await open.sync().catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'EIO');
    fileSystem.failSync = () => false;
    open.write(4, bytes('kept'));
    await open.sync();
    fileSystem.kill();
    expect(Buffer.from(fileSystem.readFile(`${folder}/a`)).toString()).to.equal('lostkept');
    fileSystem.crash(seededRng(1));
    expect(Buffer.from(fileSystem.readFile(`${folder}/a`)).toString()).to.equal('\0\0\0\0kept');
  });

  it('takes any part of a write in which the process died', async () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const { fileSystem, folder } = simulated();
      fileSystem.holdAsync = true;
      void fileSystem.open(`${folder}/a`, true).writeAsync(0, bytes('1234'));
      await Promise.resolve();
      fileSystem.pending.shift()?.abandon(seededRng(seed));
      fileSystem.kill();
      const left = Buffer.from(fileSystem.readFile(`${folder}/a`)).toString();
      expect('1234'.startsWith(left), left).to.equal(true);
      lengths.add(left.length);
    }
    expect([...lengths].toSorted((one, other) => one - other)).to.deep.equal([0, 1, 2, 3, 4]);
  });

  it('keeps a deleted file writable for the process that has it open', async () => {
    const { fileSystem, folder } = simulated();
    const open = fileSystem.open(`${folder}/a`, true);
    fileSystem.deleteUnseen(`${folder}/a`);
    open.write(0, bytes('into nothing'));
    await open.sync();
    expect(open.stat().links).to.equal(0);
    expect(fileSystem.stat(`${folder}/a`)).to.equal(undefined);
  });
});
