/** Field 3 of an OrderAnswer, a message: the order was placed. */
const PLACED_TAG = (3 << 3) | 2;

/**
 * Numbers of the orders that a MakeOrdersResponse says were placed, without reading what it says of them: the generator must not be what
 * is measured. `undefined` when one of the answers is anything else; then the whole is to be read.
 */
export function placedNumbers(bytes: Buffer): readonly number[] | undefined {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) break;
    }
    return value;
  };
  const numbers: number[] = [];
  while (at < bytes.length) {
    // The tag and length of an answer, then number, order_id and outcome, each behind its tag.
    at++;
    const end = varint() + at;
    at++;
    numbers.push(varint());
    at++;
    const idLength = varint();
    at += idLength;
    if (bytes[at] !== PLACED_TAG) return undefined;
    at = end;
  }
  return numbers;
}
