import { createHash } from 'node:crypto';
import { isoTime } from '../base/iso-time.js';
import type { OpNumber } from '../base/numbers.js';
import { DamagedFileError, type Service, type Table } from '../base/service.js';
import type { Timers } from '../ports/machine.js';
import type { ReplicaStorage } from '../ports/storage.js';
import {
  InspectionError,
  type Inspection,
  type NoteAnswer,
  type OrderExplanation,
  type OrderStep,
  type OrderTrace,
  type RequestStep,
  type RowPage,
  type RowRange,
  type RowsOf,
  type TraceStep,
} from '../ports/inspection.js';
import { readReceipt } from '../vsr/receipts.js';
import type { State } from '../vsr/state.js';
import type { DurableTimes } from './durable-times.js';
import { type NotedState, StateNotes } from './state-notes.js';
import { rehash, TableRows } from './table-rows.js';

/** Views that are told of an order at most. */
const VIEWS_MAX = 100;
const PARTS_MAX = 256;

/** What of the core's state is looked at. */
export type InspectedState = NotedState & Pick<State, 'view' | 'durable' | 'outboxById' | 'log'>;

/** What is shown. */
export interface InspectedReplica {
  readonly storage: Pick<ReplicaStorage, 'content' | 'readDocument' | 'held'>;
  readonly services: ReadonlyMap<string, Service>;
  readonly receipts: Table;
  readonly timers: Timers;
  readonly durableTimes: DurableTimes;
  state(): InspectedState;
  /** A file does not hold what was written to it. */
  onDamaged(error: DamagedFileError): void;
}

/** What a replica shows of its files, between its steps. */
export class ReplicaInspection implements Inspection {
  readonly notes: StateNotes;
  readonly #replica: InspectedReplica;

  constructor(replica: InspectedReplica) {
    this.#replica = replica;
    this.notes = new StateNotes(replica);
  }

  noteAt(op: number, waitMs: number): Promise<NoteAnswer> {
    return this.notes.at(op, waitMs);
  }

  hashRows({ table, fromOp, toOp }: RowsOf, parts: number): Promise<RowRange[]> {
    return this.#orDamaged(async () => {
      const rows = new TableRows(this.#tableOf(table, toOp));
      return rows.ranges(fromOp, toOp, Math.min(Math.max(parts, 1), PARTS_MAX));
    });
  }

  readRows({ table, fromOp, toOp }: RowsOf): Promise<RowPage> {
    return this.#orDamaged(async () => {
      const text = this.#replica.storage.content().documents.get(table);
      if (text !== undefined) return { header: '', rows: Buffer.from(text), nextOp: 0 };
      return new TableRows(this.#tableOf(table, toOp)).page(fromOp, toOp);
    });
  }

  reread(name: string, length: number): Promise<{ hash: string; expected: string | undefined }> {
    return this.#orDamaged(async () => {
      const { tables, documents } = this.#replica.storage.content();
      const text = documents.get(name);
      if (text !== undefined) {
        const bytes = this.#replica.storage.readDocument(name) ?? new Uint8Array();
        return { hash: sha256(bytes), expected: sha256(Buffer.from(text)) };
      }
      const table = tables.find((one) => one.table.name === name)?.table;
      if (table === undefined) throw noTable(name);
      return { hash: await rehash(table, Math.min(length, table.length)), expected: undefined };
    });
  }

  explainOrder(orderId: string): Promise<OrderExplanation> {
    return this.#orDamaged(async () => {
      const { storage } = this.#replica;
      const state = this.#replica.state();
      const { order, steps, refused } = this.#traceOf(orderId);
      const pending = state.log.entries
        .filter(({ op, requestId }) => op > state.applied && requestId === orderId)
        .map(({ service, op, view }) => ({ service, op, view, durable: op <= state.durable }));
      const { journalFrom, checkpointOp } = storage.held();
      const requests = this.#requestsOf(orderId, journalFrom);
      const firstOp = order?.op ?? requests[0]?.op;
      return {
        order,
        steps: steps.map((step): OrderStep => ({ ...step, ...this.#placeOf(step, journalFrom) })),
        requests,
        refused: refused === undefined ? undefined : { op: refused.op, why: refused.refusal.message },
        isInOutbox: state.outboxById.has(orderId),
        pending,
        views: firstOp === undefined ? [] : this.#viewsFrom(firstOp),
        applied: state.applied,
        checkpointOp,
        journalFrom,
        view: state.view,
      };
    });
  }

  #traceOf(orderId: string): OrderTrace {
    const { status, applied } = this.#replica.state();
    if (status === 'founding' || status === 'recovering' || applied < 1)
      throw new InspectionError(`it is ${status}: its tables stand for nothing yet`);
    for (const service of this.#replica.services.values())
      // The only service with words of its own for what happened is that of orders.
      if (service.trace !== undefined) return service.trace(orderId) as OrderTrace;
    return { steps: [] };
  }

  /** Committed requests of this id in services that know them by it. */
  #requestsOf(requestId: string, journalFrom: number): RequestStep[] {
    const found: RequestStep[] = [];
    for (const [name, service] of this.#replica.services) {
      const op = service.opOf?.(requestId);
      if (op !== undefined) found.push({ service: name, ...this.#placeOf({ op }, journalFrom) });
    }
    return found.sort((a, b) => a.op - b.op);
  }

  #placeOf({ op }: Pick<TraceStep, 'op'>, journalFrom: number): Omit<RequestStep, 'service'> {
    const { view, chain } = readReceipt(this.#replica.receipts, op as OpNumber);
    const byMs = this.#replica.durableTimes.byMs(op);
    return {
      op,
      view,
      chain,
      isInJournal: journalFrom > 0 && op >= journalFrom,
      onDiskBy: byMs === undefined ? '' : isoTime(byMs),
    };
  }

  /** The views of the committed ops from `op` on: they never fall, so each next one is found by halving. */
  #viewsFrom(op: number): { view: number; firstOp: number }[] {
    const { applied } = this.#replica.state();
    const viewAt = (at: number): number => readReceipt(this.#replica.receipts, at as OpNumber).view;
    const views = [{ view: viewAt(op), firstOp: op }];
    for (let from = op; views.length < VIEWS_MAX && viewAt(applied) > viewAt(from);) {
      let low = from;
      let high: number = applied;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (viewAt(middle) > viewAt(from)) high = middle;
        else low = middle;
      }
      views.push({ view: viewAt(high), firstOp: high });
      from = high;
    }
    return views;
  }

  #tableOf(name: string, toOp: number): Table {
    const { applied, status } = this.#replica.state();
    if (status === 'founding' || status === 'recovering')
      throw new InspectionError(`it is ${status}: its tables stand for nothing yet`);
    if (toOp > applied) throw new InspectionError(`its tables end at op ${applied}`);
    const { tables } = this.#replica.storage.content();
    const found = tables.find(({ table }) => table.name === name);
    if (found === undefined) throw noTable(name);
    return found.table;
  }

  async #orDamaged<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      this.#replica.onDamaged(error);
      throw new InspectionError(`damage was found, the replica starts again to repair it: ${error.message}`, {
        cause: error,
      });
    }
  }
}

const noTable = (name: string): InspectionError => new InspectionError(`it has no table ${JSON.stringify(name)}`);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
