import { encodeEntry, GENESIS_CHAIN, type Entry } from '../../../src/base/entry.js';
import { op, view } from '../../../src/base/numbers.js';
import type { Execution, OutboxItem, ServiceReply } from '../../../src/base/service.js';
import { RECORDS, Records, type RecordsOptions } from '../../../src/services/records/records.js';
import type { ListReply, RecordReply } from '../../../src/services/records/replies.js';
import type { Field, RecordsQuery, UpdateRecord } from '../../../src/services/records/requests.js';
import { MemoryFiles } from '../../support/memory-files.js';

/** The clock of the first entry. */
export const START_MS = Date.UTC(2026, 10, 21, 18, 30, 0, 125);

/** Entries of other services and of the core lie between those of this one: its ops have gaps. */
const OPS_PER_ENTRY = 2;

/** What a request became: its entry, or none. */
export interface Outcome {
  readonly execution: Execution;
  readonly entry: Entry | undefined;
  readonly reply: ServiceReply;
}

/** A primary of one service: executes, stamps, speculates, and commits when told to. */
export class Driver {
  records: Records;
  readonly entries: Entry[] = [];
  committed = 0;
  nowMs = START_MS;

  constructor(
    readonly files = new MemoryFiles(),
    options: RecordsOptions = {},
  ) {
    this.records = new Records(files, options);
  }

  /** Executes an update and speculates its entry. */
  update(requestId: string, body: UpdateRecord, copiesNeeded = 2): Outcome {
    return this.#take(requestId, this.records.execute({ requestId, body, copiesNeeded }, this.#context()));
  }

  /** Executes an item of an outbox and speculates its entry. */
  salvaged(item: OutboxItem): Outcome {
    return this.#take(item.requestId, this.records.executeSalvaged(item, this.#context()));
  }

  /** Commits that many entries; all by default. */
  commit(count = this.entries.length): this {
    const end = Math.min(this.entries.length, this.committed + count);
    while (this.committed < end) {
      const entry = this.entries[this.committed++];
      if (entry !== undefined) this.records.commit(entry);
    }
    return this;
  }

  /** Leaves the view: what is not committed is cut off. Returns it. */
  cutOff(): Entry[] {
    this.records.dropSpeculation();
    return this.entries.splice(this.committed);
  }

  /** A replica that takes over what this one's has committed, in other files or none. */
  takenOver(records: Records, files: MemoryFiles, entries = this.committed): Driver {
    const next = new Driver(files);
    next.records = records;
    next.entries.push(...this.entries.slice(0, entries));
    next.committed = this.committed;
    next.nowMs = this.nowMs;
    for (const entry of next.entries.slice(this.committed)) records.speculate(entry);
    return next;
  }

  #context() {
    this.nowMs += 1000;
    return { op: this.#nextOp(), view: view(3), timeMs: this.nowMs, replicaCount: 3 };
  }

  #take(requestId: string, execution: Execution): Outcome {
    if (execution.kind === 'refused')
      return { execution, entry: undefined, reply: { kind: 'refused', refusal: execution.refusal } };
    if (execution.kind === 'known') return { execution, entry: undefined, reply: execution.reply };
    const head = { op: this.#nextOp(), view: view(3), timeMs: this.nowMs, requestId, service: RECORDS };
    const entry = encodeEntry({ ...head, update: execution.update }, this.entries.at(-1)?.chain ?? GENESIS_CHAIN);
    this.entries.push(entry);
    this.records.speculate(entry);
    return { execution, entry, reply: execution.reply };
  }

  #nextOp() {
    return op(3 + this.entries.length * OPS_PER_ENTRY);
  }
}

/** A backup: commits entries and executes nothing. */
export function backupOf(driver: Driver, options: RecordsOptions = {}): { records: Records; files: MemoryFiles } {
  const files = new MemoryFiles();
  const records = new Records(files, options);
  for (const entry of driver.entries.slice(0, driver.committed)) records.commit(entry);
  return { records, files };
}

/** An update of these fields. */
export function updateOf(
  name: string,
  fields: Readonly<Record<string, string>>,
  expectedVersion?: number,
): UpdateRecord {
  const update = { kind: 'update', name, fields: Object.entries(fields) } as const;
  return expectedVersion === undefined ? update : { ...update, expectedVersion };
}

/** The record in a reply that must be one, its fields as a list. */
export function recordIn(reply: ServiceReply): { name: string; version: number; op: number; fields: Field[] } {
  if (reply.kind === 'refused') throw new Error(`refused: ${reply.refusal.reason} ${reply.refusal.message}`);
  const { name, record } = reply.body as RecordReply;
  return { name, version: record.version, op: record.op, fields: [...record.fields] };
}

/** The reason of a reply that must be a refusal. */
export function reasonIn(reply: ServiceReply): string {
  if (reply.kind === 'done') throw new Error('it was not refused');
  return reply.refusal.reason;
}

/** A record as a query answers it. */
export const get = (records: Records, name: string) => recordIn(records.query({ body: { kind: 'get', name } }));

/** A page of the list. */
export function list(records: Records, after = '', pageSize = 0): ListReply {
  const query: RecordsQuery = { kind: 'list', after, pageSize };
  const answer = records.query({ body: query });
  if (answer.kind === 'refused') throw new Error(`refused: ${answer.refusal.message}`);
  return answer.body as ListReply;
}

/** A UUIDv7 made of a number. */
export function requestIdOf(number: number): string {
  const time = START_MS.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** Values that a careless path through files or commands would not bring back. */
export const AWKWARD_VALUES = [
  '',
  ' ',
  "'999'",
  '"quoted", with commas',
  'a=b=c',
  '=SUM(A1)',
  'line one\nline two\r\nline three\rend',
  '\u0000\u0001\t\u007f',
  'caf\u00e9 \u2603 🍕 \u2028 \u200b \ufeff',
  '\\n is no line end',
  '[["key","value"]]',
  '__proto__',
] as const;
