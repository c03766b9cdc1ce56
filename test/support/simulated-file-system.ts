import { assert } from '../../src/base/assert.js';
import type { FileStat, FileSystem, OpenFile } from '../../src/ports/file-system.js';
import {
  crashContent,
  crashNames,
  Inode,
  nameOf,
  parentOf,
  systemError,
  type NameChange,
  type Rng,
} from './simulated-inode.js';

/** What is about to happen to the simulated disk; counted, so that a test can stop at any one of them. */
export interface DiskOperation {
  readonly index: number;
  readonly kind: 'write' | 'truncate' | 'sync' | 'create' | 'makeFolder' | 'rename' | 'remove' | 'syncFolder';
  readonly path: string;
}

/** Thrown by every call from a crash on, until `restart`: the process is dead and sees nothing any more. */
export class CrashedError extends Error {
  override readonly name = 'CrashedError';
}

/** An asynchronous call that waits for the simulator. */
export interface PendingCall {
  readonly operation: string;
  readonly path: string;
  release(): void;
  /** The process dies during the call: of a write the system may have taken a part, as `rng` says. */
  abandon(rng: Rng): void;
}

const ROOT_ID = 1;

/**
 * A deterministic file system in memory. What was not fsynced is lost, kept or torn when the power fails, as a seeded
 * generator says: content by fsync of its file, names by fsync of their folder. Paths are absolute.
 */
export class SimulatedFileSystem implements FileSystem {
  readonly #root = new Inode('folder', ROOT_ID, 0);
  #inodes = new Map<number, Inode>([[ROOT_ID, this.#root]]);
  #nextId = ROOT_ID + 1;
  #nameChanges: NameChange[] = [];
  #locks = new Set<string>();
  #now = 1;
  #generation = 0;
  #isCrashed = false;
  #operations = 0;
  #used = 0;

  /** Called before each change to the disk; may throw, or call `stop` to let the process die right there. */
  onOperation: (operation: DiskOperation) => void = () => undefined;
  /** Bytes that all files together may take; further writes give ENOSPC after as many bytes as fit. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** Whether the fsync of this path fails, with `syncError`; what it should have made durable is on no disk then, for good. */
  failSync: (path: string) => boolean = () => false;
  syncError = 'EIO';
  /** When true, an fsync of a file is said to be done and makes nothing durable: what no guarantee survives. */
  isSyncLying = false;
  /** When true, asynchronous calls gather in `pending` until released; else they are done at once. */
  holdAsync = false;
  readonly pending: PendingCall[] = [];

  /** Changes to the disk so far. */
  get operations(): number {
    return this.#operations;
  }

  stat(path: string): FileStat | undefined {
    this.#assertAlive();
    return this.#find(path)?.stat();
  }

