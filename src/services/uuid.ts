/** Words of a UUID: four unsigned 32-bit numbers, the first one first. */
export type UuidWords = Uint32Array;

const CANONICAL = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const VERSION_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const NIL = '00000000-0000-0000-0000-000000000000';
const TEXT_LENGTH = 36;
const HYPHEN = 0x2d;

/** The canonical lower-case form of a UUID written in either case; `undefined` when it is none, or nil. */
export function canonicalUuid(text: string): string | undefined {
  const lower = text.toLowerCase();
  return isUuid(lower) ? lower : undefined;
}

/** Whether this is a UUID (RFC 9562) of any version but nil, in canonical lower case. */
export function isUuid(text: string): boolean {
  return CANONICAL.test(text) && text !== NIL;
}

/** Whether this is a UUIDv7 (RFC 9562, 5.7) in canonical lower case. */
export function isUuidV7(text: string): boolean {
  return VERSION_7.test(text);
}

/** Time inside a UUIDv7: milliseconds since 1970, 48 bits. */
export function uuidV7TimeMs(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

const NO_DIGIT = 255;
/** Value of every byte as a lower-case hex digit; NO_DIGIT where it is none. */
const HEX_VALUE = new Uint8Array(256).fill(NO_DIGIT);
for (let digit = 0; digit < 16; digit++) HEX_VALUE[digit.toString(16).charCodeAt(0)] = digit;

/** Where the 32 digits stand in the text. */
const DIGIT_PLACES = Uint8Array.from({ length: 32 }, (_, digit) => digit + Math.min(Math.max((digit >> 2) - 1, 0), 4));
const HYPHEN_PLACES = [8, 13, 18, 23] as const;

/** Writes the words of a canonical UUID into `words` from `at` on; false when the text is no canonical UUID. */
export function wordsOfText(text: string, words: UuidWords, at: number): boolean {
  if (text.length !== TEXT_LENGTH) return false;
  for (const place of HYPHEN_PLACES) if (text.charCodeAt(place) !== HYPHEN) return false;
  let seen = 0;
  let word = 0;
  for (let digit = 0; digit < 32; digit++) {
    const code = text.charCodeAt(DIGIT_PLACES[digit] as number);
    const value = code < 256 ? (HEX_VALUE[code] as number) : NO_DIGIT;
    seen |= value;
    word = (word << 4) | value;
    if ((digit & 7) === 7) words[at + (digit >>> 3)] = word;
  }
  return seen < 16;
}

/** As `wordsOfText`, of the text in the bytes from `start` to `end`; written out again because it is the start's hot loop. */
export function wordsOfBytes(bytes: Uint8Array, start: number, end: number, words: UuidWords, at: number): boolean {
  if (end - start !== TEXT_LENGTH) return false;
  for (const place of HYPHEN_PLACES) if (bytes[start + place] !== HYPHEN) return false;
  let seen = 0;
  let word = 0;
  for (let digit = 0; digit < 32; digit++) {
    const value = HEX_VALUE[bytes[start + (DIGIT_PLACES[digit] as number)] as number] as number;
    seen |= value;
    word = (word << 4) | value;
    if ((digit & 7) === 7) words[at + (digit >>> 3)] = word;
  }
  return seen < 16;
}

/** The canonical text of the words from `at` on. */
export function textOfWords(words: UuidWords, at: number): string {
  let hex = '';
  for (let index = 0; index < 4; index++) hex += (words[at + index] ?? 0).toString(16).padStart(8, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
