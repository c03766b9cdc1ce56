import { assert } from '../../base/assert.js';
import { textOfWords, wordsOfText, type UuidWords } from '../uuid.js';
import { withRoom } from './columns.js';

/** What `find` returns when an id is not there. */
export const ABSENT = -1;

const WORDS = 4;
const SLOTS_MIN = 64;
/** Slots are doubled when more than this share is taken: linear probing stays short. */
const LOAD_MAX = 0.6;

/**
 * From UUID to record number, 0, 1, 2 … in the order of `add`: open addressing with linear probing over typed arrays,
 * 16 bytes for the id and 7 to 14 for its slots, where a Map of strings takes over 100.
 */
export class IdIndex {
  #words: UuidWords = new Uint32Array(SLOTS_MIN * WORDS);
  /** Record number + 1; 0 is free. */
  #slots = new Int32Array(SLOTS_MIN);
  #count = 0;
  readonly #scratch: UuidWords = new Uint32Array(WORDS);

  /** How many ids it holds. */
  get count(): number {
    return this.#count;
  }

  /** Record number of an id; ABSENT when it is not there or is no canonical UUID. */
  find(id: string): number {
    return wordsOfText(id, this.#scratch, 0) ? this.findWords(this.#scratch) : ABSENT;
  }

  /** As `find`, of an id given as its words. */
  findWords(words: UuidWords): number {
    const mask = this.#slots.length - 1;
    for (let slot = mix(words, 0) & mask; ; slot = (slot + 1) & mask) {
      const record = (this.#slots[slot] as number) - 1;
      if (record === ABSENT || this.isAt(record, words)) return record;
    }
  }

  /** Adds an id that is not there; returns its record number. */
  add(id: string): number {
    assert(wordsOfText(id, this.#scratch, 0), 'an id in the index is a canonical UUID');
    const record = this.addNewWords(this.#scratch);
    assert(record !== ABSENT, 'an id is indexed once');
    return record;
  }

  /** As `add`, of an id given as its words; ABSENT when the id is there already, and nothing changes. */
  addNewWords(words: UuidWords): number {
    if (this.#count + 1 > this.#slots.length * LOAD_MAX) this.#rebuild(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    let slot = mix(words, 0) & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask)
      if (this.isAt((this.#slots[slot] as number) - 1, words)) return ABSENT;
    const record = this.#count++;
    this.#slots[slot] = record + 1;
    this.#words = withRoom(this.#words, this.#count * WORDS);
    const at = record * WORDS;
    for (let index = 0; index < WORDS; index++) this.#words[at + index] = words[index] as number;
    return record;
  }

  /** Makes room for `count` ids at once. */
  reserve(count: number): void {
    let length = this.#slots.length;
    while (count > length * LOAD_MAX) length *= 2;
    if (length > this.#slots.length) this.#rebuild(length);
    this.#words = withRoom(this.#words, count * WORDS);
  }

  /** The id of a record. */
  idAt(record: number): string {
    assert(record >= 0 && record < this.#count, 'the record exists');
    return textOfWords(this.#words, record * WORDS);
  }

  /** Whether the record is there and has this id. */
  isAt(record: number, words: UuidWords): boolean {
    const at = record * WORDS;
    return (
      record < this.#count &&
      this.#words[at] === words[0] &&
      this.#words[at + 1] === words[1] &&
      this.#words[at + 2] === words[2] &&
      this.#words[at + 3] === words[3]
    );
  }

  #place(record: number): void {
    const mask = this.#slots.length - 1;
    let slot = mix(this.#words, record * WORDS) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = record + 1;
  }

  #rebuild(length: number): void {
    this.#slots = new Int32Array(length);
    for (let record = 0; record < this.#count; record++) this.#place(record);
  }
}

/** Mixes all 128 bits: ids may be sequential, or differ in one word only (UUIDv1, v7). */
function mix(words: UuidWords, at: number): number {
  let hash = 0;
  for (let index = at; index < at + WORDS; index++) {
    hash = Math.imul(hash ^ (words[index] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0x85ebca6b);
  return hash ^ (hash >>> 16);
}
