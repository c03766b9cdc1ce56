import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { assertNever } from '../../base/assert.js';
import type { Refusal } from '../../base/refusal.js';
import type { ContactView, NewOrder, OrderLineView, OrderView } from '../../ports/ordering-client.js';
import * as limits from '../../services/ordering/limits.js';
import { basketTotal } from '../basket.js';
import { placeOrder, type PlacementOutcome } from '../placement.js';
import { linesText, orderText, receiptText } from '../text/order-text.js';
import type { Paint } from '../text/paint.js';
import { pounds } from '../text/values.js';
import { textAnswer } from './answers.js';
import { agreeOnBasket } from './basket-dialogue.js';
import { checkPostcode } from './postcode-dialogue.js';
import { attempt, type DialogueContext, type Session } from './session.js';

/** Attempts at one order before the person is asked what to do. */
const ATTEMPTS_MAX = 3;
const RETRY_PAUSE_MS = 1_000;

/** Orders the basket: prices agreed, postcode, contact, one confirmation of the whole, then the result. */
export async function orderBasket(context: DialogueContext, session: Session): Promise<void> {
  const { prompter, paint } = context;
  if (!(await settleFirst(context, session))) return;
  if (session.basket.length === 0) {
    prompter.say('The basket is empty: add something first.');
    return;
  }
  if (!(await agreeOnBasket(context, session))) return;
  const postCode = await askPostcode(context, session);
  if (postCode === undefined) return;
  const extra = await askContact(context);
  const total = basketTotal(session.basket);
  prompter.say(`${paint.strong('Your order')}\n${linesText(session.basket, total)}\nTo ${postCode}`);
  if (!(await prompter.confirm(`Place this order for ${pounds(total)}?`, true))) {
    prompter.say('Not ordered; the basket is kept.');
    return;
  }
  const order: NewOrder = {
    order_id: randomUUID(),
    user_code: session.userCode,
    lines: session.basket,
    post_code: postCode,
    ...extra,
  };
  await settleOrder(context, session, order);
}

/**
 * Sends an order until its outcome is known or the person puts it off, always with the same id and content. True when it
 * is settled. Nothing is lost on the way: it is on this computer's disk and in the session.
 */
export async function settleOrder(context: DialogueContext, session: Session, order: NewOrder): Promise<boolean> {
  const { prompter, paint } = context;
  for (;;) {
    const outcome = await attempt(context, 'The order', () => sendRepeatedly(context, session, order));
    // It could not even be noted here, so it was not sent this time; an earlier attempt may have been.
    if (outcome === undefined) return false;
    switch (outcome.kind) {
      case 'placed':
        session.unsettled = undefined;
        if (sameLines(session.basket, order.lines)) session.basket = [];
        prompter.say(
          `${placedText(outcome.order, paint)}\n${orderText(outcome.order, paint)}\n${receiptText(outcome.receipt)}`,
        );
        return true;
      case 'refused':
        session.unsettled = undefined;
        await explainRefusal(context, session, outcome.refusal);
        return true;
      case 'unknown':
        prompter.say(paint.warning(unknownText(order, outcome.refusal)));
        if (!(await prompter.confirm('Try again now?', true))) return false;
        break;
      default:
        assertNever(outcome);
    }
  }
}

async function sendRepeatedly(context: DialogueContext, session: Session, order: NewOrder): Promise<PlacementOutcome> {
  const { client, pending, frontEnds, prompter, retryPauseMs = RETRY_PAUSE_MS } = context;
  for (let number = 1; ; number++) {
    const before = session.unsettled;
    session.unsettled = order;
    session.isSending = true;
    let outcome: PlacementOutcome | undefined;
    try {
      outcome = await placeOrder({ client, pending, frontEnds }, order);
    } finally {
      session.isSending = false;
      // Not sent after all: what was unsettled before still is.
      if (outcome === undefined) session.unsettled = before;
    }
    if (outcome.kind !== 'unknown' || number === ATTEMPTS_MAX) return outcome;
    prompter.say('No answer yet; asking again with the same order number…');
    await pause(retryPauseMs);
  }
}

/** Whether nothing stands in the way of a new order. */
async function settleFirst(context: DialogueContext, session: Session): Promise<boolean> {
  const { prompter } = context;
  if (session.unsettled === undefined) return true;
  prompter.say(
    `Order ${session.unsettled.order_id} for ${pounds(basketTotal(session.unsettled.lines))} has an unknown outcome: ` +
      'it is settled first, so that nothing is ordered twice.',
  );
  return settleOrder(context, session, session.unsettled);
}

async function askPostcode(context: DialogueContext, session: Session): Promise<string | undefined> {
  for (;;) {
    const answer = await context.prompter.ask({
      message: 'Postcode (empty: back)',
      initial: session.postCode,
      problem: textAnswer({ max: limits.POST_CODE_LENGTH_MAX }),
    });
    if (answer === '') return undefined;
    const normalised = await checkPostcode(context, answer);
    if (normalised === undefined) {
      // Offering it again would make an empty answer repeat the mistake.
      session.postCode = '';
      continue;
    }
    session.postCode = normalised;
    return normalised;
  }
}

async function askContact({ prompter }: DialogueContext): Promise<{ contact?: ContactView; notes?: string }> {
  if (!(await prompter.confirm('Add a name, phone number, address or notes?', false))) return {};
  const field = (message: string, max: number): Promise<string> =>
    prompter.ask({ message: `${message} (empty: none)`, problem: textAnswer({ max }) });
  const contact = {
    name: await field('Name', limits.NAME_LENGTH_MAX),
    phone: await field('Phone', limits.PHONE_LENGTH_MAX),
    address: await field('Address', limits.ADDRESS_LENGTH_MAX),
  };
  const notes = await field('Notes', limits.NOTES_LENGTH_MAX);
  const isGiven = Object.values(contact).some((text) => text !== '');
  return { ...(isGiven ? { contact } : {}), ...(notes === '' ? {} : { notes }) };
}

async function explainRefusal(context: DialogueContext, session: Session, refusal: Refusal): Promise<void> {
  const { prompter, paint } = context;
  prompter.say(paint.bad(`Not ordered: ${refusal.message}`));
  if (refusal.reason.startsWith('POSTCODE_')) session.postCode = '';
  const isAboutMenu = ['PRICE_CHANGED', 'SOLD_OUT', 'UNKNOWN_ITEM'].includes(refusal.reason);
  if (isAboutMenu && (await agreeOnBasket(context, session))) prompter.say('Choose Order to place it like this.');
  else if (session.basket.length > 0) prompter.say('The basket is kept.');
}

function placedText({ unconfirmed }: OrderView, paint: Paint): string {
  if (!unconfirmed) return paint.good('Ordered.');
  return paint.warning(
    'Your order is taken and waits for confirmation: only one server can be reached. It is handed in as soon as the others are back.',
  );
}

function unknownText(order: NewOrder, refusal: Refusal): string {
  return (
    `Order ${order.order_id} is not confirmed: ${refusal.message}\n` +
    'It is noted on this computer. Trying again finds it or places it, never twice.'
  );
}

function sameLines(a: readonly OrderLineView[], b: readonly OrderLineView[]): boolean {
  const key = (lines: readonly OrderLineView[]): string =>
    JSON.stringify(lines.map((line) => [line.item, line.quantity, line.price_pence]));
  return key(a) === key(b);
}
