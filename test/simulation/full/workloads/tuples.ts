import { isDeepStrictEqual } from 'node:util';
import type { Entry } from '../../../../src/base/entry.js';
import { majorityOf } from '../../../../src/base/numbers.js';
import type { QueryAnswer, ServiceReply } from '../../../../src/base/service.js';
import type { CountAnswer, PairsAnswer } from '../../../../src/services/tuples/replies.js';
import type { Selection, TuplesQuery, TuplesRequest } from '../../../../src/services/tuples/requests.js';
import { Tuples, TUPLES } from '../../../../src/services/tuples/tuples.js';
import { Violation } from '../../checkers.js';
import { drawCopies, drawUuid, RequestsSent } from '../requests-sent.js';
import { shown } from '../shown.js';
import type { Asked, Workload, WorkloadKind, WorkloadWorld } from '../workload.js';
import { found, type State, TupleModel, type WrittenUpdate } from './tuples-model.js';

/** The tuple space: pairs put, posted and deleted by patterns, and searches from anywhere. */
export const TUPLES_WORKLOAD: WorkloadKind = {
  service: TUPLES,
  stream: 7,
  shipped: {},
  tables: ['tuples.csv', 'tuples-requests.csv'],
  documents: [],
  makeService: (files) => new Tuples(files),
  makeWorkload: (world) => new TuplesWorkload(world),
};

/** Elements of which keys and values are made; the last ones are malformed. */
const ELEMENTS = ['a', 'b', 'ab', 'A', '1', '22'];
const MALFORMED = ['a b', ''];
/** Patterns that mean the same in JavaScript; the last two are malformed. */
const PATTERNS = ['a', 'b', '1', 'a.*', '.*', '[^a]+', '\\d+', 'a|1', '(', '*'];
const ALL: Selection = { keys: undefined, values: undefined, limit: 1_000, after: 0 };

/** Callers who get in each other's way on few keys, and the space as its entries make it. */
export class TuplesWorkload implements Workload<TuplesRequest, TuplesQuery> {
  readonly #sent: RequestsSent<TuplesRequest>;
  /** Every body that was sent under an id, and whether one asked for fewer disks than a majority. */
  readonly #asked = new Map<string, { readonly bodies: TuplesRequest[]; mayBeSalvaged: boolean }>();
  readonly #model = new TupleModel();
  /** Hashes that were told, by the state they were told of. */
  readonly #hashes = new Map<string, string>();
  #goals = 0;

  constructor(private readonly world: WorkloadWorld) {
    this.#sent = new RequestsSent(world.prng);
  }

  draw(): Asked<TuplesRequest> {
    const { prng, replicas } = this.world;
    const past = this.#sent.drawPast();
    if (past === undefined) return this.#sent.add(this.#new(this.#drawBody(), drawCopies(prng, replicas)));
    const copiesNeeded = prng.chance(0.7) ? past.copiesNeeded : drawCopies(prng, replicas);
    return prng.chance(0.1)
      ? { ...past, copiesNeeded, variant: 1, body: otherThan(past.body) }
      : { ...past, copiesNeeded };
  }

