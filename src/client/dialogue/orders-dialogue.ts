import { v7 as uuidV7 } from 'uuid';
import type { OrderView } from '../../ports/ordering-client.js';
import { canonicalUuid } from '../../services/uuid.js';
import { readWithFallback } from '../fallback-read.js';
import type { Choice } from '../prompter.js';
import { repeatedWrite } from '../repeated-write.js';
import { asOfText } from '../text/as-of-text.js';
import { historyText, itemsText, ordersText, orderText } from '../text/order-text.js';
import { dayAndTime, pounds, shortId } from '../text/values.js';
import { attempt, type DialogueContext, type Session } from './session.js';

const PAGE_SIZE = 10;

/** Shows the user's orders, newest first, page by page. */
export async function showOrders(context: DialogueContext, session: Session): Promise<void> {
  let pageToken = '';
  for (;;) {
    const page = await fetchOrders(context, session, pageToken);
    if (page === undefined) return;
    context.prompter.say(ordersText(page.orders, context.paint));
    pageToken = page.next_page_token;
    if (pageToken === '' || !(await context.prompter.confirm('Show older orders?', true))) return;
  }
}

/** Shows one order with its history. */
export async function trackOrder(context: DialogueContext, session: Session): Promise<void> {
  const orderId = await chooseOrder(context, session, () => true, 'Track which order?');
  if (orderId === undefined) return;
  await attempt(context, 'The order cannot be shown', async () => {
    const { answer, consistency } = await readWithFallback((options) => context.client.getOrder(orderId, options));
    if (consistency === 'any') context.prompter.say(context.paint.warning(`Order ${asOfText(answer.as_of)}.`));
    context.prompter.say(`${orderText(answer.order, context.paint)}\n${historyText(answer.history)}`);
  });
}

/** Cancels an order that the kitchen has not accepted yet. */
export async function cancelOrder(context: DialogueContext, session: Session): Promise<void> {
  const { client, prompter, paint } = context;
  const orderId = await chooseOrder(context, session, ({ status }) => status === 'placed', 'Cancel which order?');
  if (orderId === undefined) return;
  if (!(await prompter.confirm(`Cancel order ${orderId}?`, false))) return;
  const requestId = uuidV7();
  await attempt(context, 'The order was not cancelled, as far as is known', async () => {
    const { order } = await repeatedWrite(() => client.cancelOrder(requestId, orderId));
    prompter.say(paint.good(`Order ${order.order_id} is ${order.status}.`));
  });
}

async function fetchOrders(context: DialogueContext, { userCode }: Session, pageToken: string) {
  const { client, prompter, paint } = context;
  return attempt(context, 'Your orders cannot be shown', async () => {
    const { answer, consistency } = await readWithFallback((options) =>
      client.getOrders({ user_code: userCode, page_size: PAGE_SIZE, page_token: pageToken, ...options }),
    );
    if (consistency === 'any') prompter.say(paint.warning(`Orders ${asOfText(answer.as_of)}.`));
    return answer;
  });
}

/** The id of one of the latest orders that fit, or of one typed in full; `undefined`: none. */
async function chooseOrder(
  context: DialogueContext,
  session: Session,
  fits: (order: OrderView) => boolean,
  message: string,
): Promise<string | undefined> {
  const { prompter } = context;
  const page = await fetchOrders(context, session, '');
  if (page === undefined) return undefined;
  const choices: Choice<string | undefined>[] = page.orders.filter(fits).map((order) => ({
    name: `${shortId(order.order_id)}  ${dayAndTime(order.placed_at)}  ${order.status}  ${pounds(order.total_pence)}  ${itemsText(order.lines)}`,
    key: order.order_id,
    value: order.order_id,
  }));
  const chosen = await prompter.choose(message, [
    ...choices,
    { name: 'Another one, by its number', key: 'other', value: '' },
    { name: 'Back', key: 'back', value: undefined },
  ]);
  if (chosen !== '') return chosen;
  const typed = await prompter.ask({
    message: 'Order number (empty: back)',
    problem: (answer) =>
      answer === '' || canonicalUuid(answer) !== undefined
        ? undefined
        : 'an order number has 36 characters, as in the list',
  });
  return canonicalUuid(typed);
}
