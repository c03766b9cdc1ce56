import { assert } from '../base/assert.js';
import { replicaIndex } from '../base/numbers.js';
import type { Refusal } from '../base/refusal.js';
import type { WireMessage } from '../base/service-contract.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { CallRouter, RoutedCall, RoutedReply } from '../ports/front-end.js';
import type { BoundStream } from './contract-methods.js';
import { invalidField } from './gate.js';
import { consistencyOfWire } from './ordering-enums.js';
import { pause, reasonOf } from './pause.js';
import { statusRow } from './status-table.js';

/** A question for what is still to come waits at the replica for this long, ms. */
const LONG_POLL_MS = 5000;
/** A question for what is there may take this long, ms. */
const QUERY_MS = 2000;
/** Wait after a question that could not be answered, ms. */
const RETRY_MS = 100;

/** Each page waits for what it must show, and shows no less than the one before. */
const SESSION = 'CONSISTENCY_SESSION';

/** The page was refused, and asking again would not change that. */
export class StreamRefusedError extends Error {
  override readonly name = 'StreamRefusedError';
  constructor(readonly refusal: Refusal) {
    super(refusal.message);
  }
}

/** What pages are asked with. */
export interface PagedReadOptions {
  readonly configuration: Pick<ClusterConfiguration, 'replicas'>;
  readonly router: CallRouter;
  readonly wallMs: () => number;
  /** Least time between two pages while there is nothing more, ms. */
  readonly waitMs: () => number;
}

/**
 * The pages of one stream. Each is asked of whichever replica can answer, and shows no less than the one before: so the stream goes
 * on over failovers. Only a stream that named a replica depends on that one.
 */
export class PagedRead {
  readonly #page: BoundStream['page'];
  readonly #options: PagedReadOptions;
  #target: RoutedCall['target'];
  /** What every page is asked with besides its own request. */
  #wish: { readonly consistency: string; readonly replica: string };
  /** Op that the next page must show. */
  #minOp: number;
  /** Op that the last page showed. */
  #shownOp = 0;
  #answeredMs = 0;
  #isAwaiting = false;

  /** `asked`: the request of the stream. Throws StreamRefusedError. */
  constructor({ page }: BoundStream, options: PagedReadOptions, asked: WireMessage) {
    this.#page = page;
    this.#options = options;
    const { consistency, min_op: minOp = 0, replica = '' } = asked;
    if (consistency !== undefined && consistencyOfWire(consistency) === undefined)
      throw refusedField('consistency', 'is not known', 'send linearizable, session or any');
    if (!Number.isSafeInteger(minOp)) throw refusedField('min_op', 'is no op number', 'send the op of an answer, or 0');
    this.#minOp = Number(minOp);
    const ids = options.configuration.replicas.map(({ id }) => id);
    const named = ids.indexOf(String(replica));
    if (named < 0 && replica !== '' && replica !== 'primary')
      throw refusedField(
        'replica',
        'is no replica of this cluster',
        `send one of ${ids.join(', ')}, primary, or nothing`,
      );
    const isOfPrimary = consistency === 'CONSISTENCY_LINEARIZABLE' || (named < 0 && replica === 'primary');
    this.#wish = { consistency: isOfPrimary ? 'CONSISTENCY_LINEARIZABLE' : SESSION, replica: String(replica) };
    this.#target = named >= 0 ? replicaIndex(named) : isOfPrimary ? 'primary' : 'any';
  }

  /** There is nothing more now: the next page is answered when the replica has applied more than the last one showed. */
  awaitMore(): void {
    this.#minOp = this.#shownOp + 1;
    this.#isAwaiting = true;
  }

  /**
   * The page of this request, as soon as there is one. Throws StreamRefusedError, and the signal's reason when that is aborted.
   */
  async next(request: WireMessage, signal: AbortSignal): Promise<WireMessage> {
    const { waitMs } = this.#options;
    if (this.#isAwaiting) {
      const leftMs = this.#answeredMs + waitMs() - performance.now();
      if (leftMs > 0) await pause(leftMs, signal);
    }
    for (;;) {
      const payload = this.#page.request.write({ ...request, ...this.#wish, min_op: this.#minOp });
      const reply = await this.#ask(payload, this.#isAwaiting ? LONG_POLL_MS : QUERY_MS, signal);
      if (reply.kind === 'ok') return this.#shown(reply.payload);
      if (!this.#mayComeLater(reply.refusal)) throw new StreamRefusedError(reply.refusal);
      await pause(RETRY_MS, signal);
    }
  }

  /** Whether the same question may be answered in a while: also one that waited for what did not come. */
  #mayComeLater({ reason, details }: Refusal): boolean {
    if (reason === 'REPLICA_UNREACHABLE') return this.#isAwaiting && details?.['connected'] === 'true';
    return reason !== 'INTERNAL' && statusRow(reason).retry === 'sameId';
  }

  #shown(payload: Uint8Array): WireMessage {
    const page = this.#page.response.read(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength));
    assert(typeof page !== 'string', 'a replica answers with messages of the contract');
    const { op } = page['as_of'] as { readonly op: number };
    this.#shownOp = op;
    this.#minOp = Math.max(this.#minOp, op);
    this.#answeredMs = performance.now();
    this.#isAwaiting = false;
    // What was acknowledged before the stream began is shown by the first page; from there on nothing is taken back.
    if (this.#wish.replica === '' && this.#target === 'primary') {
      this.#wish = { consistency: SESSION, replica: '' };
      this.#target = 'any';
    }
    return page;
  }

  #ask(payload: Buffer, waitMs: number, signal: AbortSignal): Promise<RoutedReply> {
    const { router, wallMs } = this.#options;
    const call: RoutedCall = {
      method: this.#page.method,
      payload,
      deadlineWallMs: wallMs() + waitMs,
      isStaff: false,
      target: this.#target,
      isWrite: false,
      mayWait: this.#isAwaiting,
    };
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(reasonOf(signal));
      const abort = (): void => {
        giveUp();
        reject(reasonOf(signal));
      };
      signal.addEventListener('abort', abort, { once: true });
      // It may be answered before this returns.
      const giveUp = router.route(call, (reply) => {
        signal.removeEventListener('abort', abort);
        resolve(reply);
      });
    });
  }
}

function refusedField(field: string, problem: string, nextStep: string): StreamRefusedError {
  const told = invalidField(field, problem, nextStep);
  assert(told.kind === 'refused', 'a wrong field is refused');
  return new StreamRefusedError(told.refusal);
}
