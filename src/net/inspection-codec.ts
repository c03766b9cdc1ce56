import type { NoteAnswer, OrderExplanation, RowPage, RowRange, RowsOf, StateNote } from '../ports/inspection.js';
import type { OrderView } from '../ports/ordering-client.js';
import type {
  ExplainOrderResponse,
  ExplainOrderResponse__Output,
} from './generated/justhungry/v1/ExplainOrderResponse.js';
import type { HashRowsResponse, HashRowsResponse__Output } from './generated/justhungry/v1/HashRowsResponse.js';
import type { NoteStateResponse, NoteStateResponse__Output } from './generated/justhungry/v1/NoteStateResponse.js';
import type { ReadRowsResponse, ReadRowsResponse__Output } from './generated/justhungry/v1/ReadRowsResponse.js';
import { statusOfWire, verdictOfWire, WIRE_STATUS, WIRE_VERDICT } from './ordering-enums.js';
import { ORDERING } from '../services/ordering/ordering.js';
import { wireOrder } from './ordering-responses.js';
import { orderView } from './ordering-views.js';
import { chainOf, fileNameOf, MalformedError, meaningOf, naturalOf, partOf, sha256Of } from './wire-values.js';

const KINDS = { table: 'FILE_KIND_TABLE', document: 'FILE_KIND_DOCUMENT', snapshot: 'FILE_KIND_SNAPSHOT' } as const;
const kindByWire = new Map<unknown, keyof typeof KINDS>(
  Object.entries(KINDS).map(([kind, wire]) => [wire, kind as keyof typeof KINDS]),
);

/** A note's answer as a proto message. */
export function wireNote(answer: NoteAnswer): NoteStateResponse {
  const { applied } = answer;
  if (answer.kind === 'passed') return { outcome: 'NOTE_OUTCOME_PASSED', applied };
  if (answer.kind === 'notReached') return { outcome: 'NOTE_OUTCOME_NOT_REACHED', applied, why: answer.why };
  const { view, chain, files, counts } = answer.note;
  return {
    outcome: 'NOTE_OUTCOME_NOTED',
    applied,
    view,
    chain,
    files: files.map(({ name, kind, length, hash }) => ({ name, kind: KINDS[kind], length, hash })),
    counts: wireCounts(counts),
  };
}

/** Those of food ordering by their word, as ever; those of another service with its name before it. */
function wireCounts(counts: StateNote['counts']): Record<string, number> {
  const wire: Record<string, number> = {};
  for (const [service, words] of Object.entries(counts))
    for (const [word, count] of Object.entries(words)) wire[service === ORDERING ? word : `${service}.${word}`] = count;
  return wire;
}

function countsOf(wire: Readonly<Record<string, number>>): StateNote['counts'] {
  const counts: Record<string, Record<string, number>> = {};
  for (const [key, count] of Object.entries(wire)) {
    const dot = key.indexOf('.');
    const service = dot < 0 ? ORDERING : key.slice(0, dot);
    (counts[service] ??= {})[key.slice(dot + 1)] = count;
  }
  return counts;
}

/** The answer of a proto message about `op`. */
export function noteOf(wire: NoteStateResponse__Output, op: number): NoteAnswer {
  const applied = naturalOf(wire.applied, 'applied');
  if (wire.outcome === 'NOTE_OUTCOME_PASSED') return { kind: 'passed', applied };
  if (wire.outcome === 'NOTE_OUTCOME_NOT_REACHED') return { kind: 'notReached', applied, why: wire.why };
  if (wire.outcome !== 'NOTE_OUTCOME_NOTED') throw new MalformedError('the outcome of a note is not known');
  const files = wire.files.map(({ name, kind, length, hash }) => ({
    name: fileNameOf(name),
    kind: meaningOf(kindByWire, kind, 'kind of a file'),
    length: naturalOf(length, 'length'),
    hash: sha256Of(hash),
  }));
  return {
    kind: 'noted',
    applied,
    note: { op, view: naturalOf(wire.view, 'view'), chain: chainOf(wire.chain), files, counts: countsOf(wire.counts) },
  };
}

