import { present } from '../../base/assert.js';
import { withRoom } from './columns.js';
import { ABSENT } from './id-index.js';

const SLOTS_MIN = 64;
/** Slots are doubled when more than this share is taken. */
const LOAD_MAX = 0.6;
const ASCII_MAX = 0x7f;
const HASH_START = 0x811c9dc5;
const HASH_FACTOR = 0x01000193;

/** From name to number, 0, 1, 2 … in the order they came. A name can be looked up as the bytes of a file, undecoded. */
export class NameIndex {
  readonly #names: string[] = [];
  #hashes = new Int32Array(SLOTS_MIN);
  /** Number + 1; 0 is free. */
  #slots = new Int32Array(SLOTS_MIN);

  /** How many names it holds. */
  get count(): number {
    return this.#names.length;
  }

  /** The name of this number, which must exist. */
  nameOf(number: number): string {
    return present(this.#names[number], 'a number stands for a name');
  }

  /** The names from this number on. */
  namesFrom(number: number): readonly string[] {
    return this.#names.slice(number);
  }

  /** Number of a name; ABSENT when it is not there. */
  find(name: string): number {
    return this.#find(name, hashOfText(name));
  }

  /** As `find`, of the ASCII text in bytes from `start` to `end`; ABSENT also when the text is not ASCII. */
  findBytes(bytes: Uint8Array, start: number, end: number): number {
    let hash = HASH_START;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte > ASCII_MAX) return ABSENT;
      hash = Math.imul(hash ^ byte, HASH_FACTOR);
    }
    hash = finished(hash);
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] as number) - 1;
      if (number === ABSENT) return ABSENT;
      if (this.#hashes[number] === hash && isSame(this.#names[number] as string, bytes, start, end)) return number;
    }
  }

  /** Number of a name, which is added when it is new. */
  findOrAdd(name: string): number {
    const hash = hashOfText(name);
    const known = this.#find(name, hash);
    if (known !== ABSENT) return known;
    const number = this.#names.push(name) - 1;
    this.#hashes = withRoom(this.#hashes, number + 1);
    this.#hashes[number] = hash;
    if (this.count > this.#slots.length * LOAD_MAX) this.#rebuild(this.#slots.length * 2);
    else this.#place(number);
    return number;
  }

  #find(name: string, hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#slots[slot] as number) - 1;
      if (number === ABSENT) return ABSENT;
      if (this.#hashes[number] === hash && this.#names[number] === name) return number;
    }
  }

  #place(number: number): void {
    const mask = this.#slots.length - 1;
    let slot = present(this.#hashes[number], 'a name has a hash') & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = number + 1;
  }

  #rebuild(length: number): void {
    this.#slots = new Int32Array(length);
    for (let number = 0; number < this.count; number++) this.#place(number);
  }
}

/** FNV-1a over UTF-16 units: for ASCII the same as over the bytes of the file. */
function hashOfText(text: string): number {
  let hash = HASH_START;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), HASH_FACTOR);
  return finished(hash);
}

/** Spreads the upper bits over the lower ones, which choose the slot. */
function finished(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

function isSame(name: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index++) if (name.charCodeAt(index) !== bytes[start + index]) return false;
  return true;
}
