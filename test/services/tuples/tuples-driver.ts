import { encodeEntry, GENESIS_CHAIN, type Entry } from '../../../src/base/entry.js';
import { op, view } from '../../../src/base/numbers.js';
import type { Execution, OutboxItem, ServiceReply } from '../../../src/base/service.js';
import type { ChangeAnswer, CountAnswer, PairsAnswer } from '../../../src/services/tuples/replies.js';
import type { TuplesQuery, TuplesRequest } from '../../../src/services/tuples/requests.js';
import { tupleOfText, type Pair } from '../../../src/services/tuples/tuple.js';
import { Tuples, TUPLES } from '../../../src/services/tuples/tuples.js';
import { MemoryFiles } from '../../support/memory-files.js';

const START_MS = Date.UTC(2026, 10, 21, 18, 30, 0, 125);
/** Op 1 founds the cluster and is of another service. */
const FIRST_OP = 2;

/** What a request became: its entry, the op of an earlier one, or nothing. */
export interface Outcome {
  readonly execution: Execution;
  readonly entry: Entry | undefined;
  readonly reply: ServiceReply;
}

/** A primary of one service: executes, stamps, speculates, and commits when told to. */
export class Driver {
  tuples: Tuples;
  /** Every entry, from op 2 on. */
  readonly entries: Entry[] = [];
  /** How many of them are committed. */
  committed = 0;
  nowMs = START_MS;

  /** `tuples`: a service that has taken up what the files hold; absent: they are empty. */
  constructor(
    readonly files = new MemoryFiles(),
    tuples?: Tuples,
  ) {
    this.tuples = tuples ?? new Tuples(files);
    if (tuples === undefined) this.tuples.restore('');
  }

  /** Executes a request at the next op and speculates its entry. */
  request(number: number, body: TuplesRequest, copiesNeeded = 2): Outcome {
    const requestId = requestIdOf(number);
    return this.#take(requestId, this.tuples.execute({ requestId, body, copiesNeeded }, this.#context()));
  }

  /** Executes an item of an outbox at the next op and speculates its entry. */
  salvaged(item: OutboxItem): Outcome {
    return this.#take(item.requestId, this.tuples.executeSalvaged(item, this.#context()));
  }

  /** Puts pairs, of texts such as `a b`, and returns what the answer says. */
  put(number: number, pairs: readonly (readonly [string, string])[], copiesNeeded = 2): ChangeAnswer {
    return changed(this.request(number, { kind: 'put', pairs: pairs.map(pairOf) }, copiesNeeded).reply);
  }

  /** As `put`, for Post. */
  post(number: number, pairs: readonly (readonly [string, string])[], copiesNeeded = 2): ChangeAnswer {
    return changed(this.request(number, { kind: 'post', pairs: pairs.map(pairOf) }, copiesNeeded).reply);
  }

  /** Deletes by patterns, of texts such as `a .*`. */
  delete(number: number, keys: string, values?: string, { limit = 1000, after = 0, copies = 2 } = {}): PairsAnswer {
    return pairsIn(this.request(number, { kind: 'delete', ...patternsOf(keys, values), limit, after }, copies).reply);
  }

  /** What a Get finds, as texts. */
  get(keys?: string, values?: string, { limit = 1000, after = 0 } = {}): string[] {
    return textsOf(this.ask({ kind: 'get', ...patternsOf(keys, values), limit, after }) as PairsAnswer);
  }

  /** What Count tells. */
  count(): CountAnswer {
    return this.ask({ kind: 'count' }) as CountAnswer;
  }

  /** A query's answer, which must not be refused. */
  ask(body: TuplesQuery): unknown {
    const answer = this.tuples.query({ body });
    if (answer.kind === 'refused') throw new Error(`refused: ${answer.refusal.message}`);
    return answer.body;
  }

  /** Commits so many entries altogether; all by default. */
  commit(upTo = this.entries.length): this {
    while (this.committed < upTo) {
      const entry = this.entries[this.committed++];
      if (entry !== undefined) this.tuples.commit(entry);
    }
    return this;
  }

  /** Leaves the view: what is not committed is cut off. Returns it. */
  cutOff(): Entry[] {
    this.tuples.dropSpeculation();
    return this.entries.splice(this.committed);
  }

  #context() {
    this.nowMs += 1000;
    return { op: op(this.#nextOp), view: view(3), timeMs: this.nowMs, replicaCount: 3 };
  }

  get #nextOp(): number {
    return FIRST_OP + this.entries.length;
  }

  #take(requestId: string, execution: Execution): Outcome {
    if (execution.kind === 'refused')
      return { execution, entry: undefined, reply: { kind: 'refused', refusal: execution.refusal } };
    if (execution.kind === 'known') return { execution, entry: undefined, reply: execution.reply };
    const stamp = { op: op(this.#nextOp), view: view(3), timeMs: this.nowMs };
    const head = { ...stamp, requestId, service: TUPLES, update: execution.update };
    const entry = encodeEntry(head, this.entries.at(-1)?.chain ?? GENESIS_CHAIN);
    this.entries.push(entry);
    this.tuples.speculate(entry);
    return { execution, entry, reply: execution.reply };
  }
}

/** A UUIDv7 of a number. */
export function requestIdOf(number: number): string {
  const time = START_MS.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** A pair of texts such as `a b`. */
export function pairOf([key, value]: readonly [string, string]): Pair {
  return { key: tupleOfText(key), value: tupleOfText(value) };
}

/** Patterns of texts such as `a .*`; undefined: any. */
export function patternsOf(keys?: string, values?: string) {
  return { keys: keys?.split(' '), values: values?.split(' ') };
}

/** Pairs as texts such as `a b=c`. */
export function textsOf({ pairs }: PairsAnswer): string[] {
  return pairs.map(({ key, value }) => `${key.join(' ')}=${value.join(' ')}`);
}

/** The answer to a Put or Post, which must not be refused. */
export function changed(reply: ServiceReply): ChangeAnswer {
  if (reply.kind === 'refused') throw new Error(`refused: ${reply.refusal.reason} ${reply.refusal.message}`);
  return reply.body as ChangeAnswer;
}

/** The answer to a Delete, which must not be refused. */
export function pairsIn(reply: ServiceReply): PairsAnswer {
  if (reply.kind === 'refused') throw new Error(`refused: ${reply.refusal.reason} ${reply.refusal.message}`);
  return reply.body as PairsAnswer;
}
