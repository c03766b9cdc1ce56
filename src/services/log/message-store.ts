import { assert, present } from '../../base/assert.js';
import { DamagedFileError, type ServiceFiles, type Table } from '../../base/service.js';
import { roomFor } from '../compact/columns.js';
import { ABSENT, IdIndex } from '../compact/id-index.js';
import { RisingNumbers } from '../compact/rising-numbers.js';
import { RowScanner } from '../row-scanner.js';
import { PAGE_BYTES_MAX } from './limits.js';
import { INDEX_FILE, MessageIndexFile, type IndexPlace } from './message-index.js';
import { MESSAGES_COLUMN, MESSAGES_FILE, MESSAGES_HEADER, readMessages, rowOfMessage } from './messages-table.js';
import type { Message } from './requests.js';

/** What messages.csv must hold. */
export interface Expected {
  readonly messages: number;
  /** Op of the last message; 0: there is none. */
  readonly lastOp: number;
}

/**
 * The committed messages: rows of messages.csv, with an index of about 30 bytes each in memory. Every request that was executed is
 * a message, so the table is also what knows the requests for ever (rule 11).
 */
export class MessageStore {
  readonly #table: Table;
  /** Record number: the key. */
  readonly #ids = new IdIndex();
  readonly #offsets = new RisingNumbers();
  readonly #indexFile: MessageIndexFile;
  #lastOp = 0;

  /** Empty until `scan`; `indexFrameRecords`: messages that make a frame of the index file. */
  constructor(files: ServiceFiles, indexFrameRecords?: number) {
    this.#table = files.table(MESSAGES_FILE, MESSAGES_HEADER);
    this.#indexFile = new MessageIndexFile(files.index?.(INDEX_FILE), indexFrameRecords);
  }

  /** Messages; their keys are 0 to `count` − 1. */
  get count(): number {
    return this.#ids.count;
  }

  /** Op of the last message; 0 when there is none. */
  get lastOp(): number {
    return this.#lastOp;
  }

  /** Adds the message with the next key. */
  append(message: Message): void {
    assert(message.key === this.count, 'keys have no gaps');
    assert(message.op > this.#lastOp, 'messages are appended in op order, one per op');
    this.#ids.add(message.requestId);
    this.#offsets.append(this.#table.append(rowOfMessage(message)));
    this.#lastOp = message.op;
    this.#keep();
  }

  /** Whether a message was appended by this request. */
  has(requestId: string): boolean {
    return this.#ids.find(requestId) !== ABSENT;
  }

  /** The message of a request, or `undefined`. Throws DamagedFileError. */
  find(requestId: string): Message | undefined {
    const key = this.#ids.find(requestId);
    if (key === ABSENT) return undefined;
    const message = present(this.#read(key, key + 1)[0], 'a message is read or the table is damaged');
    if (message.requestId !== requestId)
      throw new DamagedFileError(MESSAGES_FILE, `where the row of ${requestId} was written stands another`);
    return message;
  }

  /** Messages from key `from` on, `limit` at most and as many as fit a page, and the bytes of their rows. Throws DamagedFileError. */
  page(from: number, limit: number): { readonly messages: readonly Message[]; readonly bytes: number } {
    if (from >= this.count) return { messages: [], bytes: 0 };
    const byCount = Math.min(this.count, from + limit);
    const byBytes = this.#firstBehind(this.#offsets.at(from) + PAGE_BYTES_MAX);
    const to = Math.max(from + 1, Math.min(byCount, byBytes));
    return { messages: this.#read(from, to), bytes: this.#endOf(to) - this.#offsets.at(from) };
  }

  /**
   * Builds the index, for `restore`: from the index file as far as that reaches, from there on from the rows, where a missing key is
   * damage. Returns false when the index file does not fit the table and nothing is wrong with the rows for all that is known: it is
   * empty now, and another store may scan anew. Throws DamagedFileError.
   */
  scan(expected: Expected): boolean {
    this.#ids.reserve(roomFor(expected.messages));
    this.#offsets.makeRoom(roomFor(expected.messages));
    const from = this.#indexFile.load(
      { ids: this.#ids, offsets: this.#offsets },
      { ...expected, bytes: this.#table.length },
    );
    this.#lastOp = from.lastOp;
    try {
      if (from.messages > 0) this.#mustFit(from);
      this.#scanRows(from.bytes);
      this.#mustHold(expected);
    } catch (error) {
      // An index is never the reason to call a folder damaged: the rows alone are.
      if (!(error instanceof DamagedFileError) || from.messages === 0) throw error;
      this.#indexFile.discard();
      return false;
    }
    this.#keep();
    return true;
  }

  /** The last message of the index stands in the table where the index has it. */
  #mustFit({ messages, bytes, lastOp }: IndexPlace): void {
    const offset = this.#offsets.at(messages - 1);
    const [last] = readMessages(this.#table.read(offset, Math.max(0, bytes - offset)), messages - 1);
    if (last?.op !== lastOp || last.requestId !== this.#ids.idAt(messages - 1))
      throw new DamagedFileError(MESSAGES_FILE, `message ${messages - 1} is not the one that was indexed`);
  }

  #mustHold({ messages, lastOp }: Expected): void {
    if (this.count !== messages)
      throw new DamagedFileError(MESSAGES_FILE, `${this.count} messages instead of ${messages}`);
    if (this.#lastOp !== lastOp)
      throw new DamagedFileError(MESSAGES_FILE, `its last message is of op ${this.#lastOp} instead of ${lastOp}`);
  }

  #keep(): void {
    const place = { messages: this.count, bytes: this.#table.length, lastOp: this.#lastOp };
    this.#indexFile.keep({ ids: this.#ids, offsets: this.#offsets }, place);
  }

  #scanRows(from: number): void {
    const scanner = new RowScanner(this.#table, MESSAGES_HEADER, from);
    const words = new Uint32Array(4);
    while (scanner.next()) {
      const op = scanner.whole(MESSAGES_COLUMN.op);
      if (op <= this.#lastOp) scanner.damaged(`op ${op} follows op ${this.#lastOp}`);
      const key = scanner.whole(MESSAGES_COLUMN.key);
      if (key !== this.count) scanner.damaged(`key ${key} stands where key ${this.count} belongs`);
      scanner.uuid(MESSAGES_COLUMN.requestId, words);
      if (this.#ids.addNewWords(words) === ABSENT) scanner.damaged('its request_id stands there twice');
      this.#offsets.append(scanner.offset);
      this.#lastOp = op;
    }
  }

  /** The key whose row ends behind byte `offset`; `count` when none does. */
  #firstBehind(offset: number): number {
    if (this.#table.length <= offset) return this.count;
    const after = this.#offsets.firstAtLeast(offset + 1);
    return after - 1;
  }

  /** Where the row before key `to` ends. */
  #endOf(to: number): number {
    return to < this.count ? this.#offsets.at(to) : this.#table.length;
  }

  #read(from: number, to: number): Message[] {
    const offset = this.#offsets.at(from);
    const messages = readMessages(this.#table.read(offset, this.#endOf(to) - offset), from);
    if (messages.length !== to - from)
      throw new DamagedFileError(
        MESSAGES_FILE,
        `${messages.length} rows where messages ${from} to ${to - 1} were written`,
      );
    return messages;
  }
}
