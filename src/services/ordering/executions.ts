import { op as opNumber } from '../../base/numbers.js';
import { refusal, type Refusal } from '../../base/refusal.js';
import type { Execution, ServiceReply } from '../../base/service.js';
import type { Content } from './content.js';
import { orderOf } from './placed-order.js';
import { done, type Decision } from './present-state.js';
import { encodeUpdate, type OrderUpdate } from './updates.js';

/** The answer to an id that is known: as before for the same content, ID_REUSED for any other. */
export function decided({ op, content, reply }: Decision, asked: Content): Execution {
  if (content === asked) return { kind: 'known', op: opNumber(op), reply };
  return { kind: 'known', op: opNumber(op), reply: reused(op) };
}

/** The answer to an id that stands for another request, at `op`; 0: one that waits in the outbox. */
export function reused(op: number): ServiceReply {
  const why = refusal(
    'ID_REUSED',
    'This id was used before for another request, which stands as it is. Send this one with a new id.',
    { op: String(op) },
  );
  return { kind: 'refused', refusal: why };
}

/** A refusal that depends on state: an entry of its own, which spends the id (rule 9). */
export function refusedEntry(refused: Refusal, content: Content): Execution {
  const update = encodeUpdate({ kind: 'refused', ...refused, content });
  return { kind: 'entry', update, reply: { kind: 'refused', refusal: refused } };
}

/** The entry of an order, with the order as its reply. */
export function orderEntry(
  update: OrderUpdate,
  place: { readonly op: number; readonly timeMs: number; readonly requestId: string },
): Execution {
  const reply = done({ order: orderOf(update, place) });
  return { kind: 'entry', update: encodeUpdate(update), reply, copiesNeeded: update.copies };
}
