import { assert } from '../../base/assert.js';
import { textOfWords, wordsOfText, type UuidWords } from '../uuid.js';
import { withRoom } from './columns.js';
import { hashOfWords, Slots } from './slots.js';

/** What `find` returns when an id is not there. */
export const ABSENT = -1;

const WORDS = 4;
const ROOM_FIRST = 64;

/**
 * From UUID to record number, 0, 1, 2 … in the order of `add`: open addressing with linear probing over typed arrays,
 * 16 bytes for the id and 6 to 9 for its slot, where a Map of strings takes over 100.
 */
export class IdIndex {
  #words: UuidWords = new Uint32Array(ROOM_FIRST * WORDS);
  readonly #slots = new Slots((record) => hashOfWords(this.#words, record * WORDS));
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
    return this.#slots.find(hashOfWords(words, 0), (record) => this.isAt(record, words));
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
    if (this.findWords(words) !== ABSENT) return ABSENT;
    const record = this.#count++;
    const place = record * WORDS;
    this.#words = withRoom(this.#words, place + WORDS);
    for (let index = 0; index < WORDS; index++) this.#words[place + index] = words[index] as number;
    this.#slots.add(record, hashOfWords(words, 0));
    return record;
  }

  /** Adds many ids, by their words, that are known not to be there. None is found before `placeAll`. */
  addUnplaced(words: UuidWords): void {
    const first = this.#count * WORDS;
    this.#count += words.length / WORDS;
    this.#words = withRoom(this.#words, this.#count * WORDS);
    this.#words.set(words, first);
  }

  /** Lets what `addUnplaced` added be found. */
  placeAll(): void {
    this.#slots.takeAll(this.#count);
  }

  /** Makes room for `count` ids at once. */
  reserve(count: number): void {
    this.#slots.reserve(count);
    this.#words = withRoom(this.#words, count * WORDS);
  }

  /** The words of the records from `from` to, and without, `to`. */
  wordsOf(from: number, to: number): UuidWords {
    return this.#words.subarray(from * WORDS, to * WORDS);
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
}
