import { digest } from '../../base/digest.js';
import { majorityOf, op as opNumber } from '../../base/numbers.js';
import { refusal, type Refusal } from '../../base/refusal.js';
import type { Execution, ExecutionContext, OutboxItem, ServiceReply } from '../../base/service.js';
import type { KnownRequest } from '../known-requests.js';
import { changeAnswer, changeAnswerOfText, deleteAnswer, deleteAnswerOfText, salvagedAnswer } from './answers.js';
import { outboxUpdate } from './outbox-update.js';
import { searchPage } from './page.js';
import type { PresentTuples } from './present-tuples.js';
import type { ChangePairs, DeletePairs, TuplesRequest } from './requests.js';
import { compileSearch } from './search.js';
import { pairProblem, textOfTuple } from './tuple.js';
import { encodeUpdate, type ChangeUpdate, type DeleteUpdate, type Update } from './updates.js';

/** Hash over what a request asks for: the same id with another content is another request. */
export function contentOf(request: TuplesRequest): string {
  if (request.kind !== 'delete') return digest(JSON.stringify([request.kind, request.pairs]));
  const { kind, keys, values, limit, after } = request;
  return digest(JSON.stringify([kind, keys ?? null, values ?? null, limit, after]));
}

/** The answer to a request whose id is known: as before for the same content, ID_REUSED for any other. */
export function decided(known: KnownRequest, request: TuplesRequest): Execution {
  const op = opNumber(known.op);
  if (known.content !== contentOf(request))
    return { kind: 'known', op, reply: { kind: 'refused', refusal: reused(op) } };
  const body = request.kind === 'delete' ? deleteAnswerOfText(known.answer) : changeAnswerOfText(request, known.answer);
  return { kind: 'known', op, reply: done(body) };
}

function reused(op: number): Refusal {
  return refusal(
    'ID_REUSED',
    'This id was used before for another request, which stands as it is. Send this one with a new id.',
    { op: String(op) },
  );
}

/** Put or Post: takes the pairs one after the other. An entry also where none can be used: what was answered stands. */
export function executeChange(present: PresentTuples, request: ChangePairs, copies: number): Execution {
  const { kind } = request;
  const pairs: ChangeUpdate['pairs'][number][] = [];
  const notUsed: number[] = [];
  const added = new Set<string>();
  for (const [index, pair] of request.pairs.entries()) {
    if (pairProblem(pair) !== undefined) continue;
    const key = textOfTuple(pair.key);
    const isPresent = added.has(key) || present.get(key) !== undefined;
    if (isPresent === (kind === 'put')) {
      notUsed.push(index);
      continue;
    }
    if (kind === 'put') added.add(key);
    pairs.push([index, key, textOfTuple(pair.value)]);
  }
  return entryOf({ kind, content: contentOf(request), copies, pairs, notUsed }, changeAnswer(request, notUsed));
}

/** Delete: the search is done here alone, and what is shipped are the pairs that it found. */
export function executeDelete(present: PresentTuples, request: DeletePairs, copies: number): Execution {
  const asked = { kind: 'delete', content: contentOf(request), copies } as const;
  // Nobody removes everything by leaving something out.
  const compiled = compileSearch(request.keys ?? [], request.values);
  if (compiled.kind === 'none') return deleteEntry({ ...asked, removed: [], next: 0, problem: compiled.problem });
  const { found, next } = searchPage(present, compiled.search, request);
  return deleteEntry({ ...asked, removed: found.map(({ key, value }) => [key, value] as const), next });
}

/**
 * Carries out an item of an outbox: what its caller was told, as far as it still can be. A key that somebody else put meanwhile
 * stays, and so does one whose value is not the removed one any more.
 */
export function executeSalvagedUpdate(
  present: PresentTuples,
  known: KnownRequest | undefined,
  item: OutboxItem,
  context: ExecutionContext,
): Execution {
  const { update, problem } = outboxUpdate(item);
  if (update === undefined)
    return { kind: 'refused', refusal: refusal('INVALID_FIELD', `It cannot be carried out: ${problem}.`) };
  if (known !== undefined) {
    const op = opNumber(known.op);
    const isSame = known.content === update.content;
    const reply: ServiceReply = isSame ? done(salvagedReply(update)) : { kind: 'refused', refusal: reused(op) };
    return { kind: 'known', op, reply };
  }
  const copies = majorityOf(context.replicaCount);
  if (update.kind === 'delete') {
    const removed = update.removed.filter(([key, value]) => present.get(key)?.value === value);
    return deleteEntry({ ...update, copies, removed });
  }
  const isUsable = ([, key]: ChangeUpdate['pairs'][number]): boolean =>
    (present.get(key) === undefined) === (update.kind === 'put');
  const pairs = update.pairs.filter(isUsable);
  const others = update.pairs.filter((pair) => !isUsable(pair)).map(([index]) => index);
  const notUsed = [...update.notUsed, ...others].toSorted((a, b) => a - b);
  return entryOf({ ...update, copies, pairs, notUsed }, salvagedAnswer({ ...update, pairs }));
}

function salvagedReply(update: Update): unknown {
  return update.kind === 'delete' ? deleteAnswer(update) : salvagedAnswer(update);
}

function deleteEntry(update: DeleteUpdate): Execution {
  return entryOf(update, deleteAnswer(update));
}

function entryOf(update: Update, answer: unknown): Execution {
  return { kind: 'entry', update: encodeUpdate(update), reply: done(answer), copiesNeeded: update.copies };
}

function done(body: unknown): ServiceReply {
  return { kind: 'done', body };
}