/** Which rows a request asks for. Throws MalformedError. */
export function rowsOf({ table, from_op, to_op }: { table: string; from_op: number; to_op: number }): RowsOf {
  const fromOp = naturalOf(from_op, 'from_op');
  const toOp = naturalOf(to_op, 'to_op');
  if (fromOp < 1 || toOp < fromOp) throw new MalformedError('from_op is 1 or more and not above to_op');
  return { table: fileNameOf(table), fromOp, toOp };
}

/** Ranges as a proto message. */
export function wireRanges(ranges: readonly RowRange[]): HashRowsResponse {
  return {
    ranges: ranges.map(({ fromOp, toOp, bytes, hash }) => ({ from_op: fromOp, to_op: toOp, bytes, hash })),
  };
}

/** The ranges of a proto message. */
export function rangesOf({ ranges }: HashRowsResponse__Output): RowRange[] {
  return ranges.map(({ from_op, to_op, bytes, hash }) => {
    return { fromOp: from_op, toOp: to_op, bytes: naturalOf(bytes, 'bytes'), hash: sha256Of(hash) };
  });
}

/** A page as a proto message. */
export const wirePage = ({ header, rows, nextOp }: RowPage): ReadRowsResponse => ({
  header: Buffer.from(header, 'latin1'),
  rows: Buffer.from(rows),
  next_op: nextOp,
});

/** The page of a proto message. */
export const pageOf = ({ header, rows, next_op }: ReadRowsResponse__Output): RowPage => ({
  header: header.toString('latin1'),
  rows,
  nextOp: next_op,
});

/** An explanation as a proto message. */
export function wireExplanation(of: OrderExplanation): ExplainOrderResponse {
  return {
    order: of.order === undefined ? null : wireOrder(of.order),
    steps: of.steps.map((step) => ({
      op: step.op,
      view: step.view,
      chain: step.chain,
      at: step.at,
      status: WIRE_STATUS[step.status],
      postcode_check: WIRE_VERDICT[step.postcodeCheck],
      reason: step.reason,
      request_id: step.requestId,
      in_journal: step.isInJournal,
      on_disk_by: step.onDiskBy,
    })),
    refused_op: of.refused?.op ?? 0,
    refused_why: of.refused?.why ?? '',
    in_outbox: of.isInOutbox,
    requests: of.requests.map(({ service, op, view, chain, isInJournal, onDiskBy }) => {
      return { service, op, view, chain, in_journal: isInJournal, on_disk_by: onDiskBy };
    }),
    pending: of.pending.map((entry) => ({ ...entry })),
    views: of.views.map(({ view, firstOp }) => ({ view, first_op: firstOp })),
    applied: of.applied,
    checkpoint_op: of.checkpointOp,
    journal_from: of.journalFrom,
    view: of.view,
  };
}

/** The explanation of a proto message. */
export function explanationOf(wire: ExplainOrderResponse__Output): OrderExplanation<OrderView> {
  return {
    order: wire.order === null || wire.order === undefined ? undefined : orderView(wire.order),
    steps: wire.steps.map((step) => ({
      op: step.op,
      view: step.view,
      chain: chainOf(step.chain),
      at: step.at,
      status: partOf(statusOfWire(step.status), 'status'),
      postcodeCheck: partOf(verdictOfWire(step.postcode_check), 'postcode_check'),
      reason: step.reason,
      requestId: step.request_id,
      isInJournal: step.in_journal,
      onDiskBy: step.on_disk_by,
    })),
    refused: wire.refused_op === 0 ? undefined : { op: wire.refused_op, why: wire.refused_why },
    isInOutbox: wire.in_outbox,
    requests: wire.requests.map(({ service, op, view, chain, in_journal, on_disk_by }) => {
      return { service, op, view, chain: chainOf(chain), isInJournal: in_journal, onDiskBy: on_disk_by };
    }),
    pending: wire.pending.map(({ service, op, view, durable }) => ({ service, op, view, durable })),
    views: wire.views.map(({ view, first_op }) => ({ view, firstOp: first_op })),
    applied: wire.applied,
    checkpointOp: wire.checkpoint_op,
    journalFrom: wire.journal_from,
    view: wire.view,
  };
}
