import { expect } from 'chai';
import type { FileSystem } from '../../src/ports/file-system.js';

/** A file system to test, with an empty folder in it. */
export interface FileSystemUnderTest {
  readonly fileSystem: FileSystem;
  readonly folder: string;
  dispose(): void;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const bytes = (content: string): Buffer => Buffer.from(content);

/** What every FileSystem does, the simulator's disk included. */
export function fileSystemContract(name: string, make: () => FileSystemUnderTest): void {
  describe(`file system: ${name}`, () => {
    let fileSystem: FileSystem;
    let folder: string;
    let under: FileSystemUnderTest;

    beforeEach(() => {
      under = make();
      ({ fileSystem, folder } = under);
    });
    afterEach(() => under.dispose());

    const write = (file: string, content: string): void => {
      const open = fileSystem.open(`${folder}/${file}`, true);
      open.write(0, bytes(content));
      open.close();
    };

    it('writes and reads anywhere in a file', async () => {
      const open = fileSystem.open(`${folder}/a`, true);
      open.write(0, bytes('hello world'));
      await open.writeAsync(6, bytes('there, you'));
      await open.sync();
      expect(text(open.read(0, 100))).to.equal('hello there, you');
      expect(text(open.read(6, 5))).to.equal('there');
      expect(text(await open.readAsync(6, 5))).to.equal('there');
      expect(text(await open.readAsync(13, 100))).to.equal('you');
      expect((await open.readAsync(50, 5)).length).to.equal(0);
      expect(open.read(50, 5).length).to.equal(0);
      open.write(18, bytes('!'));
      expect([...open.read(15, 10)]).to.deep.equal([...bytes('u\0\0!')]);
      open.close();
      expect(text(fileSystem.readFile(`${folder}/a`))).to.equal('hello there, you\0\0!');
    });

    it('keeps the content of a file that is opened again, with or without create', () => {
      write('a', 'content');
      for (const create of [true, false]) {
        const open = fileSystem.open(`${folder}/a`, create);
        expect(text(open.read(0, 10))).to.equal('content');
        open.close();
      }
    });

    it('cuts and extends a file', () => {
      const open = fileSystem.open(`${folder}/a`, true);
      open.write(0, bytes('content'));
      open.truncate(3);
      expect(open.stat().bytes).to.equal(3);
      open.truncate(5);
      expect(text(open.read(0, 10))).to.equal('con\0\0');
      open.close();
    });

    it('throws ENOENT for what is not there; stat, list and remove do not', () => {
      for (const act of [
        () => fileSystem.open(`${folder}/a`, false),
        () => fileSystem.readFile(`${folder}/a`),
        () => fileSystem.rename(`${folder}/a`, `${folder}/b`),
        () => fileSystem.open(`${folder}/none/a`, true),
      ]) {
        expect(act).to.throw().with.property('code', 'ENOENT');
      }
      expect(fileSystem.stat(`${folder}/a`)).to.equal(undefined);
      expect(fileSystem.list(`${folder}/none`)).to.deep.equal([]);
      fileSystem.remove(`${folder}/a`);
    });

    it('makes folders with those above, lists sorted, removes with all that is in them', () => {
      fileSystem.makeFolder(`${folder}/x/y`);
      fileSystem.makeFolder(`${folder}/x/y`);
      write('x/y/b', '');
      write('x/y/a', '');
      expect(fileSystem.list(`${folder}/x/y`)).to.deep.equal(['a', 'b']);
      fileSystem.remove(`${folder}/x`);
      expect(fileSystem.list(folder)).to.deep.equal([]);
    });

    it('renames files over others, and folders; not over a folder that holds something', async () => {
      write('a', 'new');
      write('b', 'old');
      fileSystem.rename(`${folder}/a`, `${folder}/b`);
      expect(fileSystem.list(folder)).to.deep.equal(['b']);
      expect(text(fileSystem.readFile(`${folder}/b`))).to.equal('new');
      fileSystem.makeFolder(`${folder}/x`);
      write('x/c', 'c');
      fileSystem.rename(`${folder}/x`, `${folder}/y`);
      await fileSystem.syncFolder(folder);
      expect(fileSystem.list(`${folder}/y`)).to.deep.equal(['c']);
      fileSystem.makeFolder(`${folder}/z`);
      expect(() => fileSystem.rename(`${folder}/z`, `${folder}/y`))
        .to.throw()
        .with.property('code', 'ENOTEMPTY');
    });

    it('shows a file that was removed or replaced while open', () => {
      const open = fileSystem.open(`${folder}/a`, true);
      open.write(0, bytes('mine'));
      expect(open.stat().links).to.equal(1);
      expect(open.stat().inode).to.equal(fileSystem.stat(`${folder}/a`)?.inode);
      fileSystem.remove(`${folder}/a`);
      expect(open.stat().links).to.equal(0);
      open.write(4, bytes(' still'));
      expect(text(open.read(0, 20))).to.equal('mine still');
      write('a', 'other');
      expect(open.stat().inode).to.not.equal(fileSystem.stat(`${folder}/a`)?.inode);
      open.close();
    });

    it('locks a folder until it is released, and says who has it', () => {
      const first = fileSystem.lockFolder(folder);
      if ('holder' in first) throw new Error('the first must get it');
      const second = fileSystem.lockFolder(folder);
      expect(second)
        .to.have.property('holder')
        .that.matches(/^process \d+/);
      first.release();
      const third = fileSystem.lockFolder(folder);
      if ('holder' in third) throw new Error('it had been released');
      third.release();
    });

    it('tells how much room there is', () => {
      expect(fileSystem.freeBytes(folder)).to.be.greaterThan(0);
    });
  });
}
