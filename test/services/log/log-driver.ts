import { encodeEntry, GENESIS_CHAIN, type Entry } from '../../../src/base/entry.js';
import { op, view } from '../../../src/base/numbers.js';
import type { Execution, OutboxItem, ServiceReply } from '../../../src/base/service.js';
import { LOG, MessageLog } from '../../../src/services/log/message-log.js';
import type { Message, Page } from '../../../src/services/log/requests.js';
import { MemoryFiles } from '../../support/memory-files.js';

/** The clock of the first entry. */
export const START_MS = Date.UTC(2026, 10, 21, 18, 30, 0, 125);

/** What a request became: its entry, or nothing new. */
export interface Outcome {
  readonly execution: Execution;
  readonly entry: Entry | undefined;
  readonly reply: ServiceReply;
}

/** A primary of the message log: executes, stamps, speculates, and commits when told to. */
export class Driver {
  log: MessageLog;
  /** Every entry of the log, by op − `firstOp`. */
  readonly entries: Entry[] = [];
  committed = 0;
  nowMs = START_MS;

  /** `firstOp`: op of the first entry; what is before belongs to other services. */
  constructor(
    readonly files = new MemoryFiles(),
    readonly firstOp = 3,
  ) {
    this.log = new MessageLog(files);
  }

  /** Executes an append at the next op and speculates its entry. */
  append(requestId: string, value: string, copiesNeeded = 2): Outcome {
    const body = { kind: 'append', value };
    return this.#take(requestId, this.log.execute({ requestId, body, copiesNeeded }, this.#context()));
  }

  /** Executes an item of an outbox at the next op and speculates its entry. */
  salvaged(item: OutboxItem): Outcome {
    return this.#take(item.requestId, this.log.executeSalvaged(item, this.#context()));
  }

  #context() {
    this.nowMs += 1000;
    return { ...this.#stamp(), replicaCount: 3 };
  }

  #stamp() {
    return { op: op(this.firstOp + this.entries.length), view: view(3), timeMs: this.nowMs };
  }

  #take(requestId: string, execution: Execution): Outcome {
    if (execution.kind === 'refused')
      return { execution, entry: undefined, reply: { kind: 'refused', refusal: execution.refusal } };
    if (execution.kind === 'known') return { execution, entry: undefined, reply: execution.reply };
    const head = { ...this.#stamp(), requestId, service: LOG, update: execution.update };
    const entry = encodeEntry(head, this.entries.at(-1)?.chain ?? GENESIS_CHAIN);
    this.entries.push(entry);
    this.log.speculate(entry);
    return { execution, entry, reply: execution.reply };
  }

  /** Commits up to so many entries; all by default. */
  commit(upTo = this.entries.length): this {
    while (this.committed < upTo) {
      const entry = this.entries[this.committed++];
      if (entry !== undefined) this.log.commit(entry);
    }
    return this;
  }

  /** Leaves the view: what is not committed is cut off. Returns it. */
  cutOff(): Entry[] {
    this.log.dropSpeculation();
    return this.entries.splice(this.committed);
  }

  /** Takes over where another primary stands, with its committed entries. */
  follow(other: Driver): this {
    this.entries.push(...other.entries);
    this.committed = other.committed;
    this.nowMs = other.nowMs;
    return this;
  }

  list(from = 0, limit = 1000): Page {
    return list(this.log, from, limit);
  }
}

/** A page of a log, which must not be refused. */
export function list(log: MessageLog, from = 0, limit = 1000): Page {
  const answer = log.query({ body: { kind: 'list', from, limit } });
  if (answer.kind === 'refused') throw new Error(`refused: ${answer.refusal.message}`);
  return answer.body as Page;
}

/** Every message of a log, page by page. */
export function everything(log: MessageLog): Message[] {
  const all: Message[] = [];
  for (;;) {
    const { messages, nextFrom, count } = list(log, all.length);
    all.push(...messages);
    if (nextFrom === count) return all;
  }
}

/** A UUIDv7 made of a number. */
export function requestIdOf(number: number): string {
  const time = START_MS.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** The key in a reply that must be done. */
export function keyIn(reply: ServiceReply): number {
  if (reply.kind === 'refused') throw new Error(`refused: ${reply.refusal.reason} ${reply.refusal.message}`);
  return (reply.body as { key: number }).key;
}

/** The reason of a reply that must be a refusal. */
export function reasonIn(reply: ServiceReply): string {
  if (reply.kind === 'done') throw new Error('it was not refused');
  return reply.refusal.reason;
}

/** Texts that go wrong where somebody is careless. */
export const AWKWARD = [
  'plain',
  ' spaces around ',
  'a,"b"',
  '"',
  '""',
  "'",
  '\\',
  '\\n is no line end',
  'two\r\nlines\n',
  '=1+1',
  '\0\u0001\u007f',
  '\ufeffbyte order mark',
  '王 🍕 e\u0301 \u2028\u2029 \u202e',
  '\ufffd',
  '{"json": [1, "x"]}',
  'append 0 1 x',
];
