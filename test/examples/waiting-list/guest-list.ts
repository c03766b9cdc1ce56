import { assert } from '../../../src/base/assert.js';
import { csvRow, ROW_END } from '../../../src/base/csv.js';
import type { ServiceFiles, Table } from '../../../src/base/service.js';
import { RowScanner } from '../../../src/services/row-scanner.js';
import type { Guest, GuestEvent } from './requests.js';

const HEADER = `op,kind,number,name,party${ROW_END}`;
const KINDS = ['joined', 'seated'] as const;
const KIND_WORDS = KINDS.map((kind) => Buffer.from(kind));

/** The committed guests, and the table from which a start makes them again. */
export class GuestList {
  readonly #table: Table;
  readonly #guests: Guest[] = [];
  readonly #events: GuestEvent[] = [];
  #seated = 0;

  constructor(files: ServiceFiles) {
    this.#table = files.table('waiting-list.csv', HEADER);
  }

  /** All who ever joined, in that order. */
  get guests(): readonly Guest[] {
    return this.#guests;
  }

  /** How many of them were seated. */
  get seated(): number {
    return this.#seated;
  }

  /** The first of those who wait. */
  waiting(limit: number): readonly Guest[] {
    return this.#guests.slice(this.#seated, this.#seated + limit);
  }

  /** Events from an op on, so many at most. */
  eventsFrom(op: number, limit: number): { events: GuestEvent[]; hasMore: boolean } {
    const from = this.#events.findIndex((event) => event.op >= op);
    if (from < 0) return { events: [], hasMore: false };
    return { events: this.#events.slice(from, from + limit), hasMore: from + limit < this.#events.length };
  }

  /** A committed event: one row, and what memory holds of it. */
  append(event: GuestEvent): void {
    const { op, kind, guest } = event;
    // JSON text has no line end, and no cell of a spreadsheet takes it for a formula.
    this.#table.append(csvRow([op, kind, guest.number, JSON.stringify(guest.name), guest.party]));
    this.#take(event);
  }

  /** Takes up the rows of the table, at a start. Throws DamagedFileError. */
  scan(): void {
    const scanner = new RowScanner(this.#table, HEADER);
    while (scanner.next()) {
      const kind = KINDS[scanner.oneOf(1, KIND_WORDS)] ?? scanner.damaged('its kind is not known');
      const expected = (kind === 'joined' ? this.#guests.length : this.#seated) + 1;
      const number = scanner.whole(2);
      if (number !== expected) scanner.damaged(`guest ${number} ${kind} where it was the turn of ${expected}`);
      const guest = { number, name: nameOf(scanner), party: scanner.whole(4) };
      this.#take({ op: scanner.whole(0), kind, guest });
    }
  }

  #take(event: GuestEvent): void {
    this.#events.push(event);
    if (event.kind === 'joined') this.#guests.push(event.guest);
    else this.#seated++;
    assert(this.#seated <= this.#guests.length, 'who is seated has joined before');
  }
}

function nameOf(scanner: RowScanner): string {
  try {
    return String(JSON.parse(scanner.text(3)));
  } catch {
    return scanner.damaged('its name is no JSON text');
  }
}
