import { isDeepStrictEqual } from 'node:util';
import type { Entry } from '../../../../src/base/entry.js';
import type { QueryAnswer, ServiceReply } from '../../../../src/base/service.js';
import { LOG, MessageLog } from '../../../../src/services/log/message-log.js';
import type { Append, Appended, List, Message } from '../../../../src/services/log/requests.js';
import { Violation } from '../../checkers.js';
import { drawCopies, drawUuid, RequestsSent } from '../requests-sent.js';
import { shown } from '../shown.js';
import type { Asked, Workload, WorkloadKind, WorkloadWorld } from '../workload.js';

/** The message log: appends, pages of it from anywhere. */
export const LOG_WORKLOAD: WorkloadKind = {
  service: LOG,
  stream: 6,
  shipped: {},
  tables: ['messages.csv'],
  documents: [],
  makeService: (files, { indexFrameRecords }) => new MessageLog(files, { indexFrameRecords }),
  makeWorkload: (world) => new LogWorkload(world),
};

const TEXTS = ['tea', 'a "mate", please', 'two\r\nlines', '=1+1', '\0\\', '王 🍕'];
const PAGE = 1_000;

/** Callers who append and list, and the log as its entries make it: the n-th append is the message with key n. */
export class LogWorkload implements Workload<Append, List> {
  readonly #sent: RequestsSent<Append>;
  /** Every value that was sent under an id. */
  readonly #asked = new Map<string, Set<string>>();
  /** The model: all messages, by key. */
  readonly #messages: Message[] = [];

  constructor(private readonly world: WorkloadWorld) {
    this.#sent = new RequestsSent(world.prng);
  }

  draw(): Asked<Append> {
    const { prng, replicas } = this.world;
    const past = this.#sent.drawPast();
    if (past === undefined) return this.#sent.add(this.#new(drawCopies(prng, replicas)));
    const copiesNeeded = prng.chance(0.7) ? past.copiesNeeded : drawCopies(prng, replicas);
    return prng.chance(0.1)
      ? { ...past, copiesNeeded, variant: 1, body: { ...past.body, value: `${past.body.value}!` } }
      : { ...past, copiesNeeded };
  }

  goal(copiesNeeded: number): Asked<Append> {
    return this.#new(copiesNeeded);
  }

  query(): List {
    const { prng } = this.world;
    const end = this.#messages.length;
    const from = prng.pick([0, prng.between(0, end + 2), Math.max(0, end - 3)]);
    return { kind: 'list', from, limit: prng.pick([1, prng.between(1, 20), PAGE]) };
  }

  audit(): readonly List[] {
    const pages = 1 + Math.floor(this.#messages.length / PAGE);
    return Array.from({ length: pages }, (_, page) => ({ kind: 'list', from: page * PAGE, limit: PAGE }));
  }

  onAsked({ requestId, body }: Asked<Append>): void {
    this.#asked.set(requestId, (this.#asked.get(requestId) ?? new Set()).add(body.value));
  }

  take({ op, timeMs, requestId, update }: Entry): void {
    const expect = (isTrue: boolean, what: string): void => {
      if (!isTrue) throw new Violation(`op ${op} (${requestId}): ${what}`);
    };
    const [word, key, copies, ...text] = update.split(' ');
    expect(word === 'append' && Number(copies) >= 1, `${shown(update)} appends nothing`);
    const next = this.#messages.length;
    expect(key === String(next), `a message was appended with key ${key} where ${next} is free`);
    const value = JSON.parse(`"${text.join(' ')}"`) as string;
    expect(this.#asked.get(requestId)?.has(value) === true, `nobody had sent ${shown(value)} under this id`);
    const time = new Date(timeMs).toISOString();
    expect(time >= (this.#messages.at(-1)?.time ?? ''), `the time falls to ${time}`);
    this.#messages.push({ key: next, value, op, time, requestId });
  }

  judgeAnswer({ requestId, body }: Asked<Append>, reply: ServiceReply, op: number): void {
    if (reply.kind === 'refused')
      throw new Violation(`${requestId} was refused with ${reply.refusal.reason}; no state refuses an append`);
    const message = this.#messages.find((one) => one.op === op);
    const { key } = reply.body as Appended;
    if (message?.requestId !== requestId || message.key !== key || message.value !== body.value)
      throw new Violation(`${requestId}: ${shown(body.value)} with key ${key}, and op ${op} is ${shown(message)}`);
  }

  judgeRead({ from, limit }: List, answer: QueryAnswer, op: number): void {
    const found = answer.kind === 'done' ? answer.body : answer.refusal;
    const then = this.#messages.filter((one) => one.op <= op);
    const messages = then.slice(from, from + limit);
    const expected = { messages, nextFrom: from + messages.length, count: then.length };
    if (!isDeepStrictEqual(found, expected))
      throw new Violation(`list from ${from} as of op ${op}: ${shown(found)} instead of ${shown(expected)}`);
  }

  #new(copiesNeeded: number): Asked<Append> {
    const { prng, wallMs } = this.world;
    const value = `${prng.pick(TEXTS)} ${prng.between(1, 9)}`;
    return { requestId: drawUuid(prng, 7, wallMs()), variant: 0, body: { kind: 'append', value }, copiesNeeded };
  }
}
