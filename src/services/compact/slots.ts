import type { UuidWords } from '../uuid.js';

const SLOTS_MIN = 64;
/** There are more slots when more than this share is taken: linear probing stays short. */
const LOAD_MAX = 0.7;
const GROWTH = 1.5;
/** Room beyond what was asked for, so that not the next record moves them all. */
const MARGIN = 1.05;
const HASHES = 2 ** 32;
/** Parts of the slots, told by the upper bits of the hash; and from how many records on they are worth it. */
const PARTS = 256;
const PART_SHIFT = 24;
const PARTED_COUNT_MIN = 1 << 17;
const WORDS = 4;

/** What a search returns that found nothing. */
export const NOT_FOUND = -1;

/** From hash to record number: open addressing with linear probing over one typed array, 6 to 9 bytes a record. */
export class Slots {
  /** Record number + 1; 0 is free. */
  #slots = new Int32Array(SLOTS_MIN);
  #count = 0;
  readonly #hashOf: (record: number) => number;

  /** `hashOf`: the hash that a record was added with. */
  constructor(hashOf: (record: number) => number) {
    this.#hashOf = hashOf;
  }

  /** The record under this hash of which `isIt` holds; NOT_FOUND when there is none. */
  find(hash: number, isIt: (record: number) => boolean): number {
    const slots = this.#slots;
    for (let slot = this.#slotOf(hash); ; slot = slot + 1 === slots.length ? 0 : slot + 1) {
      const record = (slots[slot] as number) - 1;
      if (record === NOT_FOUND || isIt(record)) return record;
    }
  }

  /** Adds the next record. */
  add(record: number, hash: number): void {
    if (this.#count + 1 > this.#slots.length * LOAD_MAX) this.#rebuild(Math.ceil(this.#slots.length * GROWTH));
    this.#place(record, hash);
    this.#count++;
  }

  /** Makes room for `count` records at once. */
  reserve(count: number): void {
    const length = Math.ceil((count * MARGIN) / LOAD_MAX);
    if (length > this.#slots.length) this.#rebuild(length);
  }

  #place(record: number, hash: number): void {
    const slots = this.#slots;
    let slot = this.#slotOf(hash);
    while (slots[slot] !== 0) slot = slot + 1 === slots.length ? 0 : slot + 1;
    slots[slot] = record + 1;
  }

  #slotOf(hash: number): number {
    return Math.floor(((hash >>> 0) / HASHES) * this.#slots.length);
  }

  /** Takes `count` records, of which none but those that were added is there yet. */
  takeAll(count: number): void {
    this.#count = count;
    this.#rebuild(Math.max(this.#slots.length, Math.ceil((count * MARGIN) / LOAD_MAX)));
  }

  #rebuild(length: number): void {
    this.#slots = new Int32Array(length);
    if (this.#count >= PARTED_COUNT_MIN) this.#placeInParts();
    else for (let record = 0; record < this.#count; record++) this.#place(record, this.#hashOf(record));
  }

  /** Places all records part by part of the slots, each small enough for the processor's cache: several times as fast. */
  #placeInParts(): void {
    const count = this.#count;
    const begins = new Int32Array(PARTS + 1);
    const all = new Int32Array(count);
    for (let record = 0; record < count; record++) {
      const hash = this.#hashOf(record);
      all[record] = hash;
      const part = (hash >>> PART_SHIFT) + 1;
      begins[part] = (begins[part] as number) + 1;
    }
    for (let part = 1; part <= PARTS; part++) begins[part] = (begins[part] as number) + (begins[part - 1] as number);
    const records = new Int32Array(count);
    const hashes = new Int32Array(count);
    for (let record = 0; record < count; record++) {
      const hash = all[record] as number;
      const part = hash >>> PART_SHIFT;
      const at = begins[part] as number;
      begins[part] = at + 1;
      records[at] = record;
      hashes[at] = hash;
    }
    for (let at = 0; at < count; at++) this.#place(records[at] as number, hashes[at] as number);
  }
}

/** Mixes all 128 bits of a UUID into 32: ids may be sequential, or differ in one word only (UUIDv1, v7). */
export function hashOfWords(words: UuidWords, at: number): number {
  let hash = 0;
  for (let index = at; index < at + WORDS; index++) {
    hash = Math.imul(hash ^ (words[index] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0x85ebca6b);
  return hash ^ (hash >>> 16);
}
