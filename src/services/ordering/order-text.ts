import { assert } from '../../base/assert.js';
import { isPostcodeVerdict } from './postcode-verdict.js';
import type { OrderUpdate, StockLeft, UpdateLine } from './order-update.js';

/*
 * The update of an order as text: nearly every entry is one, and each is encoded once and decoded on every backup. As JSON a
 * third of it would be quotes, which CSV doubles. Parts are separated by `|`, in a text `\p` stands for `|` and `\b` for `\`:
 *
 *     order|copies|verdict|postcode|user|lines|item|quantity|price in pence|…
 *
 * and then, each only where there is something: extra|name|phone|address|notes · stock|items|item|left|… ·
 * limited|lines|line|… · placed|ms · rejected|why
 */

/** What the text of an order begins with: JSON, which all other updates are, begins otherwise. */
export const ORDER_TEXT = 'order|';

const SEPARATOR = '|';
const NEEDS_ESCAPE = /[|\\]/;
const WHOLE = /^(0|[1-9][0-9]{0,15})$/;

/** The update of an order as text. */
export function encodeOrder(update: OrderUpdate): string {
  const { copies, check, postCode, user, lines, extra, stock, limited, placedMs, rejected } = update;
  let text = `${ORDER_TEXT}${copies}|${check}|${escaped(postCode)}|${escaped(user)}|${lines.length}`;
  for (const [item, quantity, pricePence] of lines) text += `|${escaped(item)}|${quantity}|${pricePence}`;
  if (extra !== undefined) for (const part of ['extra', ...extra]) text += `|${escaped(part)}`;
  if (stock !== undefined) {
    text += `|stock|${stock.length}`;
    for (const [item, left] of stock) text += `|${escaped(item)}|${left}`;
  }
  if (limited !== undefined) text += `|limited|${[limited.length, ...limited].join(SEPARATOR)}`;
  if (placedMs !== undefined) text += `|placed|${placedMs}`;
  if (rejected !== undefined) text += `|rejected|${escaped(rejected)}`;
  return text;
}

/** Reads what `encodeOrder` has made; `undefined` when the text is not exactly that. */
export function decodeOrder(text: string): OrderUpdate | undefined {
  const parts = new Parts(text.split(SEPARATOR));
  parts.text();
  const copies = parts.whole();
  const check = parts.text();
  const postCode = parts.text();
  const user = parts.text();
  const lines: UpdateLine[] = [];
  for (let left = parts.whole(); left > 0 && parts.isSound; left--)
    lines.push([parts.text(), parts.whole(), parts.whole()]);
  if (!isPostcodeVerdict(check)) return undefined;
  const update: Writable<OrderUpdate> = { kind: 'order', user, lines, postCode, check, copies };
  if (parts.takes('extra')) update.extra = [parts.text(), parts.text(), parts.text(), parts.text()];
  if (parts.takes('stock')) {
    const stock: StockLeft[] = [];
    for (let left = parts.whole(); left > 0 && parts.isSound; left--) stock.push([parts.text(), parts.whole()]);
    update.stock = stock;
  }
  if (parts.takes('limited')) {
    const limited: number[] = [];
    for (let left = parts.whole(); left > 0 && parts.isSound; left--) limited.push(parts.whole());
    update.limited = limited;
  }
  if (parts.takes('placed')) update.placedMs = parts.whole();
  if (parts.takes('rejected')) update.rejected = parts.text();
  return parts.isSound && parts.isAtEnd ? update : undefined;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function escaped(text: string): string {
  return NEEDS_ESCAPE.test(text) ? text.replaceAll('\\', '\\b').replaceAll('|', '\\p') : text;
}

/** The parts of a text, taken one after the other; `isSound` is false once one was missing or of another kind. */
class Parts {
  isSound = true;
  #at = 0;

  constructor(readonly parts: readonly string[]) {
    assert(parts.length > 0, 'a text has parts');
  }

  get isAtEnd(): boolean {
    return this.#at === this.parts.length;
  }

  /** Whether the next part is this word, which is then taken. */
  takes(word: string): boolean {
    if (this.parts[this.#at] !== word) return false;
    this.#at++;
    return true;
  }

  text(): string {
    const part = this.#next();
    return part.includes('\\') ? this.#unescaped(part) : part;
  }

  whole(): number {
    const part = this.#next();
    const value = Number(part);
    if (!WHOLE.test(part) || value > Number.MAX_SAFE_INTEGER) this.isSound = false;
    return value;
  }

  #unescaped(part: string): string {
    const text = part.replaceAll('\\p', '|').replaceAll('\\b', '\\');
    if (escaped(text) !== part) this.isSound = false;
    return text;
  }

  #next(): string {
    const part = this.parts[this.#at++];
    if (part === undefined) this.isSound = false;
    return part ?? '';
  }
}
