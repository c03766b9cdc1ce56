import { assert } from '../../base/assert.js';
import { wordsOfText, type UuidWords } from '../uuid.js';
import { withRoom } from './columns.js';
import { ABSENT } from './id-index.js';
import { hashOfWords, Slots } from './slots.js';

const ROOM_FIRST = 64;
const WORDS = 4;

/**
 * As IdIndex, for ids that are seldom looked up: memory has a hash of 32 bits of each, and where that fits the id itself is
 * asked for, which costs a read. Four bytes for the hash and 6 to 9 for its slot.
 */
export class HashedIds {
  #hashes = new Int32Array(ROOM_FIRST);
  readonly #slots = new Slots((record) => this.#hashes[record] as number);
  #count = 0;
  readonly #scratch: UuidWords = new Uint32Array(WORDS);
  readonly #found: UuidWords = new Uint32Array(WORDS);
  readonly #idAt: (record: number) => string;

  /** `idAt`: the id of a record, canonical, from where it is kept. */
  constructor(idAt: (record: number) => string) {
    this.#idAt = idAt;
  }

  /** How many ids it holds. */
  get count(): number {
    return this.#count;
  }

  /** Record number of an id; ABSENT when it is not there or is no canonical UUID. */
  find(id: string): number {
    return wordsOfText(id, this.#scratch, 0) ? this.#find(this.#scratch, hashOfWords(this.#scratch, 0)) : ABSENT;
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
    const hash = hashOfWords(words, 0);
    if (this.#find(words, hash) !== ABSENT) return ABSENT;
    const record = this.#count++;
    this.#hashes = withRoom(this.#hashes, this.#count);
    this.#hashes[record] = hash;
    this.#slots.add(record, hash);
    return record;
  }

  /** Adds many ids, by their hashes, that are known not to be there. None is found before `placeAll`. */
  addUnplaced(hashes: Int32Array): void {
    const first = this.#count;
    this.#count += hashes.length;
    this.#hashes = withRoom(this.#hashes, this.#count);
    this.#hashes.set(hashes, first);
  }

  /** Lets what `addUnplaced` added be found. */
  placeAll(): void {
    this.#slots.takeAll(this.#count);
  }

  /** Makes room for `count` ids at once. */
  reserve(count: number): void {
    this.#slots.reserve(count);
    this.#hashes = withRoom(this.#hashes, count);
  }

  /** The hashes of the records from `from` to, and without, `to`. */
  hashesOf(from: number, to: number): Int32Array {
    return this.#hashes.subarray(from, to);
  }

  #find(words: UuidWords, hash: number): number {
    return this.#slots.find(hash, (record) => this.#hashes[record] === hash && this.#isAt(record, words));
  }

  #isAt(record: number, words: UuidWords): boolean {
    assert(wordsOfText(this.#idAt(record), this.#found, 0), 'the id of a record is a canonical UUID');
    return this.#found.every((word, index) => word === words[index]);
  }
}
