import type { Settlement } from '../../base/alone.js';
import { assert } from '../../base/assert.js';
import type { Entry } from '../../base/entry.js';
import { isoTime } from '../../base/iso-time.js';
import { majorityOf, op as opNumber } from '../../base/numbers.js';
import { refusal } from '../../base/refusal.js';
import type {
  Execution,
  ExecutionContext,
  OutboxItem,
  QueryAnswer,
  Service,
  ServiceFiles,
  ServiceQuery,
  ServiceReply,
  ServiceRequest,
} from '../../base/service.js';
import { isUuidV7 } from '../uuid.js';
import { MessageStore } from './message-store.js';
import type { Append, Appended, List, Page } from './requests.js';
import { decodeSnapshot, encodeSnapshot } from './snapshot.js';
import { UncommittedMessages } from './uncommitted.js';
import { decodeUpdate, encodeUpdate, readUpdate } from './update.js';

/** Name of the service in the journal. */
export const LOG = 'log';

/** Settings of the message log. */
export interface MessageLogOptions {
  /** Messages that make a frame of the index file; default 4,096. */
  readonly indexFrameRecords?: number;
}

/**
 * An append-only log of messages, as the replication core runs it: keys 0, 1, 2 … without gaps, never written over, the same on
 * every replica. Requests and queries have passed the gate of `contract.ts`.
 */
export class MessageLog implements Service {
  readonly name = LOG;
  readonly #files: ServiceFiles;
  #committed: MessageStore;
  readonly #uncommitted = new UncommittedMessages();

  /** State begins empty: `found` or `restore` comes before anything else. */
  constructor(
    files: ServiceFiles,
    readonly options: MessageLogOptions = {},
  ) {
    this.#files = files;
    this.#committed = new MessageStore(files, options.indexFrameRecords);
  }

  execute({ requestId, body, copiesNeeded }: ServiceRequest, _context: ExecutionContext): Execution {
    // The gate made it: the core carries requests without looking inside.
    const { value } = body as Append;
    return this.#known(requestId, value) ?? this.#append(value, copiesNeeded);
  }

  speculate({ op, requestId, update }: Entry): void {
    assert(op > this.#committed.lastOp, 'what is speculated is not committed yet');
    this.#uncommitted.add(requestId, op, update);
  }

  dropSpeculation(): void {
    this.#uncommitted.drop();
  }

  commit({ op, timeMs, requestId, update: text }: Entry): void {
    const speculated = this.#uncommitted.fold(requestId, op);
    assert(speculated === undefined || speculated.text === text, 'what commits is what was speculated');
    const { key, value } = speculated?.update ?? decodeUpdate(text);
    this.#committed.append({ op, key, requestId, time: isoTime(timeMs), value });
  }

  query({ body }: ServiceQuery): QueryAnswer {
    const { from, limit } = body as List;
    const { messages, bytes } = this.#committed.page(from, limit);
    const page: Page = { messages, nextFrom: from + messages.length, count: this.#committed.count };
    return { kind: 'done', body: page, bytes };
  }

  hasCommitted(requestId: string): boolean {
    return this.#committed.has(requestId);
  }

  opOf(requestId: string): number | undefined {
    return this.#committed.find(requestId)?.op;
  }

  salvage({ requestId, timeMs, view, op, update: text }: Entry, majority: number): OutboxItem | undefined {
    const update = readUpdate(text);
    // One that cannot be read is kept as well: nobody knows what was promised of it.
    if (update !== undefined && update.copies >= majority) return undefined;
    return { requestId, service: this.name, update: text, timeMs, view, op };
  }

  outboxProblem({ requestId, update }: OutboxItem): string | undefined {
    if (readUpdate(update) === undefined) return 'its update is none of the message log';
    return isUuidV7(requestId) ? undefined : 'its request_id is no UUIDv7';
  }

  /** The message gets the next free key: the one that it had may be another's by now. */
  executeSalvaged(item: OutboxItem, { replicaCount }: ExecutionContext): Execution {
    const problem = this.outboxProblem(item);
    const update = readUpdate(item.update);
    if (problem !== undefined || update === undefined)
      return { kind: 'refused', refusal: refusal('INVALID_FIELD', `It cannot be appended: ${problem}.`) };
    return this.#known(item.requestId, update.value) ?? this.#append(update.value, majorityOf(replicaCount));
  }

  settlement({ requestId, update }: OutboxItem): Settlement {
    return this.#committed.find(requestId)?.value === readUpdate(update)?.value ? 'executed' : 'otherKept';
  }

  foundingSeed(): string {
    return '';
  }

  found(): string[] {
    return [];
  }

  counts(): Readonly<Record<string, number>> {
    return { messages: this.#committed.count };
  }

  snapshot(): string {
    return encodeSnapshot(this.#committed);
  }

  restore(snapshot: string): void {
    this.#committed = this.#storeOf(snapshot);
    this.#uncommitted.drop();
  }

  #storeOf(snapshot: string): MessageStore {
    const expected = decodeSnapshot(snapshot);
    const store = new MessageStore(this.#files, this.options.indexFrameRecords);
    if (store.scan(expected)) return store;
    // The index file is empty now, so this one reads all rows.
    const anew = new MessageStore(this.#files, this.options.indexFrameRecords);
    assert(anew.scan(expected), 'without an index the rows decide');
    return anew;
  }

  /** The answer to an id that is known: the first one for the same value, ID_REUSED for any other. */
  #known(requestId: string, value: string): Execution | undefined {
    const uncommitted = this.#uncommitted.find(requestId);
    const known =
      uncommitted === undefined ? this.#committed.find(requestId) : { op: uncommitted.op, ...uncommitted.update };
    if (known === undefined) return undefined;
    return { kind: 'known', op: opNumber(known.op), reply: known.value === value ? done(known) : reused(known.op) };
  }

  #append(value: string, copies: number): Execution {
    const key = this.#committed.count + this.#uncommitted.count;
    return { kind: 'entry', update: encodeUpdate({ key, copies, value }), reply: done({ key }), copiesNeeded: copies };
  }
}

function done({ key }: Appended): ServiceReply {
  const body: Appended = { key };
  return { kind: 'done', body };
}

/** The answer to an id that stands for another message, at `op`. */
function reused(op: number): ServiceReply {
  const message =
    'This request_id was used before for another message, which stands as it is. Send this one with a new request_id.';
  return { kind: 'refused', refusal: refusal('ID_REUSED', message, { op: String(op) }) };
}
