import { isDeepStrictEqual } from 'node:util';
import type { Outcome } from '../../../src/vsr/effect.js';
import { Violation, type Checkers } from '../checkers.js';
import type { CommittedLog } from './committed-log.js';
import { shown } from './shown.js';
import type { Asked, Workload } from './workload.js';

type Written = Extract<Outcome, { kind: 'written' }>;
type Read = Extract<Outcome, { kind: 'read' }>;

interface FirstAnswer {
  readonly variant: number;
  readonly reply: unknown;
  readonly view: number;
  readonly chain: string;
}

/**
 * What callers of a service were told, held against what is committed: a repeat is answered as the first time, what was refused was not
 * executed, and the workload's model agrees with every answer. Throws Violation.
 */
export class Answers {
  readonly #first = new Map<string, FirstAnswer>();
  /** First answers that no replica's tables hold yet: a primary may commit what its own disk does not have. */
  #unjudged: { readonly asked: Asked; readonly op: number; readonly reply: Written['reply'] }[] = [];
  /** Attempts of an id that were not told that nothing was done. */
  readonly #open = new Map<string, number>();

  constructor(
    private readonly workload: Pick<Workload, 'onAsked' | 'judgeAnswer' | 'judgeRead'>,
    private readonly committed: CommittedLog,
    private readonly checkers: Checkers,
  ) {}

  /** Ids of all that was asked. */
  get requestIds(): readonly string[] {
    return [...this.#open.keys()];
  }

  /** A request is on its way. */
  onAsked(asked: Asked): void {
    this.workload.onAsked?.(asked);
    this.#open.set(asked.requestId, (this.#open.get(asked.requestId) ?? 0) + 1);
  }

  /** Told that nothing was done. */
  onRefused({ requestId }: Asked): void {
    this.#open.set(requestId, (this.#open.get(requestId) ?? 0) - 1);
  }

  onWritten(asked: Asked, { reply, receipt }: Written): void {
    const { requestId, variant, copiesNeeded } = asked;
    const { op, view, chain, copies, committed } = receipt;
    if (copies < copiesNeeded)
      throw new Violation(`${requestId} was acknowledged with ${copies} of ${copiesNeeded} copies`);
    this.checkers.onAcknowledged(requestId, op, chain, committed);
    if (!committed) return;
    if (reply.kind === 'refused' && reply.refusal.reason === 'ID_REUSED') {
      if (this.#first.get(requestId)?.variant === variant)
        throw new Violation(`${requestId}: a repeat was told that the id stands for something else`);
      return;
    }
    const first = this.#first.get(requestId);
    if (first === undefined) {
      this.#first.set(requestId, { variant, reply, view, chain });
      this.#unjudged.push({ asked, op, reply });
      this.#judgeApplied();
    } else if (first.variant !== variant) throw new Violation(`${requestId} stands for two different requests`);
    else if (!isDeepStrictEqual([reply, view, chain], [first.reply, first.view, first.chain]))
      throw new Violation(
        `${requestId}: first ${shown(first.reply)} in view ${first.view}, now ${shown(reply)} in view ${view}`,
      );
  }

  onRead(query: unknown, { answer, asOf }: Read): void {
    if (asOf.op > this.committed.op)
      throw new Violation(`a read was answered as of op ${asOf.op}, which nobody has applied`);
    this.workload.judgeRead(query, answer, asOf.op);
  }

  /** After healing: what was told to have come to nothing has. */
  atEnd(): void {
    this.#judgeApplied();
    if (this.#unjudged.length > 0)
      throw new Violation(`op ${this.#unjudged[0]?.op} was acknowledged and never applied`);
    for (const [id, open] of this.#open)
      if (open === 0 && this.committed.has(id)) throw new Violation(`${id} was executed, and every attempt refused`);
  }

  #judgeApplied(): void {
    const isApplied = ({ op }: { readonly op: number }): boolean => op <= this.committed.op;
    for (const { asked, op, reply } of this.#unjudged.filter(isApplied)) this.workload.judgeAnswer(asked, reply, op);
    this.#unjudged = this.#unjudged.filter((one) => !isApplied(one));
  }
}
