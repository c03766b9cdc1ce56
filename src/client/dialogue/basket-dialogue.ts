import { addToBasket, type Basket, basketTotal, changeQuantity, differences, updatedBasket } from '../basket.js';
import { assertNever } from '../../base/assert.js';
import type { MenuItemView } from '../../ports/ordering-client.js';
import { ORDER_LINES_MAX } from '../../services/ordering/limits.js';
import type { Choice } from '../prompter.js';
import { menuText, stockText } from '../text/menu-text.js';
import { linesText } from '../text/order-text.js';
import { pounds } from '../text/values.js';
import { quantityAnswer } from './answers.js';
import { type DialogueContext, fetchMenu, type Session } from './session.js';

/** Shows the menu. */
export async function showMenu(context: DialogueContext): Promise<void> {
  const menu = await fetchMenu(context);
  if (menu !== undefined) context.prompter.say(menuText(menu, context.paint));
}

/** Puts an item into the basket. */
export async function addItem(context: DialogueContext, session: Session): Promise<void> {
  const { prompter } = context;
  const menu = await fetchMenu(context);
  if (menu === undefined) return;
  if (session.basket.length === ORDER_LINES_MAX) {
    prompter.say(`The basket holds ${ORDER_LINES_MAX} different items, the most for one order. Order it first.`);
    return;
  }
  const offered = menu.filter((item) => item.stock !== 0);
  const choices: Choice<MenuItemView | undefined>[] = offered.map((item) => ({ name: itemName(item), value: item }));
  const item = await prompter.choose('Which item?', [...choices, back]);
  if (item === undefined) return;
  const quantity = await prompter.ask({ message: 'How many', initial: '1', problem: quantityAnswer(1) });
  session.basket = addToBasket(session.basket, item, Number(quantity));
  showBasket(context, session.basket);
}

/** Changes or removes what is in the basket. */
export async function changeBasket(context: DialogueContext, session: Session): Promise<void> {
  const { prompter } = context;
  if (session.basket.length === 0) {
    prompter.say('The basket is empty.');
    return;
  }
  showBasket(context, session.basket);
  const choices: Choice<string | undefined>[] = session.basket.map(({ item }) => ({ name: item, value: item }));
  const item = await prompter.choose('Change which item?', [...choices, back]);
  if (item === undefined) return;
  const present = session.basket.find((line) => line.item === item)?.quantity ?? 1;
  const quantity = await prompter.ask({
    message: 'How many (0 takes it out)',
    initial: String(present),
    problem: quantityAnswer(0),
  });
  session.basket = changeQuantity(session.basket, item, Number(quantity));
  showBasket(context, session.basket);
}

/**
 * Compares the basket with the menu as it is now and offers to bring it in line. Whether it can be ordered: false when
 * the menu could not be read, the person declined, or nothing is left.
 */
export async function agreeOnBasket(context: DialogueContext, session: Session): Promise<boolean> {
  const { prompter, paint } = context;
  const menu = await fetchMenu(context);
  if (menu === undefined) return false;
  const found = differences(session.basket, menu);
  if (found.length === 0) return true;
  for (const difference of found) {
    switch (difference.kind) {
      case 'price':
        prompter.say(
          paint.warning(`${difference.item} now costs ${pounds(difference.now)} (was ${pounds(difference.was)}).`),
        );
        break;
      case 'stock':
        prompter.say(paint.warning(stockMessage(difference.item, difference.left, difference.wanted)));
        break;
      case 'gone':
        prompter.say(paint.warning(`${difference.item} is no longer on the menu.`));
        break;
      default:
        assertNever(difference);
    }
  }
  const updated = updatedBasket(session.basket, menu);
  const isLeft = updated.length > 0;
  const question = isLeft ? `Update the basket (new total ${pounds(basketTotal(updated))})?` : 'Empty the basket?';
  if (!(await prompter.confirm(question, true))) return false;
  session.basket = updated;
  showBasket(context, session.basket);
  return isLeft;
}

/** Shows what is in the basket and its total. */
export function showBasket({ prompter }: DialogueContext, basket: Basket): void {
  prompter.say(basket.length === 0 ? 'The basket is empty.' : linesText(basket, basketTotal(basket)));
}

const back = { name: 'Back', key: 'back', value: undefined } as const;

function itemName(item: MenuItemView): string {
  const stock = stockText(item);
  return `${item.item}, ${pounds(item.price_pence)}${stock === '' ? '' : ` (${stock})`}`;
}

function stockMessage(item: string, left: number, wanted: number): string {
  return left === 0 ? `${item} is sold out.` : `Only ${left} of ${item} left, not ${wanted}.`;
}
