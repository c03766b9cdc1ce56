import type { FolderRow, OrderExplanation, OrderStep, RequestStep } from '../ports/inspection.js';
import type { OrderView } from '../ports/ordering-client.js';

/** What a replica answered, or why it did not. */
export interface StoryAnswer {
  readonly id: string;
  readonly explanation: OrderExplanation<OrderView> | undefined;
  /** Why not, for people; empty when it did. */
  readonly why: string;
  /** Rows with the order's id in the folder of a replica that does not run; absent: its folder cannot be read from here. */
  readonly inFolder?: readonly FolderRow[];
}

/** Where one replica has an op. */
export interface StoryCopy {
  readonly replica: string;
  /** `folder`: it does not run, its tables hold the row; `no`: its tables do not; `unknown`: it does not answer. */
  readonly holds: 'journal' | 'checkpoint' | 'folder' | 'no' | 'unknown';
  /** When it was on that disk at the latest, by that replica's clock; null: not known. */
  readonly on_disk_by: string | null;
}

/** One step of an order. */
export interface StoryStep {
  readonly op: number;
  readonly view: number;
  /** Id of the primary of that view. */
  readonly primary: string;
  /** By that primary's clock. */
  readonly at: string;
  readonly status: string;
  readonly postcode_check: string;
  readonly reason: string;
  readonly request_id: string;
  readonly chain: string;
  readonly copies: readonly StoryCopy[];
}

/** A committed request of a service beside food ordering. */
export interface StoryRequest {
  readonly service: string;
  readonly op: number;
  readonly view: number;
  /** Id of the primary of that view. */
  readonly primary: string;
  readonly chain: string;
  readonly copies: readonly StoryCopy[];
}

/** All that is known of an order, or of another service's request. */
/** A row in the folder of a replica that does not run. */
export interface FolderTrace extends FolderRow {
  readonly replica: string;
  /** Null: the row does not begin with one. */
  readonly op: number | null;
  /** Of a row of the journal: it may be committed, or not; else null. */
  readonly view: number | null;
}

/** All that is known of an order. */
export interface OrderStory {
  readonly order_id: string;
  readonly found: boolean;
  readonly order: OrderView | null;
  /** Whose tables the order is from; empty: nobody's. */
  readonly answered_by: string;
  /** What that replica's tables hold. */
  readonly as_of_op: number;
  /** Id of the present primary; empty: there is none. */
  readonly primary: string;
  readonly steps: readonly StoryStep[];
  /** Requests of other services that have this id. */
  readonly requests: readonly StoryRequest[];
  /** Views that began after the placing, or the first request; `first_op` null: nothing was committed in it yet. */
  readonly failovers: readonly { readonly view: number; readonly primary: string; readonly first_op: number | null }[];
  readonly refused: { readonly op: number; readonly why: string } | null;
  /** Replicas in whose outbox it waits. */
  readonly outbox: readonly string[];
  /** Entries for it that are not known to be committed. */
  readonly pending: readonly {
    readonly replica: string;
    readonly service: string;
    readonly op: number;
    readonly view: number;
    readonly durable: boolean;
  }[];
  /** What stands of it in the folders of replicas that do not run, as it lies there. */
  readonly folders: readonly FolderTrace[];
  /** Replicas whose tables say something else of the same ops. */
  readonly disagree: readonly string[];
  readonly unreachable: readonly { readonly replica: string; readonly why: string }[];
  /** What this cannot say, in sentences. */
  readonly not_known: readonly string[];
}

/** Puts together what the replicas know of an order; ids in the order of the configuration. */
export function orderStory(
  orderId: string,
  answers: readonly StoryAnswer[],
  ids: readonly string[],
  primary: string,
): OrderStory {
  const known = answers.flatMap(({ id, explanation }) => (explanation === undefined ? [] : [{ id, ...explanation }]));
  const best = known
    .filter(({ order, refused, requests }) => order !== undefined || refused !== undefined || requests.length > 0)
    .toSorted((a, b) => b.applied - a.applied)[0];
  const primaryOf = (view: number): string => ids[view % ids.length] ?? '';
  const steps = (best?.steps ?? []).map((step) => ({
    ...factsOf(step),
    primary: primaryOf(step.view),
    copies: answers.map((answer) => copyOf(answer, step.op)),
  }));
  const requests = (best?.requests ?? []).map(({ service, op, view, chain }) => ({
    service,
    op,
    view,
    primary: primaryOf(view),
    chain,
    copies: answers.map((answer) => copyOf(answer, op)),
  }));
  const outbox = known.filter(({ isInOutbox }) => isInOutbox).map(({ id }) => id);
  const pending = known.flatMap(({ id, pending: entries }) => entries.map((entry) => ({ replica: id, ...entry })));
  const folders = answers.flatMap(({ id, inFolder = [] }) => inFolder.map((row) => traceOf(id, row)));
  return {
    order_id: orderId,
    found: best !== undefined || outbox.length > 0 || pending.length > 0 || folders.length > 0,
    order: best?.order ?? null,
    answered_by: best?.id ?? '',
    as_of_op: best?.applied ?? Math.max(0, ...known.map(({ applied }) => applied)),
    primary,
    steps,
    requests,
    failovers: failoversOf(best, Math.max(0, ...known.map(({ view }) => view)), primaryOf),
    refused: best?.refused ?? null,
    outbox,
    pending,
    folders,
    disagree: best === undefined ? [] : known.filter((other) => isOther(best, other)).map(({ id }) => id),
    unreachable: answers.flatMap(({ id, explanation, why }) =>
      explanation === undefined ? [{ replica: id, why }] : [],
    ),
    not_known: unknowns(answers, steps.length + requests.length > 0, primary),
  };
}

