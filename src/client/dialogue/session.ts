import {
  CallRefusedError,
  type MenuItemView,
  type NewOrder,
  type OrderingClient,
} from '../../ports/ordering-client.js';
import type { Basket } from '../basket.js';
import { readWithFallback } from '../fallback-read.js';
import { PendingFolderError, type PendingOrders } from '../pending-orders.js';
import type { Prompter } from '../prompter.js';
import { asOfText } from '../text/as-of-text.js';
import type { Paint } from '../text/paint.js';

/** What the prompt client talks through. */
export interface DialogueContext {
  readonly client: OrderingClient;
  readonly prompter: Prompter;
  readonly pending: PendingOrders;
  /** Addresses the orders go to. */
  readonly frontEnds: readonly string[];
  readonly paint: Paint;
  /** ms between two attempts to settle an order by itself; default 1,000. */
  readonly retryPauseMs?: number;
}

/** One customer's visit: what must survive every error on the way. */
export interface Session {
  userCode: string;
  basket: Basket;
  /** Offered again at the next order; empty: none yet. */
  postCode: string;
  /** Sent, outcome unknown: it must be settled before another order is placed. */
  unsettled: NewOrder | undefined;
  /** Between the first byte sent and the answer. */
  isSending: boolean;
}

/** A new visit. */
export function newSession(): Session {
  return { userCode: '', basket: [], postCode: '', unsettled: undefined, isSending: false };
}

/**
 * Does one thing; what the servers or this computer refuse becomes a message and `undefined`, and the dialogue goes on.
 * Everything else is thrown: the end of the input, and bugs.
 */
export async function attempt<T>(
  { prompter, paint }: DialogueContext,
  what: string,
  action: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof CallRefusedError) && !(error instanceof PendingFolderError)) throw error;
    prompter.say(paint.bad(`${what}: ${error.message}`));
    return undefined;
  }
}

/** The menu, labelled where it could not be read fresh; `undefined` after a message. */
export async function fetchMenu(context: DialogueContext): Promise<MenuItemView[] | undefined> {
  const { client, prompter, paint } = context;
  return attempt(context, 'The menu cannot be shown', async () => {
    const { answer, consistency } = await readWithFallback((options) => client.getMenu(options));
    if (consistency === 'any') prompter.say(paint.warning(`Menu ${asOfText(answer.as_of)}.`));
    return answer.items;
  });
}

/** What to tell a person who leaves, an order on the way above all. */
export function farewell({ unsettled, isSending, basket }: Session): string {
  const lines: string[] = [];
  if (unsettled !== undefined) {
    const state = isSending ? 'is on its way' : 'has an unknown outcome';
    lines.push(
      `Order ${unsettled.order_id} ${state}: it may have been placed. It is noted on this computer; ` +
        "'just-hungry order --resume' finds it or places it, once.",
    );
  } else if (basket.length > 0) lines.push('Nothing more was ordered; the basket is not kept.');
  return [...lines, 'Goodbye.'].join('\n');
}
