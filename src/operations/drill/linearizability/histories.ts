import type { CallOutcome, History, RegisterName, Span } from '../history.js';
import { mayBeDone, REFUSED_FOR_GOOD } from '../history.js';
import { checkLinearizable } from './check.js';
import type { Operation } from './operation.js';
import { ordersOfUser, type OrderingAct } from './orders-of-user.js';
import { register, type RegisterAct } from './register.js';
import type { SequentialModel } from './sequential-model.js';

/**
 * Everything that makes a history of customers not linearizable, in words. The orders of each user, the message of the day and
 * the menu are objects of their own: a history is linearizable when that of each object is (Herlihy & Wing, locality).
 */
export function notLinearizable(history: History): string[] {
  const orders = [...operationsByUser(history)].flatMap(([user, operations]) =>
    judged(`the orders of ${user}`, ordersOfUser, operations),
  );
  const registers = (['motd', 'menu'] as const).flatMap((name) =>
    judged(`the ${name}`, register(), operationsOfRegister(history, name)),
  );
  return [...orders, ...registers];
}

/** Operations on the orders of each user. Reads that may be answered from a backup promise less, and are not among them. */
export function operationsByUser(history: History): Map<string, Operation<OrderingAct>[]> {
  const byUser = new Map<string, Operation<OrderingAct>[]>();
  const userOf = new Map<string, string>();
  const add = (user: string, operation: Operation<OrderingAct> | undefined): void => {
    if (operation === undefined) return;
    const known = byUser.get(user);
    if (known === undefined) byUser.set(user, [operation]);
    else known.push(operation);
  };
  // Of an id that was reused with another content the first one counts.
  for (const { order } of history.orders) if (!userOf.has(order.order_id)) userOf.set(order.order_id, order.user_code);
  const ownUser = (id: string): string => userOf.get(id) ?? `nobody, who ordered ${id}`;

  for (const [id, attempts] of grouped(history.orders, ({ order }) => order.order_id))
    add(
      ownUser(id),
      asOne(attempts, madeAnswer, (answer) => ({ kind: 'make', id, answer })),
    );
  for (const [, attempts] of grouped(history.cancels, ({ requestId }) => requestId)) {
    const id = attempts[0].orderId;
    add(
      ownUser(id),
      asOne(attempts, cancelAnswer, (answer) => ({ kind: 'cancel', id, answer })),
    );
  }
  for (const { of, consistency, outcome, beginMs, endMs, client } of history.reads) {
    if (consistency !== 'linearizable' || outcome.kind !== 'ok') continue;
    const shown = outcome.answer.orders.map(({ order_id: id, status }) => ({ id, status }));
    const span = { beginMs, endMs, who: client };
    if ('userCode' in of) add(of.userCode, { ...span, act: { kind: 'list', shows: shown } });
    else add(ownUser(of.orderId), { ...span, act: { kind: 'get', id: of.orderId, shows: shown[0]?.status } });
  }
  return byUser;
}

function operationsOfRegister(history: History, name: RegisterName): Operation<RegisterAct>[] {
  const calls = history.registers.filter((call) => call.register === name);
  const writes = [...grouped(calls, ({ requestId }) => requestId ?? '')].flatMap(([requestId, attempts]) => {
    const value = attempts[0].written;
    if (requestId === '' || value === undefined) return [];
    return asOne<RegisterAct, 'done'>(attempts, doneAnswer, () => ({ kind: 'write', value })) ?? [];
  });
  const reads = calls.flatMap(({ requestId, outcome, beginMs, endMs, client: who }): Operation<RegisterAct>[] => {
    if (requestId !== undefined || outcome.kind !== 'ok') return [];
    return [{ beginMs, endMs, who, act: { kind: 'read', value: outcome.answer.value } }];
  });
  return [...writes, ...reads];
}

type Attempt = Span & { readonly outcome: CallOutcome<unknown> };