/** What of a step is the same on every replica. */
function factsOf({ op, view, chain, at, status, postcodeCheck, reason, requestId }: OrderStep) {
  return { op, view, chain, at, status, postcode_check: postcodeCheck, reason, request_id: requestId };
}

function copyOf({ id, explanation, inFolder }: StoryAnswer, op: number): StoryCopy {
  if (explanation === undefined && inFolder !== undefined)
    return { replica: id, holds: holdsOp(inFolder, op) ? 'folder' : 'no', on_disk_by: null };
  if (explanation === undefined) return { replica: id, holds: 'unknown', on_disk_by: null };
  const kept: readonly Pick<RequestStep, 'op' | 'isInJournal' | 'onDiskBy'>[] = [
    ...explanation.steps,
    ...explanation.requests,
  ];
  const step = kept.find((one) => one.op === op);
  if (step === undefined) return { replica: id, holds: 'no', on_disk_by: null };
  return {
    replica: id,
    holds: step.isInJournal ? 'journal' : 'checkpoint',
    on_disk_by: step.onDiskBy === '' ? null : step.onDiskBy,
  };
}

const holdsOp = (rows: readonly FolderRow[], op: number): boolean => rows.some(({ row }) => row.startsWith(`${op},`));

const isOfJournal = (file: string): boolean => file.startsWith('journal/');

function traceOf(replica: string, { file, row }: FolderRow): FolderTrace {
  const [op, view] = row.split(',', 2).map((field) => (/^[0-9]{1,16}$/.test(field) ? Number(field) : null));
  return { replica, file, row, op: op ?? null, view: isOfJournal(file) ? (view ?? null) : null };
}

/** Views after that of the placing or the first request: those in which something was committed, and the present one. */
function failoversOf(
  best: OrderExplanation<OrderView> | undefined,
  view: number,
  primaryOf: (view: number) => string,
): OrderStory['failovers'] {
  if (best === undefined || (best.order === undefined && best.requests.length === 0)) return [];
  const crossed: { view: number; primary: string; first_op: number | null }[] = best.views
    .slice(1)
    .map((span) => ({ view: span.view, primary: primaryOf(span.view), first_op: span.firstOp }));
  const last = best.views.at(-1)?.view ?? view;
  if (view > last) crossed.push({ view, primary: primaryOf(view), first_op: null });
  return crossed;
}

/** Whether two replicas tell the ops that both hold otherwise. */
function isOther(best: OrderExplanation<OrderView>, other: OrderExplanation<OrderView>): boolean {
  const reach = Math.min(best.applied, other.applied);
  const told = ({ steps, requests, refused }: OrderExplanation<OrderView>): string =>
    JSON.stringify([
      requests.filter(({ op }) => op <= reach).map(({ service, op, view, chain }) => [service, op, view, chain]),
      steps.filter(({ op }) => op <= reach).map(factsOf),
      (refused?.op ?? Infinity) <= reach ? refused : undefined,
    ]);
  return told(best) !== told(other);
}

function unknowns(answers: readonly StoryAnswer[], hasSteps: boolean, primary: string): string[] {
  const told: string[] = [];
  const silent = answers.filter(({ explanation }) => explanation === undefined);
  const unread = silent.filter(({ inFolder }) => inFolder === undefined).map(({ id }) => id);
  const read = silent.filter(({ inFolder }) => inFolder !== undefined).map(({ id }) => id);
  if (unread.length > 0)
    told.push(`What ${unread.join(' and ')} holds: no answer. Its disk may hold all of this, or more.`);
  if (read.length > 0)
    told.push(
      `Whether what only the journal of ${read.join(' or ')} holds is committed: who does not run cannot say; the folder was read as it lies there.`,
    );
  if (primary === '') told.push('What was done last: there is no primary.');
  if (hasSteps)
    told.push(
      'When exactly: a replica remembers the moment of an fsync in memory only. After a restart, or when it took over a log from others, ' +
        'it knows that the row was there by then, not since when.',
    );
  return told;
}
