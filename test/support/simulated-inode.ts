import type { FileStat } from '../../src/ports/file-system.js';

/** A number from 0 up to, not including, 1; the same sequence for the same seed. */
export type Rng = () => number;

/** A small seeded generator (mulberry32). */
export function seededRng(seed: number): Rng {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A place in a folder. */
export interface Place {
  readonly folder: number;
  readonly name: string;
}

/** A creation (no `from`), removal (no `to`) or rename that is not durable yet; happens whole or not at all. */
export interface NameChange {
  readonly inode: number;
  readonly from: Place | undefined;
  readonly to: Place | undefined;
}

type Pending = { readonly offset: number; readonly bytes: Buffer } | { readonly length: number };

/** A file or folder with what the process sees of it and what the disk is certain to hold. */
export class Inode {
  content: Buffer = Buffer.alloc(0);
  durable: Buffer = Buffer.alloc(0);
  pending: Pending[] = [];
  names = new Map<string, number>();
  durableNames = new Map<string, number>();
  links = 1;
  #synced = 0;
  /** An fsync has failed: what it covered is in the cache and will never be on the disk. */
  #isCacheLying = false;

  constructor(
    readonly kind: 'file' | 'folder',
    readonly id: number,
    public modifiedMs: number,
  ) {}

  stat(): FileStat {
    const { id, links, modifiedMs } = this;
    return { bytes: this.content.length, inode: id, links, modifiedMs, changedMs: modifiedMs };
  }

  write(offset: number, bytes: Buffer, nowMs: number): void {
    this.content = applied(this.content, { offset, bytes });
    this.pending.push({ offset, bytes });
    this.modifiedMs = nowMs;
  }

  truncate(length: number, nowMs: number): void {
    this.content = applied(this.content, { length });
    this.pending.push({ length });
    this.modifiedMs = nowMs;
  }

  /** How many changes have been made so far: what an fsync that begins now covers. */
  get changes(): number {
    return this.#synced + this.pending.length;
  }

  /** Makes the first `upTo` changes durable: an fsync covers nothing that was written after it began. */
  sync(upTo = this.changes): void {
    const count = upTo - this.#synced;
    if (count <= 0) return;
    if (count === this.pending.length && !this.#isCacheLying) this.durable = Buffer.from(this.content);
    else for (const change of this.pending.slice(0, count)) this.durable = applied(this.durable, change);
    this.pending = this.pending.slice(count);
    this.#synced = upTo;
  }

  /** An fsync fails: the system forgets that these changes were to be written; only the cache shows them from now on. */
  failSync(): void {
    this.#synced = this.changes;
    if (this.pending.length > 0) this.#isCacheLying = true;
    this.pending = [];
  }

  /** The power failed: the cache is gone, what is read from now on is what the disk holds. */
  restart(content: Buffer): void {
    this.content = content;
    this.durable = Buffer.from(content);
    this.pending = [];
    this.#isCacheLying = false;
  }

  copyInto(target = new Inode(this.kind, this.id, this.modifiedMs)): Inode {
    target.content = Buffer.from(this.content);
    target.durable = Buffer.from(this.durable);
    target.pending = [...this.pending];
    target.names = new Map(this.names);
    target.durableNames = new Map(this.durableNames);
    target.links = this.links;
    target.#isCacheLying = this.#isCacheLying;
    target.#synced = this.#synced;
    return target;
  }
}

function applied(content: Buffer, change: Pending): Buffer {
  if ('length' in change) {
    const result = Buffer.alloc(change.length);
    content.copy(result, 0, 0, change.length);
    return result;
  }
  const { offset, bytes } = change;
  if (bytes.length === 0) return content;
  if (offset + bytes.length <= content.length) {
    bytes.copy(content, offset);
    return content;
  }
  const result = Buffer.alloc(offset + bytes.length);
  content.copy(result);
  bytes.copy(result, offset);
  return result;
}

/** What the disk holds of a file after the power failed: of the changes that were not fsynced any part, torn anywhere. */
export function crashContent(inode: Inode, rng: Rng): void {
  let content: Buffer = Buffer.from(inode.durable);
  const keep = [0, 1, rng(), rng()][Math.floor(rng() * 4)] ?? 0;
  for (const change of inode.pending) {
    if (rng() >= keep) continue;
    const isTorn = 'bytes' in change && rng() < 0.5;
    content = applied(content, isTorn ? torn(change, rng) : change);
  }
  inode.restart(content);
}

function torn({ offset, bytes }: { offset: number; bytes: Buffer }, rng: Rng): Pending {
  const cut = Math.floor(rng() * bytes.length);
  // Either part of a write can be the one that reached the disk.
  return rng() < 0.7 ? { offset, bytes: bytes.subarray(0, cut) } : { offset: offset + cut, bytes: bytes.subarray(cut) };
}

/** What the disk holds of names: of the changes that were not fsynced any that still make sense without the others. */
export function crashNames(inodes: ReadonlyMap<number, Inode>, changes: readonly NameChange[], rng: Rng): void {
  const keep = [0, 1, rng()][Math.floor(rng() * 3)] ?? 0;
  for (const { inode, from, to } of changes) {
    if (rng() >= keep) continue;
    const source = from === undefined ? undefined : inodes.get(from.folder)?.durableNames;
    if (from !== undefined && source?.get(from.name) !== inode) continue;
    if (from !== undefined) source?.delete(from.name);
    if (to !== undefined) inodes.get(to.folder)?.durableNames.set(to.name, inode);
  }
}

/** The folder of an absolute path. */
export function parentOf(path: string): string {
  const at = path.replace(/\/+$/, '').lastIndexOf('/');
  return at <= 0 ? '/' : path.slice(0, at);
}

/** The last part of a path. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** An error as Node's file system throws it. */
export function systemError(code: string, what: string, syscall?: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), syscall === undefined ? { code } : { code, syscall });
}
