import { isDeepStrictEqual } from 'node:util';
import type { Entry } from '../../../../src/base/entry.js';
import type { Refusal } from '../../../../src/base/refusal.js';
import type { QueryAnswer, ServiceReply } from '../../../../src/base/service.js';
import { RECORDS, Records } from '../../../../src/services/records/records.js';
import type { ListReply, RecordReply } from '../../../../src/services/records/replies.js';
import type { Field, RecordsQuery, UpdateRecord } from '../../../../src/services/records/requests.js';
import { Violation } from '../../checkers.js';
import type { Prng } from '../../prng.js';
import { drawCopies, drawUuid, RequestsSent } from '../requests-sent.js';
import { shown } from '../shown.js';
import type { Asked, Workload, WorkloadKind, WorkloadWorld } from '../workload.js';

/** Memory for records: a few of them, so that most are read from the table. */
const CACHE_BYTES_MAX = 3_000;

/** Named records, updated by many callers at once. */
export const RECORDS_WORKLOAD: WorkloadKind = {
  service: RECORDS,
  stream: 8,
  shipped: {},
  tables: ['records.csv', 'records-requests.csv'],
  documents: [],
  makeService: (files) => new Records(files, { cacheBytesMax: CACHE_BYTES_MAX }),
  makeWorkload: (world) => new RecordsWorkload(world),
};

/** Most fields of a record (S000 knew 18). */
const FIELDS_MAX = 200;
const NAMES = ['ann', 'bob', 'Zoë 1', '7', 'a.b/c@d'] as const;
/** A record that grows until it is refused. */
const WIDE = 'wide';
const WIDE_KEYS = 210;
const GOAL = 'the last one';
const KEYS = ['id', 'about', '2', '1', 'größe'] as const;
const VALUES = ['', "'999'", 'a=b, "c"', 'line\nline\r\nline', '\u0000\u2028🍕', ' ', '[["a","b"]]'] as const;

/** A version of a record, as the model has it. */
interface Version {
  readonly op: number;
  readonly timeMs: number;
  readonly name: string;
  readonly version: number;
  readonly fields: readonly Field[];
}

/** An update as an entry holds it, as far as the model looks. */
type Update =
  | ({ readonly kind: 'fields'; readonly version: number } & Pick<UpdateRecord, 'name' | 'fields' | 'expectedVersion'>)
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Callers who update records, and the records as their updates make them. */
export class RecordsWorkload implements Workload<UpdateRecord, RecordsQuery> {
  readonly #sent: RequestsSent<UpdateRecord>;
  /** What was asked under each id. */
  readonly #asked = new Map<string, UpdateRecord[]>();
  /** The model: every version of every record, oldest first. */
  readonly #versions: Version[] = [];

  constructor(private readonly world: WorkloadWorld) {
    this.#sent = new RequestsSent(world.prng);
  }

  draw(): Asked<UpdateRecord> {
    const { prng, replicas } = this.world;
    const past = this.#sent.drawPast();
    if (past === undefined) return this.#sent.add(this.#new(this.#drawUpdate(), drawCopies(prng, replicas)));
    const copiesNeeded = prng.chance(0.7) ? past.copiesNeeded : drawCopies(prng, replicas);
    return prng.chance(0.1)
      ? { ...past, copiesNeeded, variant: 1, body: { ...past.body, fields: [['other', 'content']] } }
      : { ...past, copiesNeeded };
  }

  goal(copiesNeeded: number): Asked<UpdateRecord> {
    return this.#new({ kind: 'update', name: GOAL, fields: [['done', 'yes']] }, copiesNeeded);
  }

  query(): RecordsQuery {
    const { prng } = this.world;
    if (prng.chance(0.7)) return { kind: 'get', name: drawName(prng) };
    return { kind: 'list', after: prng.chance(0.5) ? '' : drawName(prng), pageSize: prng.between(0, 4) };
  }

  audit(): readonly RecordsQuery[] {
    const gets = [...NAMES, WIDE, GOAL].map((name) => ({ kind: 'get', name }) as const);
    return [{ kind: 'list', after: '', pageSize: 500 }, ...gets];
  }

  onAsked({ requestId, body }: Asked<UpdateRecord>): void {
    const known = this.#asked.get(requestId) ?? [];
    if (!known.some((one) => isDeepStrictEqual(one, body))) this.#asked.set(requestId, [...known, body]);
  }

