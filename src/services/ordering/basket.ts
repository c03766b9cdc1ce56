import { refusal, type Refusal } from '../../base/refusal.js';
import { poundsOfPence } from './money.js';
import type { PresentState } from './present-state.js';
import type { OrderLine } from './requests.js';

type Kind = 'UNKNOWN_ITEM' | 'PRICE_CHANGED' | 'SOLD_OUT';

interface LineProblem {
  readonly kind: Kind;
  readonly text: string;
  readonly detail: string;
  readonly value: string;
}

/** What is told first: a customer who must choose another item need not hear of its price. */
const URGENCY: readonly Kind[] = ['UNKNOWN_ITEM', 'PRICE_CHANGED', 'SOLD_OUT'];

/** Characters of item names and prices in a message: it travels in an HTTP/2 header. `details` name every line. */
const LISTED_LENGTH_MAX = 1000;

/**
 * Why a basket cannot be had, or `undefined`. Every refused line is named: `details` holds, by line number from 1,
 * `line_2_unknown` (the item), `line_3_price_pence` (the right price) or `line_4_stock_left`.
 */
export function basketRefusal(state: PresentState, lines: readonly OrderLine[]): Refusal | undefined {
  let problems: (LineProblem & { line: number })[] | undefined;
  for (let index = 0; index < lines.length; index++) {
    const problem = lineProblem(state, lines[index] as OrderLine);
    if (problem !== undefined) (problems ??= []).push({ ...problem, line: index + 1 });
  }
  if (problems === undefined) return undefined;
  const found = problems;
  const reason = URGENCY.find((kind) => found.some((problem) => problem.kind === kind)) ?? 'UNKNOWN_ITEM';
  const details = Object.fromEntries(found.map(({ line, detail, value }) => [`line_${line}_${detail}`, value]));
  const listed = list(found.map(({ text }) => text));
  const message = `${listed}. Nothing was ordered: read the menu again and order with a new order_id.`;
  return refusal(reason, message, details);
}

function lineProblem(state: PresentState, { item, quantity, pricePence }: OrderLine): LineProblem | undefined {
  const onMenu = state.item(item);
  if (onMenu === undefined)
    return { kind: 'UNKNOWN_ITEM', text: `${item} is not on the menu`, detail: 'unknown', value: item };
  if (onMenu.pricePence !== pricePence) {
    const text = `${item} costs £${poundsOfPence(onMenu.pricePence)}, not £${poundsOfPence(pricePence)}`;
    return { kind: 'PRICE_CHANGED', text, detail: 'price_pence', value: String(onMenu.pricePence) };
  }
  const left = onMenu.stock;
  if (left === undefined || left >= quantity) return undefined;
  const text = left === 0 ? `${item} is sold out` : `only ${left} of ${item} left, not ${quantity}`;
  return { kind: 'SOLD_OUT', text, detail: 'stock_left', value: String(left) };
}

function list(texts: readonly string[]): string {
  let listed = '';
  for (const [index, text] of texts.entries()) {
    if (index > 0 && listed.length + text.length > LISTED_LENGTH_MAX)
      return `${listed}; and ${texts.length - index} more`;
    listed += index === 0 ? text : `; ${text}`;
  }
  return listed;
}
