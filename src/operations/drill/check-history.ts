import { notLinearizable } from './linearizability/histories.js';
import { mayBeDone, REFUSED_FOR_GOOD, type History, type ReadCall, type SeenOrder } from './history.js';
import { EQUAL_TABLES, rowsOf, type FolderFiles, type TableRow } from './tables.js';

/** What the tables hold of one order. */
interface KeptOrder {
  readonly op: number;
  readonly rows: readonly TableRow[];
  /** By rising op; the placing is the first. */
  readonly changes: readonly { readonly op: number; readonly status: string; readonly requestId: string }[];
}

/** The replicated tables, by order id. */
type Kept = ReadonlyMap<string, KeptOrder>;

/**
 * Judges a history by the folders of all replicas, which must be level, and by itself. Every write has its place in one order of
 * events, its op; every answer says up to which op it is based: that order must agree with real time, and each answer with what
 * the tables hold up to its op. And whatever the ops say, what customers saw must be linearizable. Returns everything that is
 * wrong, in words; empty when all is well.
 */
export function checkHistory(history: History, folders: readonly FolderFiles[]): string[] {
  const [first] = folders;
  if (first === undefined) return ['no folder is left to judge by'];
  const problems: string[] = [];
  for (const folder of folders.slice(1)) problems.push(...differences(first, folder));
  const { kept, problems: inTables } = readKept(first);
  problems.push(...inTables);
  problems.push(
    ...acknowledgedOrders(history, kept),
    ...inventedOrders(history, kept),
    ...refusedOrders(history, kept),
  );
  problems.push(...repeats(history), ...contradicted(history), ...cancels(history, kept));
  for (const read of history.reads) problems.push(...wrongAnswer(read, kept));
  problems.push(...againstRealTime(history), ...notLinearizable(history));
  return problems;
}

/** Equal op, equal bytes: the first difference of each table. */
function differences(folder: FolderFiles, other: FolderFiles): string[] {
  return EQUAL_TABLES.flatMap((name) => {
    const [ours, theirs] = [folder.read(name), other.read(name)];
    if (ours === undefined && theirs === undefined) return [];
    if (ours !== undefined && theirs !== undefined && ours.equals(theirs)) return [];
    const [rows, otherRows] = [ours, theirs].map((bytes) => bytes?.toString('utf8').split('\r\n') ?? []);
    const at = (rows ?? []).findIndex((row, index) => row !== otherRows?.[index]);
    return [
      `${name}: line ${at + 1} is ${String(rows?.[at])} in ${folder.name} and ${String(otherRows?.[at])} in ${other.name}`,
    ];
  });
}

function readKept(folder: FolderFiles): { kept: Kept; problems: string[] } {
  const problems: string[] = [];
  const kept = new Map<string, { op: number; rows: TableRow[]; changes: KeptOrder['changes'][number][] }>();
  const orderByOp = new Map<number, string>();
  for (const row of rowsOf(folder, 'orders.csv')) {
    const { op = '', order_id: id = '', line = '' } = row.fields;
    const order = kept.get(id) ?? { op: Number(op), rows: [], changes: [] };
    kept.set(id, order);
    order.rows.push(row);
    const other = orderByOp.get(order.op);
    orderByOp.set(order.op, id);
    if (other !== undefined && other !== id) problems.push(`op ${op} is two orders: ${other} and ${id}`);
    if (Number(op) !== order.op || Number(line) !== order.rows.length)
      problems.push(`DUPLICATED: order ${id} is in orders.csv more than once, at op ${order.op} and ${op}`);
  }
  const requests = new Set<string>();
  for (const { fields } of rowsOf(folder, 'order-status.csv')) {
    const { op = '', order_id: id = '', status = '', request_id: requestId = '' } = fields;
    const order = kept.get(id);
    if (order === undefined) problems.push(`order-status.csv names order ${id}, which orders.csv does not hold`);
    else order.changes.push({ op: Number(op), status, requestId });
    const isNew = requestId === '' || !requests.has(requestId);
    requests.add(requestId);
    if (!isNew) problems.push(`DUPLICATED: request ${requestId} is in order-status.csv twice`);
  }
  return { kept, problems };
}

/** Write concerns that promise a commit, whatever the number of replicas. */
const OF_A_MAJORITY: ReadonlySet<string> = new Set(['', 'majority', 'all']);

