import type { Settlement } from '../../base/alone.js';
import { assert } from '../../base/assert.js';
import type { Entry } from '../../base/entry.js';
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
import type { KnownRequest } from '../known-requests.js';
import { decodeAnswer, encodeAnswer } from './answers.js';
import { CommittedState } from './committed-state.js';
import { executeUpdate } from './execute-update.js';
import { outboxUpdate } from './outbox-update.js';
import { answer } from './queries.js';
import { withFields, type RecordValue } from './record-value.js';
import type { RecordReply } from './replies.js';
import type { RecordsQuery, RecordsRequest, UpdateRecord } from './requests.js';
import { Speculation } from './speculation.js';
import { contentOf, decodeUpdate, readUpdate } from './updates.js';

/** Name of the service in the journal. */
export const RECORDS = 'records';

/** Settings of the record map. */
export interface RecordsOptions {
  /** Bytes of memory for records as they are now; default 32 MiB. The others are read from the table. */
  readonly cacheBytesMax?: number;
}

/** Named records of text fields, as the replication core runs them. Requests and queries have passed `validation.ts`. */
export class Records implements Service {
  readonly name = RECORDS;
  readonly #files: ServiceFiles;
  readonly #speculation = new Speculation();
  #committed: CommittedState;

  /** State begins empty; `restore` takes up what the files hold. */
  constructor(
    files: ServiceFiles,
    readonly options: RecordsOptions = {},
  ) {
    this.#files = files;
    this.#committed = new CommittedState(files, options.cacheBytesMax);
  }

  execute(request: ServiceRequest, context: ExecutionContext): Execution {
    // The gate made it: the core carries requests without looking inside.
    const body = request.body as RecordsRequest;
    return this.#execute(request.requestId, body, request.copiesNeeded, context);
  }

  speculate(entry: Entry): void {
    const { op, timeMs, requestId, update: text } = entry;
    assert(op > this.#committed.op, 'what is speculated is not committed yet');
    const update = decodeUpdate(text);
    const { requests } = this.#committed;
    if (update.kind === 'fields') {
      const { name, fields, version } = update;
      const record = withFields(this.#present(name), fields, { version, op, timeMs });
      this.#speculation.add({ op, text, update, record });
    } else this.#speculation.add({ op, text, update });
    const content = update.kind === 'fields' ? contentOf(update) : update.content;
    requests.speculate(requestId, { op, content, answer: encodeAnswer(update) });
  }

  dropSpeculation(): void {
    this.#speculation.drop();
    this.#committed.requests.dropSpeculation();
  }

  commit(entry: Entry): void {
    const speculative = this.#speculation.fold(entry.op);
    assert(speculative === undefined || speculative.text === entry.update, 'what commits is what was speculated');
    this.#committed.apply(speculative?.update ?? decodeUpdate(entry.update), entry);
  }

  query(query: ServiceQuery): QueryAnswer {
    return answer(this.#committed.records, query.body as RecordsQuery);
  }

  hasCommitted(requestId: string): boolean {
    return this.#committed.requests.hasCommitted(requestId);
  }

  opOf(requestId: string): number | undefined {
    return this.#committed.requests.opOf(requestId);
  }

  salvage(entry: Entry, majority: number): OutboxItem | undefined {
    const update = readUpdate(entry.update);
    // One that cannot be read is kept as well: nobody knows what was promised of it.
    if (update !== undefined && (update.kind !== 'fields' || update.copies >= majority)) return undefined;
    const { requestId, timeMs, view, op } = entry;
    return { requestId, service: this.name, update: entry.update, timeMs, view, op };
  }

  outboxProblem(item: OutboxItem): string | undefined {
    return outboxUpdate(item).problem;
  }

  /** An update that names no expected version is done on the record as it is by now; one that does is judged again. */
  executeSalvaged(item: OutboxItem, context: ExecutionContext): Execution {
    const { request, problem } = outboxUpdate(item);
    if (request === undefined) {
      const message = `An item of the outbox cannot be executed: ${problem}. It is kept in the outbox; look at it there.`;
      return { kind: 'refused', refusal: refusal('INTERNAL', message) };
    }
    return this.#execute(item.requestId, request, majorityOf(context.replicaCount), context);
  }

  settlement(item: OutboxItem): Settlement {
    const known = this.#committed.requests.find(item.requestId);
    const { request } = outboxUpdate(item);
    if (known === undefined || request === undefined || known.content !== contentOf(request)) return 'otherKept';
    return decodeAnswer(known.answer).kind === 'refused' ? 'rejected' : 'executed';
  }

  foundingSeed(): string {
    return '';
  }

  /** There is nothing to begin with. */
  found(): string[] {
    return [];
  }

  counts(): Readonly<Record<string, number>> {
    const { records } = this.#committed;
    return { records: records.count, updates: records.updates };
  }

  snapshot(): string {
    return this.#committed.snapshot();
  }

  restore(snapshot: string): void {
    this.#committed = new CommittedState(this.#files, this.options.cacheBytesMax);
    this.#speculation.drop();
    this.#committed.restore(snapshot);
  }

  #execute(requestId: string, body: UpdateRecord, copies: number, context: ExecutionContext): Execution {
    const known = this.#committed.requests.find(requestId);
    if (known !== undefined) return this.#decided(known, contentOf(body));
    return executeUpdate(this.#present(body.name), body, copies, context);
  }

  /** The answer to an id that is known: as before for the same content, ID_REUSED for any other. */
  #decided(known: KnownRequest, asked: string): Execution {
    const op = opNumber(known.op);
    if (known.content === asked) return { kind: 'known', op, reply: this.#firstReply(known) };
    const message = 'This id was used before for another request, which stands as it is. Send this one with a new id.';
    return {
      kind: 'known',
      op,
      reply: { kind: 'refused', refusal: refusal('ID_REUSED', message, { op: String(op) }) },
    };
  }

  /** The record as the request made it, whatever it has become since. */
  #firstReply({ op, answer: text }: KnownRequest): ServiceReply {
    const answered = decodeAnswer(text);
    if (answered.kind === 'refused') return answered;
    const { name, version } = answered;
    const record = this.#speculation.madeAt(op) ?? this.#committed.records.at(name, version);
    const body: RecordReply = { name, record };
    return { kind: 'done', body };
  }

  #present(name: string): RecordValue | undefined {
    return this.#speculation.find(name) ?? this.#committed.records.find(name);
  }
}