  take({ op, timeMs, requestId, update: text }: Entry): void {
    const update = JSON.parse(text) as Update;
    const expect = (isTrue: boolean, what: string): void => {
      if (!isTrue) throw new Violation(`op ${op} (${requestId}): ${what}`);
    };
    const asked = this.#asked.get(requestId) ?? [];
    if (update.kind === 'refused') {
      const reasons = asked.map((body) => this.#whyRefused(body, op));
      return expect(
        reasons.some((why) => isSame(why, update.refusal)),
        `refused with ${shown(update.refusal)}, and what was asked deserved ${shown(reasons)}`,
      );
    }
    const { name, version, fields, expectedVersion } = update;
    const body = { kind: 'update', name, fields, ...(expectedVersion === undefined ? {} : { expectedVersion }) };
    expect(
      asked.some((one) => isDeepStrictEqual(one, body)),
      `nobody asked for ${shown(body)}`,
    );
    const why = this.#whyRefused({ ...update, kind: 'update' }, op);
    expect(why === undefined, `it was done, and deserved ${shown(why)}`);
    const before = this.#at(name, op - 1);
    expect(version === (before?.version ?? 0) + 1, `version ${version} follows ${before?.version ?? 'nothing'}`);
    this.#versions.push({ op, timeMs, name, version, fields: merged(before, fields) });
  }

  judgeAnswer({ requestId, body }: Asked<UpdateRecord>, reply: ServiceReply, op: number): void {
    const made = this.#versions.find((one) => one.op === op);
    if (reply.kind === 'refused') {
      const why = this.#whyRefused(body, op);
      if (made !== undefined || !isSame(why, reply.refusal))
        throw new Violation(
          `${requestId} was refused with ${shown(reply.refusal)}, and deserved ${shown(why)} at op ${op}`,
        );
      return;
    }
    const told = plain(reply.body as RecordReply);
    if (made?.name !== body.name || !isDeepStrictEqual(told, made))
      throw new Violation(`${requestId} of ${body.name}: ${shown(told)} instead of ${shown(made)}`);
  }

  judgeRead(query: RecordsQuery, answer: QueryAnswer, op: number): void {
    const found = answer.kind === 'refused' ? answer.refusal.reason : plainAnswer(query, answer.body);
    const expected = this.#expectedOf(query, op);
    if (!isDeepStrictEqual(found, expected))
      throw new Violation(`${shown(query)} as of op ${op}: ${shown(found)} instead of ${shown(expected)}`);
  }

  #expectedOf(query: RecordsQuery, op: number): unknown {
    if (query.kind === 'get') return this.#at(query.name, op) ?? 'UNKNOWN_RECORD';
    const then = this.#versions.filter((one) => one.op <= op);
    const names = [...new Set(then.map(({ name }) => name))];
    const after = names.indexOf(query.after);
    if (query.after !== '' && after < 0) return 'UNKNOWN_RECORD';
    const rest = names.slice(after + 1);
    const size = query.pageSize === 0 ? 100 : query.pageSize;
    const records = rest.slice(0, size).map((name) => {
      const last = this.#at(name, op);
      return { name, version: last?.version, op: last?.op };
    });
    return { records, hasMore: rest.length > size };
  }

  /** Why this update deserves to be refused by the state before `op`. */
  #whyRefused(
    { name, fields, expectedVersion }: UpdateRecord,
    op: number,
  ): Pick<Refusal, 'reason' | 'details'> | undefined {
    const before = this.#at(name, op - 1);
    const version = before?.version ?? 0;
    if (expectedVersion !== undefined && expectedVersion !== version)
      return { reason: 'RECORD_VERSION_CHANGED', details: { record: name, version: String(version) } };
    const count = merged(before, fields).length;
    if (count <= FIELDS_MAX) return undefined;
    return { reason: 'RECORD_TOO_LARGE', details: { record: name, fields: String(count) } };
  }

  #at(name: string, op: number): Version | undefined {
    return this.#versions.findLast((one) => one.name === name && one.op <= op);
  }

  #drawUpdate(): UpdateRecord {
    const { prng } = this.world;
    const name = drawName(prng);
    if (name === WIDE) {
      const first = prng.between(0, WIDE_KEYS - 1);
      const keys = Array.from({ length: prng.between(20, 60) }, (_, index) => (first + index) % WIDE_KEYS);
      return { kind: 'update', name, fields: keys.map((key): Field => [`f${key}`, prng.pick(VALUES)]) };
    }
    const keys = KEYS.filter(() => prng.chance(0.4));
    const fields = (keys.length === 0 ? KEYS : keys).map((key): Field => [key, prng.pick(VALUES)]);
    if (prng.chance(0.6)) return { kind: 'update', name, fields };
    // Mostly the version that the caller may have seen; it may be another one by the time it is executed.
    const seen = this.#at(name, Number.MAX_SAFE_INTEGER)?.version ?? 0;
    return { kind: 'update', name, fields, expectedVersion: seen + prng.pick([0, 0, 0, 1]) };
  }

  #new(body: UpdateRecord, copiesNeeded: number): Asked<UpdateRecord> {
    const { prng, wallMs } = this.world;
    return { requestId: drawUuid(prng, 7, wallMs()), variant: 0, body, copiesNeeded };
  }
}

const drawName = (prng: Prng): string => prng.pick([...NAMES, ...NAMES, WIDE]);

/** A record with fields set: those that were there keep their places. */
function merged(before: Version | undefined, set: readonly Field[]): Field[] {
  const kept = (before?.fields ?? []).map(([key, value]): Field => [
    key,
    set.find(([one]) => one === key)?.[1] ?? value,
  ]);
  return [...kept, ...set.filter(([key]) => !kept.some(([one]) => one === key))];
}

function isSame(why: Pick<Refusal, 'reason' | 'details'> | undefined, refusal: Refusal): boolean {
  return why?.reason === refusal.reason && isDeepStrictEqual(why.details, refusal.details);
}

const plain = ({ name, record }: RecordReply): Version => {
  const { op, timeMs, version, fields } = record;
  return { op, timeMs, name, version, fields: [...fields] };
};

function plainAnswer(query: RecordsQuery, body: unknown): unknown {
  return query.kind === 'get' ? plain(body as RecordReply) : (body as ListReply);
}