/**
 * All attempts with one id as the one operation that they promise to be: begun with the first attempt that may have been done,
 * answered when the caller was first told. Had it been done twice, reads would show it.
 */
function asOne<Act, Answer>(
  attempts: readonly Attempt[],
  answerOf: (outcome: CallOutcome<unknown>) => Answer | undefined,
  actOf: (answer: Answer | undefined) => Act,
): Operation<Act> | undefined {
  const open = attempts.filter(({ outcome }) => mayBeDone(outcome) || answerOf(outcome) !== undefined);
  const [first] = open.toSorted((a, b) => a.beginMs - b.beginMs);
  if (first === undefined) return undefined;
  const [told] = open.filter(({ outcome }) => answerOf(outcome) !== undefined).sort((a, b) => a.endMs - b.endMs);
  const answer = told === undefined ? undefined : answerOf(told.outcome);
  return { act: actOf(answer), beginMs: first.beginMs, endMs: told?.endMs ?? Infinity, who: first.client };
}

const reasonOf = (outcome: CallOutcome<unknown>): string =>
  outcome.kind === 'refused' ? outcome.refusal.reason : outcome.kind;

/** An order on fewer disks than a majority may become visible at any later time: its outcome is as good as unknown. */
function isCommitted(outcome: CallOutcome<unknown>): boolean {
  if (outcome.kind !== 'ok') return false;
  const { receipt } = outcome.answer as { receipt?: { committed: boolean } };
  return receipt?.committed ?? true;
}

function madeAnswer(outcome: CallOutcome<unknown>): 'ordered' | 'refused' | undefined {
  if (isCommitted(outcome)) return 'ordered';
  return REFUSED_FOR_GOOD.has(reasonOf(outcome)) ? 'refused' : undefined;
}

function cancelAnswer(outcome: CallOutcome<unknown>): 'cancelled' | 'closed' | 'noSuchOrder' | undefined {
  if (isCommitted(outcome)) return 'cancelled';
  if (reasonOf(outcome) === 'ORDER_CLOSED') return 'closed';
  return reasonOf(outcome) === 'UNKNOWN_ORDER' ? 'noSuchOrder' : undefined;
}

const doneAnswer = (outcome: CallOutcome<unknown>): 'done' | undefined => (outcome.kind === 'ok' ? 'done' : undefined);

/** Calls by key, in the order in which they were begun. */
function grouped<Call>(calls: readonly Call[], keyOf: (call: Call) => string): Map<string, [Call, ...Call[]]> {
  const groups = new Map<string, [Call, ...Call[]]>();
  for (const call of calls) {
    const group = groups.get(keyOf(call));
    if (group === undefined) groups.set(keyOf(call), [call]);
    else group.push(call);
  }
  return groups;
}

function judged<State, Act>(
  what: string,
  model: SequentialModel<State, Act>,
  operations: readonly Operation<Act>[],
): string[] {
  const verdict = checkLinearizable(model, operations);
  switch (verdict.kind) {
    case 'linearizable':
      return [];
    case 'undecided':
      return [
        `UNDECIDED: ${what}: given up after ${verdict.configurations} configurations of ${operations.length} calls`,
      ];
    case 'notLinearizable': {
      const { stuckAt, overlapping, states } = verdict;
      const beside = overlapping.length === 0 ? '' : `; beside it ran ${overlapping.map(told).join(', ')}`;
      const tried = states.map((state) => `[${state.slice(-TOLD_MAX)}]`).join(' or ');
      return [`NOT LINEARIZABLE: ${what}: ${told(stuckAt)} explains itself in none of the states ${tried}${beside}`];
    }
  }
}

/** Characters of an act or a state in a report at most. */
const TOLD_MAX = 400;

const told = ({ act, who, beginMs, endMs }: Operation<unknown>): string =>
  `${JSON.stringify(act).slice(0, TOLD_MAX)} of ${who} from ${beginMs.toFixed(1)} to ${endMs.toFixed(1)} ms`;
