/** What Python's `re` itself refuses, or what is not supported here: ends the reading of a pattern. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/**
 * Walks through a pattern as Python reads it: character by character (code points), a backslash together with the one behind it.
 */
export class Cursor {
  readonly #tokens: string[] = [];
  #at = 0;

  /** Throws PatternError when the pattern ends in a single backslash. */
  constructor(pattern: string) {
    let isEscaped = false;
    for (const character of pattern) {
      if (isEscaped) this.#tokens.push(`\\${character}`);
      else if (character !== '\\') this.#tokens.push(character);
      isEscaped = !isEscaped && character === '\\';
    }
    if (isEscaped) throw new PatternError('bad escape (end of pattern)');
  }

  /** The token ahead; `undefined` at the end. */
  get next(): string | undefined {
    return this.#tokens[this.#at];
  }

  /** Takes the token ahead. */
  take(): string | undefined {
    return this.#tokens[this.#at++];
  }

  /** Takes the token ahead if it is this one. */
  takeIf(token: string): boolean {
    if (this.next !== token) return false;
    this.#at++;
    return true;
  }

  /** Takes at most `count` tokens that the set holds. */
  takeWhile(set: string, count = Infinity): string {
    let text = '';
    for (let taken = 0; taken < count && this.next !== undefined && set.includes(this.next); taken++)
      text += this.take();
    return text;
  }

  /** Takes what stands before `end`, and `end`. Throws PatternError when that is nothing, or `end` is missing. */
  takeUntil(end: string, what: string): string {
    let text = '';
    for (;;) {
      const token = this.take();
      if (token === undefined) this.fail(text === '' ? `missing ${what}` : `missing ${end}, unterminated name`);
      if (token === end) break;
      text += token;
    }
    if (text === '') this.fail(`missing ${what}`);
    return text;
  }

  /** A place to come back to. */
  get place(): number {
    return this.#at;
  }

  /** Goes back to a place. */
  goTo(place: number): void {
    this.#at = place;
  }

  /** Throws a PatternError that names the problem and about where it is. */
  fail(problem: string): never {
    let position = 0;
    for (const token of this.#tokens.slice(0, this.#at)) position += token.length;
    throw new PatternError(`${problem} (at about character ${position})`);
  }
}