/** What customers were told was ordered is there, at the op they were told, as they ordered it. */
function acknowledgedOrders(history: History, kept: Kept): string[] {
  return history.orders.flatMap(({ order: { order_id: id, write_concern: concern }, outcome, client }) => {
    if (outcome.kind !== 'ok') return [];
    const { order, receipt } = outcome.answer;
    const found = kept.get(id);
    if (found === undefined) return [`LOST: order ${id}, acknowledged to ${client} at op ${receipt.op}, is nowhere`];
    const isPromised = receipt.committed || (!order.unconfirmed && OF_A_MAJORITY.has(concern ?? 'majority'));
    // Any other op may change: the order was executed again from an outbox.
    if (isPromised && found.op !== receipt.op)
      return [`LOST: order ${id}, acknowledged to ${client} at op ${receipt.op}; made again at op ${found.op}`];
    // Also where it came to no harm: the customer was told of a majority that there was not.
    if (isPromised && !receipt.committed)
      return [`TOO EARLY: order ${id} was acknowledged to ${client} at op ${receipt.op} before a majority had it`];
    return order.order_id === id && order.op === receipt.op
      ? []
      : [`the answer to ${id} is of order ${order.order_id}`];
  });
}

/** What is in the tables has been ordered by somebody, exactly so. */
function inventedOrders(history: History, kept: Kept): string[] {
  const made = new Map(history.orders.map(({ order }) => [order.order_id, order]));
  return [...kept].flatMap(([id, { rows }]) => {
    const order = made.get(id);
    if (order === undefined) return [`order ${id} was made by nobody: ${rows[0]?.raw ?? ''}`];
    const wanted = order.lines.map(({ item, quantity, price_pence }) =>
      [order.user_code, item, quantity, (price_pence / 100).toFixed(2), order.post_code].join('|'),
    );
    const found = rows.map(({ fields }) =>
      [fields['user_code'], fields['item'], fields['quantity'], fields['price'], fields['post_code']].join('|'),
    );
    return wanted.join() === found.join() ? [] : [`order ${id} was ${wanted.join()} and is kept as ${found.join()}`];
  });
}

/** What was surely not done, at no attempt, is not there. */
function refusedOrders(history: History, kept: Kept): string[] {
  const open = new Set<string>();
  for (const { order, outcome } of history.orders) if (mayBeDone(outcome)) open.add(order.order_id);
  return history.orders.flatMap(({ order: { order_id: id }, outcome }) => {
    if (open.has(id) || !kept.has(id) || outcome.kind !== 'refused') return [];
    return [`order ${id} is kept, though it was refused: ${outcome.refusal.reason} ${outcome.refusal.message}`];
  });
}

/** Every answer to the same id is the same, but for copies and committed, which may have grown. */
function repeats(history: History): string[] {
  const first = new Map<string, string>();
  const ordered = history.orders.toSorted((a, b) => a.endMs - b.endMs);
  return ordered.flatMap(({ order: { order_id: id }, outcome, client }) => {
    if (outcome.kind !== 'ok' || !outcome.answer.receipt.committed) return [];
    const { order, receipt } = outcome.answer;
    const told = JSON.stringify([order, receipt.op, receipt.view, receipt.chain]);
    const before = first.get(id) ?? told;
    first.set(id, before);
    return before === told ? [] : [`order ${id} was answered\n  ${before}\nand later, to ${client},\n  ${told}`];
  });
}

/** Reasons that would say that what was acknowledged to the same id has not been done, or not by it. */
const DENIALS: ReadonlySet<string> = new Set([...REFUSED_FOR_GOOD, 'ID_REUSED', 'ORDER_CLOSED', 'UNKNOWN_ORDER']);

/** What was acknowledged is not denied to whoever asks again with the same id and content. */
function contradicted({ orders, cancels: cancelled }: History): string[] {
  const calls = [
    ...orders.map((call) => ({ ...call, id: call.order.order_id, what: JSON.stringify(call.order) })),
    ...cancelled.map((call) => ({ ...call, id: call.requestId, what: call.orderId })),
  ];
  const told = new Map<string, (typeof calls)[number]>();
  for (const call of calls) {
    if (call.outcome.kind !== 'ok' || !call.outcome.answer.receipt.committed) continue;
    if (call.endMs < (told.get(call.id)?.endMs ?? Infinity)) told.set(call.id, call);
  }
  return calls.flatMap(({ id, what, outcome, beginMs, client }) => {
    const before = told.get(id);
    if (before === undefined || outcome.kind !== 'refused' || !DENIALS.has(outcome.refusal.reason)) return [];
    if (before.what !== what || beginMs < before.endMs) return [];
    return [
      `CONTRADICTED: ${id}, acknowledged to ${before.client}, was later refused to ${client}: ${outcome.refusal.reason}`,
    ];
  });
}

/** Cancellations that were acknowledged are there once, at their op. */
function cancels(history: History, kept: Kept): string[] {
  return history.cancels.flatMap(({ requestId, orderId, outcome }) => {
    if (outcome.kind !== 'ok') return [];
    const { op } = outcome.answer.receipt;
    const found = kept.get(orderId)?.changes.filter((change) => change.requestId === requestId) ?? [];
    if (found.length === 1 && found[0]?.op === op && found[0].status === 'cancelled') return [];
    return [`LOST: cancellation ${requestId} at op ${op} is kept as ${JSON.stringify(found)}`];
  });
}