  goal(copiesNeeded: number): Asked<TuplesRequest> {
    const key = ['goal', String(++this.#goals)];
    return this.#new({ kind: 'put', pairs: [{ key, value: ['reached'] }] }, copiesNeeded);
  }

  query(): TuplesQuery {
    return this.world.prng.chance(0.3) ? { kind: 'count' } : { kind: 'get', ...this.#drawSelection() };
  }

  audit(): readonly TuplesQuery[] {
    return [{ kind: 'count' }, { kind: 'get', ...ALL }];
  }

  onAsked({ requestId, body, copiesNeeded }: Asked<TuplesRequest>): void {
    const asked = this.#asked.get(requestId) ?? { bodies: [], mayBeSalvaged: false };
    this.#asked.set(requestId, asked);
    if (!asked.bodies.some((one) => isDeepStrictEqual(one, body))) asked.bodies.push(body);
    asked.mayBeSalvaged ||= copiesNeeded < majorityOf(this.world.replicas);
  }

  take({ op, requestId, update: text }: Entry): void {
    const asked = this.#asked.get(requestId);
    if (asked === undefined) throw new Violation(`op ${op} (${requestId}): nobody sent it`);
    this.#model.take(op, requestId, JSON.parse(text) as WrittenUpdate, asked);
  }

  judgeAnswer({ requestId, body }: Asked<TuplesRequest>, reply: ServiceReply, op: number): void {
    if (reply.kind === 'refused')
      throw new Violation(`${requestId} was refused with ${reply.refusal.reason}; no state refuses it`);
    const expected = this.#model.answerAt(op, requestId, body);
    if (!isDeepStrictEqual(told(reply.body), expected))
      throw new Violation(`${requestId}: ${shown(told(reply.body))} instead of ${shown(expected)}, by op ${op}`);
  }

  judgeRead(query: TuplesQuery, answer: QueryAnswer, op: number): void {
    const { state, op: changedOp } = this.#model.at(op);
    const objection = (what: unknown, expected: unknown): Violation =>
      new Violation(`${query.kind} as of op ${op}: ${shown(what)} instead of ${shown(expected)}`);
    if (answer.kind === 'refused') throw objection(answer.refusal, 'an answer');
    if (query.kind === 'count') {
      const { tuples, hash, op: toldOp } = answer.body as CountAnswer;
      if (tuples !== state.length || toldOp !== changedOp) throw objection(answer.body, [state.length, changedOp]);
      this.#judgeHash(state, hash);
      return;
    }
    const expected = found(state, query);
    if (!isDeepStrictEqual(told(answer.body), expected)) throw objection(told(answer.body), expected);
  }

  /** Equal pairs, equal hash; other pairs, another one. */
  #judgeHash(state: State, hash: string): void {
    const pairs = state.map(({ key, value }) => `${key}=${value}`).toSorted();
    const before = this.#hashes.get(pairs.join());
    if (before !== undefined && before !== hash)
      throw new Violation(`the hash of ${shown(pairs)} was ${before}, now ${hash}`);
    if (before === undefined && [...this.#hashes.values()].includes(hash))
      throw new Violation(`${shown(pairs)} has the hash of other pairs, ${hash}`);
    this.#hashes.set(pairs.join(), hash);
  }

  #new(body: TuplesRequest, copiesNeeded: number): Asked<TuplesRequest> {
    const { prng, wallMs } = this.world;
    return { requestId: drawUuid(prng, 7, wallMs()), variant: 0, body, copiesNeeded };
  }

  #drawBody(): TuplesRequest {
    const { prng } = this.world;
    if (prng.chance(0.3)) return { kind: 'delete', ...this.#drawSelection() };
    const kind = prng.chance(0.6) ? 'put' : 'post';
    const pairs = Array.from({ length: prng.between(1, 3) }, () => ({
      key: this.#drawTuple(0.02),
      value: this.#drawTuple(0.1),
    }));
    return { kind, pairs };
  }

  #drawTuple(malformed: number): string[] {
    const { prng } = this.world;
    if (prng.chance(malformed)) return prng.chance(0.3) ? [] : [prng.pick(MALFORMED)];
    return Array.from({ length: prng.between(1, 2) }, () => prng.pick(ELEMENTS));
  }

  #drawSelection(): Selection {
    const { prng } = this.world;
    const patterns = (): string[] => Array.from({ length: prng.between(1, 2) }, () => prng.pick(PATTERNS));
    return {
      keys: prng.chance(0.9) ? patterns() : undefined,
      values: prng.chance(0.3) ? patterns() : undefined,
      limit: prng.pick([1, 2, 1_000]),
      after: prng.pick([0, 0, prng.between(1, 30)]),
    };
  }
}

function otherThan(body: TuplesRequest): TuplesRequest {
  return body.kind === 'delete'
    ? { ...body, limit: body.limit + 1 }
    : { ...body, pairs: [...body.pairs, { key: ['more'], value: ['1'] }] };
}

/** An answer without its words for people. */
function told(body: unknown): unknown {
  if (isPairs(body)) return { ...body, problem: body.problem?.kind };
  const { used, notUsed } = body as { used: number; notUsed: { message: string }[] };
  return { used, notUsed: notUsed.map(({ message: _message, ...rest }) => rest) };
}

function isPairs(body: unknown): body is PairsAnswer {
  return typeof body === 'object' && body !== null && 'pairs' in body;
}
