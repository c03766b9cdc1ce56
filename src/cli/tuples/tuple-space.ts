import { setTimeout as pause } from 'node:timers/promises';
import { v7 as uuidV7 } from 'uuid';
import { isSettled } from '../../client/placement.js';
import { type AsOfView, CallRefusedError, type ReceiptView } from '../../ports/ordering-client.js';
import type { ServiceClient } from '../../ports/service-client.js';
import type { WireMessage } from '../../base/service-contract.js';
import type { WrittenPair } from './tuple-arguments.js';

/** A pair that was not used, as `--json` prints it. */
export interface NotUsedView extends WrittenPair {
  readonly index: number;
  readonly reason: string;
  readonly message: string;
}

/** What keeps patterns from being used, as `--json` prints it; both empty: nothing. */
export interface ProblemView {
  /** `malformed` or `unsupported`. */
  readonly problem: string;
  readonly reason: string;
}

/** What came of a Put or Post. */
export interface ChangedView {
  readonly used: number;
  readonly notUsed: readonly NotUsedView[];
  readonly receipt: ReceiptView;
}

/** Some of the pairs that match. */
export interface PairsView extends ProblemView {
  readonly pairs: readonly WrittenPair[];
  /** Where to go on; empty: that was all. */
  readonly next: string;
}

/** What one replica, or the cluster, says of the whole. */
export interface CountView {
  readonly tuples: number;
  readonly hash: string;
  readonly changed_op: number;
  readonly as_of: AsOfView;
}

/** Which pairs are meant. */
export interface Selection {
  readonly keys: readonly string[] | undefined;
  readonly values: readonly string[] | undefined;
}

/** How fresh a read must be, or which replica shall answer it. */
export interface ReadFrom {
  readonly consistency?: 'linearizable' | 'session' | 'any';
  readonly replica?: string;
  readonly min_op?: number;
}

const ATTEMPT_MS_MAX = 5_000;
const PAUSE_MS = 100;

interface WireTuple {
  readonly elements: readonly string[];
}
interface WirePair {
  readonly key: WireTuple;
  readonly value: WireTuple;
}
interface WireNotUsed {
  readonly index: number;
  readonly pair: WirePair;
  readonly reason: string;
  readonly message: string;
}
interface WireEnd {
  readonly next_page_token: string;
  readonly problem: string;
  readonly reason: string;
}

/** The tuple space as commands use it. A call whose outcome is not known is made again under its one id until the time is over. */
export class TupleSpace {
  /** `timeoutMs`: time for each call with all its repeats. */
  constructor(
    private readonly client: ServiceClient,
    private readonly timeoutMs: number,
    private readonly writeConcern = '',
  ) {}

  async put(pairs: readonly WrittenPair[]): Promise<ChangedView> {
    const request = { ...this.#write(), pairs: pairs.map(wirePair) };
    const { added, not_added, receipt } = await this.#surely<{
      added: number;
      not_added: WireNotUsed[];
      receipt: ReceiptView;
    }>('Put', request);
    return { used: added, notUsed: not_added.map(notUsedView), receipt };
  }

  async post(pairs: readonly WrittenPair[]): Promise<ChangedView> {
    const request = { ...this.#write(), pairs: pairs.map(wirePair) };
    const { updated, not_used, receipt } = await this.#surely<{
      updated: number;
      not_used: WireNotUsed[];
      receipt: ReceiptView;
    }>('Post', request);
    return { used: updated, notUsed: not_used.map(notUsedView), receipt };
  }

  /** Removes some of the pairs that match; those behind `next` are left. */
  async delete(selection: Selection, pageToken = ''): Promise<PairsView & { readonly receipt: ReceiptView }> {
    const request = { ...this.#write(), ...wireSelection(selection), page_token: pageToken };
    const answer = await this.#surely<WireEnd & { removed: WirePair[]; receipt: ReceiptView }>('Delete', request);
    return { pairs: answer.removed.map(pairView), receipt: answer.receipt, ...endView(answer) };
  }

  async get(
    selection: Selection,
    { size, pageToken = '', ...from }: ReadFrom & { readonly size: number; readonly pageToken?: string },
  ): Promise<PairsView & { readonly as_of: AsOfView }> {
    const request = { ...wireSelection(selection), ...from, page_size: size, page_token: pageToken };
    const answer = await this.client.call<WireEnd & { pairs: WirePair[]; as_of: AsOfView }>('Get', request, {
      deadlineMs: Math.min(this.timeoutMs, ATTEMPT_MS_MAX),
    });
    return { pairs: answer.pairs.map(pairView), as_of: answer.as_of, ...endView(answer) };
  }

  /** All pairs that match, as they come; one message with the problem where the patterns cannot be used. */
  async *scan(selection: Selection, from: ReadFrom, signal: AbortSignal): AsyncGenerator<PairsView> {
    const request = { ...wireSelection(selection), ...from };
    const resume = (last: WireMessage) => ({ ...request, page_token: last['next_page_token'] });
    for await (const message of this.client.stream<WireEnd & { pairs: WirePair[] }>('Scan', request, signal, {
      resume,
    })) {
      yield { pairs: message.pairs.map(pairView), ...endView(message) };
      // After the last message a stream that breaks would begin anew.
      if (message.next_page_token === '') return;
    }
  }

  async count(from: ReadFrom): Promise<CountView> {
    return this.#surely<CountView>('Count', { ...from });
  }

  #write(): WireMessage {
    return { request_id: uuidV7(), ...(this.writeConcern === '' ? {} : { write_concern: this.writeConcern }) };
  }

  async #surely<Response extends object>(method: string, request: WireMessage): Promise<Response> {
    const endMs = performance.now() + this.timeoutMs;
    for (;;) {
      const leftMs = Math.max(1, Math.round(endMs - performance.now()));
      try {
        return await this.client.call<Response>(method, request, { deadlineMs: Math.min(ATTEMPT_MS_MAX, leftMs) });
      } catch (error) {
        const isLast = performance.now() + PAUSE_MS >= endMs;
        if (!(error instanceof CallRefusedError) || isSettled(error.refusal) || isLast) throw error;
        await pause(PAUSE_MS);
      }
    }
  }
}

function wirePair({ key, value }: WrittenPair): WireMessage {
  return { key: { elements: key }, value: { elements: value } };
}

function wireSelection({ keys, values }: Selection): WireMessage {
  return {
    ...(keys === undefined ? {} : { keys: { patterns: keys } }),
    ...(values === undefined ? {} : { values: { patterns: values } }),
  };
}

function pairView({ key, value }: WirePair): WrittenPair {
  return { key: key.elements, value: value.elements };
}

function notUsedView({ index, pair, reason, message }: WireNotUsed): NotUsedView {
  return { index, ...pairView(pair), reason: reason.replace('NOT_USED_REASON_', '').toLowerCase(), message };
}

function endView({ next_page_token: next, problem, reason }: WireEnd): Pick<PairsView, 'next' | 'problem' | 'reason'> {
  const name = problem.replace('PATTERNS_PROBLEM_', '').toLowerCase();
  return { next, problem: name === 'unspecified' ? '' : name, reason };
}