/** An answer shows what the tables hold up to the op that it is based on, no less and no more. */
function wrongAnswer(read: ReadCall, kept: Kept): string[] {
  const { of, outcome, client, consistency, minOp } = read;
  if (outcome.kind !== 'ok' || outcome.answer.asOf === undefined) return [];
  const { orders, asOf } = outcome.answer;
  const who = `${client} read ${JSON.stringify(of)} ${consistency} at op ${asOf.op} of ${asOf.replica}`;
  if (consistency !== 'any' && asOf.op < minOp) return [`${who}, but had asked for op ${minOp}`];
  const expected = expectedAnswer(of, asOf.op, kept);
  const found = orders.map(shown);
  const missing = expected.filter((one) => !found.includes(one));
  const surplus = found.filter((one) => !expected.includes(one));
  if (missing.length === 0 && surplus.length === 0) return [];
  return [`${who}: misses ${missing.join() || 'nothing'}, shows wrongly ${surplus.join() || 'nothing'}`];
}

const shown = ({ order_id, op, status }: SeenOrder): string => `${order_id}@${op} ${status}`;

const byUser = new WeakMap<Kept, Map<string, string[]>>();

function expectedAnswer(of: ReadCall['of'], upTo: number, kept: Kept): string[] {
  const ids = 'orderId' in of ? [of.orderId] : (idsByUser(kept).get(of.userCode) ?? []);
  return ids.flatMap((id) => {
    const order = kept.get(id);
    if (order === undefined || order.op > upTo) return [];
    const status = order.changes.findLast(({ op }) => op <= upTo)?.status ?? 'none';
    return [`${id}@${order.op} ${status}`];
  });
}

function idsByUser(kept: Kept): Map<string, string[]> {
  const known = byUser.get(kept);
  if (known !== undefined) return known;
  const made = new Map<string, string[]>();
  for (const [id, { rows }] of kept) {
    const user = rows[0]?.fields['user_code'] ?? '';
    const ids = made.get(user);
    if (ids === undefined) made.set(user, [id]);
    else ids.push(id);
  }
  byUser.set(kept, made);
  return made;
}

/** A call with its place in the order of events. */
interface Placed {
  readonly beginMs: number;
  readonly endMs: number;
  readonly op: number;
  readonly what: string;
}

/**
 * The order of ops agrees with real time: what begins after an answer at op N has come shows at least N if it is a
 * linearizable read (no stale read), and comes after N if it is a write.
 */
function againstRealTime(history: History): string[] {
  const answered: Placed[] = [];
  const reads: Placed[] = [];
  const writes: Placed[] = [];
  for (const { beginMs, endMs, client, outcome, isRepeat, ...call } of [...history.orders, ...history.cancels]) {
    if (outcome.kind !== 'ok' || !outcome.answer.receipt.committed) continue;
    const { op } = outcome.answer.receipt;
    const id = 'order' in call ? call.order.order_id : call.requestId;
    const placed = { beginMs, endMs, op, what: `the write ${id} of ${client} at op ${op}` };
    answered.push(placed);
    if (!isRepeat) writes.push(placed);
  }
  for (const { beginMs, endMs, client, consistency, of, outcome } of history.reads) {
    if (outcome.kind !== 'ok' || outcome.answer.asOf === undefined) continue;
    const { op, replica } = outcome.answer.asOf;
    const what = `the ${consistency} read ${JSON.stringify(of)} of ${client}, answered by ${replica} at op ${op}`;
    const placed = { beginMs, endMs, op, what };
    answered.push(placed);
    if (consistency === 'linearizable') reads.push(placed);
  }
  return [
    ...tooEarly(answered, reads, (op, latest) => op < latest).map((text) => `STALE: ${text}`),
    ...tooEarly(answered, writes, (op, latest) => op <= latest),
  ];
}

/** Calls whose op is wrong against the latest op that had been answered before they began. */
function tooEarly(
  answered: readonly Placed[],
  calls: readonly Placed[],
  isWrong: (op: number, latest: number) => boolean,
): string[] {
  const byEnd = answered.toSorted((a, b) => a.endMs - b.endMs);
  const byBegin = calls.toSorted((a, b) => a.beginMs - b.beginMs);
  const problems: string[] = [];
  let latest: Placed | undefined;
  let next = 0;
  for (const call of byBegin) {
    for (let one = byEnd[next]; one !== undefined && one.endMs < call.beginMs; one = byEnd[++next])
      if (one.op > (latest?.op ?? 0)) latest = one;
    if (latest === undefined || !isWrong(call.op, latest.op)) continue;
    const laterMs = (call.beginMs - latest.endMs).toFixed(1);
    problems.push(`${call.what} began ${laterMs} ms after ${latest.what} had been answered`);
  }
  return problems;
}
