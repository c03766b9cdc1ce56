import { assertNever } from '../../base/assert.js';
import { USER_CODE_LENGTH_MAX } from '../../services/ordering/limits.js';
import { basketTotal } from '../basket.js';
import { readWithFallback } from '../fallback-read.js';
import { isMeantFor } from '../pending-orders.js';
import { type Choice, InputEndedError } from '../prompter.js';
import { asOfText } from '../text/as-of-text.js';
import { itemsText } from '../text/order-text.js';
import { counted, pounds } from '../text/values.js';
import { textAnswer } from './answers.js';
import { addItem, changeBasket, showMenu } from './basket-dialogue.js';
import { orderBasket, settleOrder } from './order-dialogue.js';
import { cancelOrder, showOrders, trackOrder } from './orders-dialogue.js';
import { askAndCheckPostcode } from './postcode-dialogue.js';
import { attempt, type DialogueContext, farewell, type Session } from './session.js';

type Command = 'menu' | 'add' | 'basket' | 'order' | 'orders' | 'track' | 'cancel' | 'postcode' | 'user' | 'quit';

/**
 * The whole visit: user code, message of the day, menu, then what the person chooses until they leave. Returns the exit
 * code: 0 when they quit or the input ended, 130 after Ctrl-C. `session` is the caller's, who may have to say farewell
 * when the process is told to stop.
 */
export async function runPromptClient(context: DialogueContext, session: Session): Promise<number> {
  const { prompter, paint } = context;
  try {
    prompter.say(paint.strong('just.hungry'));
    await askUser(context, session);
    await greet(context);
    await offerPending(context, session);
    for (;;) {
      const command = await prompter.choose('What would you like to do?', commands(session, pounds));
      if (command === 'quit') break;
      await carryOut(command, context, session);
    }
    prompter.say(farewell(session));
    return 0;
  } catch (error) {
    if (!(error instanceof InputEndedError)) throw error;
    prompter.say(`\n${farewell(session)}`);
    return error.how === 'interrupted' ? 130 : 0;
  } finally {
    prompter.close();
  }
}

/** Always the same list in the same order: scripts choose by number. */
function commands({ basket }: Session, amount: (pence: number) => string): Choice<Command>[] {
  const held = basket.length === 0 ? 'empty' : `${counted(basket.length, 'item')}, ${amount(basketTotal(basket))}`;
  const list: readonly (readonly [Command, string])[] = [
    ['menu', 'Show the menu'],
    ['add', 'Add to the basket'],
    ['basket', `Change the basket (${held})`],
    ['order', 'Order'],
    ['orders', 'My orders'],
    ['track', 'Track an order'],
    ['cancel', 'Cancel an order'],
    ['postcode', 'Check a postcode'],
    ['user', 'Change user'],
    ['quit', 'Quit'],
  ];
  return list.map(([key, name]) => ({ key, name, value: key }));
}

async function carryOut(command: Exclude<Command, 'quit'>, context: DialogueContext, session: Session): Promise<void> {
  switch (command) {
    case 'menu':
      return showMenu(context);
    case 'add':
      return addItem(context, session);
    case 'basket':
      return changeBasket(context, session);
    case 'order':
      return orderBasket(context, session);
    case 'orders':
      return showOrders(context, session);
    case 'track':
      return trackOrder(context, session);
    case 'cancel':
      return cancelOrder(context, session);
    case 'postcode':
      return askAndCheckPostcode(context);
    case 'user':
      return askUser(context, session);
    default:
      return assertNever(command);
  }
}

async function askUser({ prompter }: DialogueContext, session: Session): Promise<void> {
  session.userCode = await prompter.ask({
    message: 'Your user code (any word; your orders are kept under it)',
    initial: session.userCode,
    problem: textAnswer({ min: 1, max: USER_CODE_LENGTH_MAX }),
  });
}

/** The message of the day tells that the whole system is up, then the menu. */
async function greet(context: DialogueContext): Promise<void> {
  const { client, prompter, paint } = context;
  const isUp = await attempt(context, 'The restaurant cannot be reached just now', async () => {
    const { answer, consistency, whyNotFresh } = await readWithFallback((options) => client.getMotd(options));
    if (answer.motd.trim() !== '') prompter.say(answer.motd.trimEnd());
    if (consistency === 'any')
      prompter.say(paint.warning(`Orders cannot be taken just now: ${whyNotFresh} (${asOfText(answer.as_of)})`));
    return true;
  });
  if (isUp === true) await showMenu(context);
}

/** Orders that an earlier client left without an outcome, this user's first. */
async function offerPending(context: DialogueContext, session: Session): Promise<void> {
  const { pending, prompter, frontEnds, paint } = context;
  const list = await attempt(context, 'Earlier orders', () => pending.list());
  if (list === undefined) return;
  const waiting = list.waiting.filter((one) => isMeantFor(one, frontEnds));
  const own = waiting.filter(({ order }) => order.user_code === session.userCode);
  for (const { order } of own) {
    // One without an outcome at a time: the next one waits on this computer's disk.
    if (session.unsettled !== undefined) break;
    prompter.say(
      paint.warning(
        `An earlier order has an unknown outcome: ${order.order_id}, ${itemsText(order.lines)}, ` +
          `${pounds(basketTotal(order.lines))} to ${order.post_code}.`,
      ),
    );
    if (await prompter.confirm('Find out, and place it if it was not?', true))
      await settleOrder(context, session, order);
  }
  const others = waiting.length - own.length;
  if (others > 0)
    prompter.say(`${counted(others, 'order')} of other user codes: 'just-hungry order --resume' settles what is left.`);
}
