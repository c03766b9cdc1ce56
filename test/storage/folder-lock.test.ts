import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { nodeFileSystem } from '../../src/storage/node-file-system.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import type { FileSystemUnderTest } from '../contract/file-system.js';
import { onDisk } from '../support/storage-folders.js';

const LOCK_MODULE = fileURLToPath(new URL('../../src/storage/folder-lock.ts', import.meta.url));

/** Starts a process that tries for the lock, says `held` or `refused …`, and lives on when it holds it. */
function contender(folder: string): { child: ChildProcess; said: Promise<string> } {
  const code = `
    import { lockFolder } from ${JSON.stringify(LOCK_MODULE)};
    const lock = lockFolder(${JSON.stringify(folder)});
    process.stdout.write('holder' in lock ? 'refused: ' + lock.holder : 'held');
    if (!('holder' in lock)) setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--import=tsx', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = once(child.stdout, 'data').then(([data]) => String(data));
  return { child, said };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

describe('folder lock: between processes', function () {
  this.timeout(30_000);
  let under: FileSystemUnderTest;
  let children: ChildProcess[];

  const start = (): Promise<string> => {
    const { child, said } = contender(under.folder);
    children.push(child);
    return said;
  };

  beforeEach(() => {
    under = onDisk();
    children = [];
  });
  afterEach(async () => {
    for (const child of children) await end(child);
    under.dispose();
  });

  it('is refused while another process has it, naming that, and free after its kill -9', async () => {
    expect(await start()).to.equal('held');
    const holder = children[0];
    if (holder === undefined) throw new Error('it was started');
    expect(() => openReplicaStorage(nodeFileSystem, under.folder)).to.throw(
      new RegExp(`${under.folder} is in use by process ${holder.pid} started 20`),
    );
    await end(holder);
    const storage = openReplicaStorage(nodeFileSystem, under.folder);
    expect(readdirSync(under.folder).length).to.equal(1);
    storage.close();
    expect(readdirSync(under.folder)).to.deep.equal([]);
  });

  it('goes to at most one of many that start together over a dead one', async () => {
    expect(await start()).to.equal('held');
    for (const child of children) await end(child);
    const said = await Promise.all(Array.from({ length: 6 }, () => start()));
    expect(said.filter((each) => each === 'held').length, said.join('; ')).to.equal(1);
  });

  it('is not held by a process of the same id that started later, or before the last boot', () => {
    const names = nodeFileSystem.lockFolder(under.folder);
    if ('holder' in names) throw new Error('it is free');
    const [own = ''] = readdirSync(under.folder);
    names.release();
    const [, pid, begun, boot] = own.split('-');
    for (const stale of [`lock-${pid}-${Number(begun) - 5}-${boot}`, `lock-${pid}-${begun}-0123456789ab`]) {
      writeFileSync(`${under.folder}/${stale}`, 'process of another time');
      const lock = nodeFileSystem.lockFolder(under.folder);
      expect(lock, stale).to.have.property('release');
      expect(readdirSync(under.folder)).to.deep.equal([own]);
      if ('release' in lock) lock.release();
    }
  });

  it('tells a folder that cannot be written', () => {
    mkdirSync(`${under.folder}/x`);
    writeFileSync(`${under.folder}/x/file`, '');
    expect(() => openReplicaStorage(nodeFileSystem, `${under.folder}/x/file/sub`)).to.throw(
      /cannot write to the replica's folder .*file\/sub \(ENOTDIR.*check its owner/,
    );
  });
});
