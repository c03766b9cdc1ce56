import { createHash } from 'node:crypto';
import type { OpNumber } from '../base/numbers.js';
import type { Service, Table } from '../base/service.js';
import type { Timers } from '../ports/machine.js';
import type { ReplicaStorage } from '../ports/storage.js';
import type { FileNote, NoteAnswer, StateNote } from '../ports/inspection.js';
import { readReceipt } from '../vsr/receipts.js';
import type { State } from '../vsr/state.js';

/** Notes that are kept, for those who ask a little later. */
const NOTES_KEPT = 8;
/** Who may wait at once; more are told to come again. */
const WAITING_MAX = 64;
/** ms that a note waits for tables which are still being read since the start. */
const READ_PATIENCE_MS = 200;

/** What of the core's state decides whether the tables may be noted. */
export type NotedState = Pick<State, 'applied' | 'status' | 'transition'>;

/** What notes are made of. */
export interface NotedReplica {
  readonly storage: Pick<ReplicaStorage, 'content'>;
  readonly services: ReadonlyMap<string, Service>;
  readonly receipts: Table;
  readonly timers: Timers;
  state(): NotedState;
}

interface Waiting {
  readonly op: number;
  readonly settle: (answer: NoteAnswer | Promise<NoteAnswer>) => void;
}

/**
 * Notes what the files hold at an op, while writes go on: between two entries, for the lengths and running hashes of that moment are there
 * without reading anything. So replicas can be compared at an op that each reaches in its own time.
 */
export class StateNotes {
  readonly #replica: NotedReplica;
  #waiting: Waiting[] = [];
  readonly #notes = new Map<number, Promise<NoteAnswer>>();

  constructor(replica: NotedReplica) {
    this.#replica = replica;
  }

  at(op: number, waitMs: number): Promise<NoteAnswer> {
    const known = this.#notes.get(op);
    if (known !== undefined) return known;
    const { applied } = this.#replica.state();
    if (this.#isJudgeable() && applied === op) return this.#take(op as OpNumber);
    if (this.#isJudgeable() && applied > op) return Promise.resolve({ kind: 'passed', applied });
    if (this.#waiting.length >= WAITING_MAX)
      return Promise.resolve({ kind: 'notReached', applied, why: 'too many others wait for the same' });
    return new Promise((resolve) => {
      const cancel = this.#replica.timers.after(waitMs, () => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        resolve({ kind: 'notReached', applied: this.#replica.state().applied, why: this.#whyNot(op) });
      });
      const settle: Waiting['settle'] = (answer) => {
        cancel();
        resolve(answer);
      };
      const waiting = { op, settle };
      this.#waiting.push(waiting);
    });
  }

  /** Between two entries, with the state exactly at `applied`. */
  onBoundary(): void {
    if (this.#waiting.length > 0) this.#tell();
  }

  /** After a step: the last entry of it may be the one, or a checkpoint has leapt over it. */
  afterStep(): void {
    if (this.#waiting.length > 0 && this.#isJudgeable()) this.#tell();
  }

  #tell(): void {
    const { applied } = this.#replica.state();
    const reached = this.#waiting.filter(({ op }) => op <= applied);
    if (reached.length === 0) return;
    this.#waiting = this.#waiting.filter(({ op }) => op > applied);
    for (const { op, settle } of reached)
      settle(op === applied ? this.#take(op as OpNumber) : { kind: 'passed', applied });
  }

  #take(op: OpNumber): Promise<NoteAnswer> {
    const known = this.#notes.get(op);
    if (known !== undefined) return known;
    const noted = this.#note(op);
    this.#notes.set(op, noted);
    for (const oldest of this.#notes.keys()) {
      if (this.#notes.size <= NOTES_KEPT) break;
      this.#notes.delete(oldest);
    }
    // What could not be said is asked again.
    void noted.then((answer) => (answer.kind === 'noted' ? undefined : this.#notes.delete(op)));
    return noted;
  }

  /** Everything up to the first await sees the state of this moment. */
  async #note(op: OpNumber): Promise<NoteAnswer> {
    const { storage, services, receipts, timers } = this.#replica;
    const { tables, documents } = storage.content();
    const texts: FileNote[] = [...documents].map(([name, text]) => textNote(name, 'document', text));
    const counts: Record<string, Readonly<Record<string, number>>> = {};
    for (const [name, service] of services) {
      texts.push(textNote(`${name}.snapshot`, 'snapshot', service.snapshot()));
      counts[name] = service.counts?.() ?? {};
    }
    const { view, chain } = readReceipt(receipts, op);
    const reading = Promise.all(
      tables.map(async (one): Promise<FileNote> => {
        const { table, length } = one;
        return { name: table.name, kind: 'table', length, hash: await one.hash() };
      }),
    ).catch(() => undefined);
    const tooLong = new Promise<undefined>((resolve) => void timers.after(READ_PATIENCE_MS, () => resolve(undefined)));
    const rows = await Promise.race([reading, tooLong]);
    const { applied } = this.#replica.state();
    if (rows === undefined)
      return { kind: 'notReached', applied, why: 'its tables are still being read since its start; ask again soon' };
    const files = [...rows, ...texts].sort((a, b) => (a.name < b.name ? -1 : 1));
    const note: StateNote = { op, view, chain, files, counts };
    return { kind: 'noted', applied, note };
  }

  /** While another log is being taken over the tables stand for nothing. */
  #isJudgeable(): boolean {
    const { status, transition, applied } = this.#replica.state();
    return status !== 'founding' && status !== 'recovering' && transition === undefined && applied > 0;
  }

  #whyNot(op: number): string {
    const { status, applied } = this.#replica.state();
    if (status === 'founding' || status === 'recovering') return `it is ${status}`;
    return applied < op ? `its tables end at op ${applied}` : 'it is taking over another log';
  }
}

function textNote(name: string, kind: FileNote['kind'], text: string): FileNote {
  const hash = createHash('sha256').update(text).digest('hex');
  return { name, kind, length: Buffer.byteLength(text), hash };
}

/** The table as the core appends to it, telling before each row: then the state stands exactly at the op before. */
export function watchedTable(table: Table, beforeAppend: () => void): Table {
  return {
    name: table.name,
    get length() {
      return table.length;
    },
    append(rows) {
      beforeAppend();
      return table.append(rows);
    },
    read: (offset, length) => table.read(offset, length),
  };
}