  list(folder: string): string[] {
    this.#assertAlive();
    return [...(this.#find(folder)?.names.keys() ?? [])].sort();
  }

  readFile(path: string): Uint8Array {
    this.#assertAlive();
    return Buffer.from(this.#need(path).content);
  }

  makeFolder(folder: string): void {
    if (folder === '/' || this.#find(folder) !== undefined) return;
    this.makeFolder(parentOf(folder));
    this.#change('makeFolder', folder);
    this.#link(folder, this.#create('folder'));
  }

  open(path: string, create: boolean): OpenFile {
    this.#assertAlive();
    let inode = this.#find(path);
    if (inode === undefined) {
      if (!create) throw systemError('ENOENT', `open '${path}'`);
      this.#change('create', path);
      inode = this.#create('file');
      this.#link(path, inode);
    }
    if (inode.kind === 'folder') throw systemError('EISDIR', `open '${path}'`);
    return new SimulatedFile(this, path, inode, this.#generation);
  }

  rename(from: string, to: string): void {
    const inode = this.#need(from);
    const replaced = this.#find(to);
    if (replaced === inode) return;
    if (replaced?.kind === 'folder' && replaced.names.size > 0) throw systemError('ENOTEMPTY', `rename to '${to}'`);
    this.#change('rename', `${from} ${to}`);
    const change: NameChange = {
      inode: inode.id,
      from: { folder: this.#need(parentOf(from)).id, name: nameOf(from) },
      to: { folder: this.#need(parentOf(to)).id, name: nameOf(to) },
    };
    if (replaced !== undefined) this.#drop(replaced);
    this.#need(parentOf(from)).names.delete(nameOf(from));
    this.#need(parentOf(to)).names.set(nameOf(to), inode.id);
    this.#nameChanges.push(change);
  }

  remove(path: string): void {
    this.#assertAlive();
    const inode = this.#find(path);
    if (inode === undefined) return;
    for (const name of this.list(path)) this.remove(`${path}/${name}`);
    this.#change('remove', path);
    const parent = this.#need(parentOf(path));
    parent.names.delete(nameOf(path));
    this.#nameChanges.push({ inode: inode.id, from: { folder: parent.id, name: nameOf(path) }, to: undefined });
    this.#drop(inode);
  }

  async syncFolder(folder: string): Promise<void> {
    this.#need(folder);
    await this.#wait('syncFolder', folder);
    this.#change('syncFolder', folder);
    if (this.failSync(folder)) throw systemError(this.syncError, `fsync '${folder}'`, 'fsync');
    const { id } = this.#need(folder);
    const [durable, left] = [[] as NameChange[], [] as NameChange[]];
    for (const change of this.#nameChanges) {
      (change.from?.folder === id || change.to?.folder === id ? durable : left).push(change);
    }
    this.#nameChanges = left;
    for (const change of durable) this.#applyDurable(change);
  }

  lockFolder(folder: string): { release(): void } | { holder: string } {
    this.#assertAlive();
    this.#need(folder);
    if (this.#locks.has(folder)) return { holder: 'process 1 (simulated)' };
    this.#locks.add(folder);
    const generation = this.#generation;
    return {
      release: () => {
        if (generation === this.#generation) this.#locks.delete(folder);
      },
    };
  }

  freeBytes(): number {
    return this.capacityBytes - this.#used;
  }

  /** The process dies here: every later call of it throws. The disk keeps what was written (see `crash`). */
  stop(): never {
    this.#isCrashed = true;
    throw new CrashedError('the simulated process has died');
  }

  /** Leaves room for this many more bytes. */
  limitRoom(bytes: number): void {
    this.capacityBytes = this.#used + bytes;
  }

  /** Makes all that was done durable, as after a long quiet time. */
  settle(): void {
    for (const change of this.#nameChanges) this.#applyDurable(change);
    this.#nameChanges = [];
    for (const inode of this.#inodes.values()) inode.sync();
  }

  /** kill -9: the system lives on with all that was written; files and locks of the dead process are released. */
  kill(): void {
    this.#generation++;
    this.#locks.clear();
    this.pending.length = 0;
    this.#isCrashed = false;
    this.onOperation = () => undefined;
  }

  /** Loss of power: what was not fsynced is lost, kept, reordered or torn as `rng` says; then all starts again. */
  crash(rng: Rng): void {
    this.kill();
    for (const inode of this.#inodes.values()) crashContent(inode, rng);
    crashNames(this.#inodes, this.#nameChanges, rng);
    this.#nameChanges = [];
    const living = new Map<number, Inode>();
    const visit = (inode: Inode): void => {
      living.set(inode.id, inode);
      inode.names = new Map(inode.durableNames);
      for (const id of inode.names.values()) visit(this.#byId(id));
    };
    visit(this.#root);
    this.#inodes = living;
    for (const inode of living.values()) inode.links = 1;
    this.#used = [...living.values()].reduce((sum, { content }) => sum + content.length, 0);
  }

  /** Rot: turns one bit of a file over, on the disk and in the cache, unseen by its times. */
  flipBit(path: string, offset: number, bit: number): void {
    const inode = this.#need(path);
    for (const bytes of [inode.content, inode.durable]) {
      const byte = bytes[offset];
      if (byte !== undefined) bytes[offset] = byte ^ (1 << bit);
    }
  }

  /** Whether there is a file, and no folder, of this name. */
  isFile(path: string): boolean {
    return this.#find(path)?.kind === 'file';
  }

  /** Somebody deletes a file, unseen by the process: one that has it open goes on writing into nothing. */
  deleteUnseen(path: string): void {
    const inode = this.#need(path);
    const parent = this.#need(parentOf(path));
    parent.names.delete(nameOf(path));
    this.#nameChanges.push({ inode: inode.id, from: { folder: parent.id, name: nameOf(path) }, to: undefined });
    this.#drop(inode);
  }

  /** A copy that shares nothing: to try many crashes from one point. */
  fork(): SimulatedFileSystem {
    const copy = new SimulatedFileSystem();
    copy.#inodes = new Map(
      [...this.#inodes].map(([id, inode]) => [id, inode.copyInto(id === ROOT_ID ? copy.#root : undefined)]),
    );
    copy.#nextId = this.#nextId;
    copy.#nameChanges = [...this.#nameChanges];
    copy.#now = this.#now;
    copy.#used = this.#used;
    return copy;
  }

  /** For the open files of this system. */
  readonly forFiles = {
    change: (kind: DiskOperation['kind'], path: string): void => this.#change(kind, path),
    wait: (operation: string, path: string, abandon?: (rng: Rng) => void): Promise<void> =>
      this.#wait(operation, path, abandon),
    assertOpen: (generation: number): void => {
      this.#assertAlive();
      if (generation !== this.#generation) throw new CrashedError('the file was opened by a process that is dead');
    },
    /** How many of these bytes fit, counted as used. */
    claim: (inode: Inode, offset: number, length: number): number => {
      const growth = Math.max(0, offset + length - inode.content.length);
      const room = Math.max(0, this.capacityBytes - this.#used);
      const granted = Math.min(growth, room);
      this.#used += granted;
      return length - (growth - granted);
    },
    released: (bytes: number): void => {
      this.#used -= bytes;
    },
    now: (): number => this.#now++,
  };

  #change(kind: DiskOperation['kind'], path: string): void {
    this.#assertAlive();
    this.onOperation({ index: this.#operations, kind, path });
    this.#operations++;
  }

  async #wait(operation: string, path: string, abandon: (rng: Rng) => void = () => undefined): Promise<void> {
    if (!this.holdAsync) return;
    await new Promise<void>((resolve) => {
      this.pending.push({ operation, path, release: resolve, abandon });
    });
  }

  #assertAlive(): void {
    if (this.#isCrashed) throw new CrashedError('the simulated process has died');
  }

  #create(kind: 'file' | 'folder'): Inode {
    const inode = new Inode(kind, this.#nextId++, this.#now++);
    this.#inodes.set(inode.id, inode);
    return inode;
  }

  #link(path: string, inode: Inode): void {
    const parent = this.#need(parentOf(path));
    parent.names.set(nameOf(path), inode.id);
    this.#nameChanges.push({ inode: inode.id, from: undefined, to: { folder: parent.id, name: nameOf(path) } });
  }

  #drop(inode: Inode): void {
    inode.links = 0;
    this.#used -= inode.content.length;
  }

  #applyDurable({ inode, from, to }: NameChange): void {
    if (from !== undefined) {
      const names = this.#inodes.get(from.folder)?.durableNames;
      if (names?.get(from.name) === inode) names.delete(from.name);
    }
    if (to !== undefined) this.#inodes.get(to.folder)?.durableNames.set(to.name, inode);
  }

  #find(path: string): Inode | undefined {
    assert(path.startsWith('/'), 'paths of the simulated disk are absolute');
    let inode: Inode | undefined = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const id: number | undefined = inode.names.get(name);
      if (id === undefined) return undefined;
      inode = this.#byId(id);
    }
    return inode;
  }

  #need(path: string): Inode {
    this.#assertAlive();
    const inode = this.#find(path);
    if (inode === undefined) throw systemError('ENOENT', `'${path}'`);
    return inode;
  }

  #byId(id: number): Inode {
    const inode = this.#inodes.get(id);
    assert(inode !== undefined, 'a name leads to an inode');
    return inode;
  }
}

class SimulatedFile implements OpenFile {
  constructor(
    readonly system: SimulatedFileSystem,
    readonly path: string,
    readonly inode: Inode,
    readonly generation: number,
  ) {}

  stat(): FileStat {
    this.system.forFiles.assertOpen(this.generation);
    return this.inode.stat();
  }

  read(offset: number, length: number): Uint8Array {
    this.system.forFiles.assertOpen(this.generation);
    return Buffer.from(this.inode.content.subarray(offset, offset + length));
  }

  async readAsync(offset: number, length: number): Promise<Uint8Array> {
    await this.system.forFiles.wait('read', this.path);
    return this.read(offset, length);
  }

  write(offset: number, bytes: Uint8Array): void {
    const { forFiles } = this.system;
    forFiles.assertOpen(this.generation);
    let crash: unknown;
    try {
      forFiles.change('write', this.path);
    } catch (error) {
      // The process dies inside the call: the system may have taken the bytes, and a crash may tear them.
      if (!(error instanceof CrashedError)) throw error;
      crash = error;
    }
    const fits = this.#take(offset, bytes);
    if (crash instanceof Error) throw crash;
    if (fits < bytes.length) throw systemError('ENOSPC', `write '${this.path}'`);
  }

  truncate(length: number): void {
    const { forFiles } = this.system;
    forFiles.assertOpen(this.generation);
    forFiles.change('truncate', this.path);
    if (length < this.inode.content.length) forFiles.released(this.inode.content.length - length);
    this.inode.truncate(length, forFiles.now());
  }

  async writeAsync(offset: number, bytes: Uint8Array): Promise<void> {
    const copy = Buffer.from(bytes);
    await this.system.forFiles.wait('write', this.path, (rng) => {
      this.#take(offset, copy.subarray(0, Math.floor(rng() * (copy.length + 1))));
    });
    this.write(offset, copy);
  }

  /** The system takes as many of the bytes as there is room for; returns how many. */
  #take(offset: number, bytes: Uint8Array): number {
    const { forFiles } = this.system;
    const fits = forFiles.claim(this.inode, offset, bytes.length);
    this.inode.write(offset, Buffer.from(bytes.subarray(0, fits)), forFiles.now());
    return fits;
  }

  async sync(): Promise<void> {
    const { forFiles } = this.system;
    forFiles.assertOpen(this.generation);
    const covered = this.inode.changes;
    await forFiles.wait('sync', this.path);
    forFiles.assertOpen(this.generation);
    forFiles.change('sync', this.path);
    if (this.system.failSync(this.path)) {
      this.inode.failSync();
      throw systemError(this.system.syncError, `fdatasync '${this.path}'`, 'fdatasync');
    }
    if (!this.system.isSyncLying) this.inode.sync(covered);
  }

  close(): void {
    // Nothing to release; the files of a dead process are known by their generation.
  }
}
