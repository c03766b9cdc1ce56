import type { Cursor } from './cursor.js';
import type { Width } from './width.js';

const NAME = /^[_\p{XIDS}]\p{XIDC}*$/u;
/** As Python's int() reads it. */
const NUMBER = /^\s*\+?[0-9]+(_[0-9]+)*\s*$/;
/** What Python can look back. */
const LOOKBEHIND_MAX = 2 ** 32 - 1;

/** The groups of a pattern that capture, and what refers to them: backreferences and conditions are refused, but wrong ones by name. */
export class Groups {
  readonly #cursor: Cursor;
  /** By number; undefined while the group is open. Group 0 is the whole. */
  readonly #widths: (Width | undefined)[] = [undefined];
  readonly #numbers = new Map<string, number>();
  readonly #conditions: number[] = [];
  /** Inside a lookbehind: the groups there were when it began. */
  #lookbehindGroups: number | undefined;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  /** Begins a group, which gets the next number. Throws PatternError for a name that is taken. */
  open(name?: string): number {
    const number = this.#widths.push(undefined) - 1;
    if (name === undefined) return number;
    if (this.#numbers.has(name)) this.#cursor.fail(`redefinition of group name '${name}'`);
    this.#numbers.set(name, number);
    return number;
  }

  close(number: number, width: Width): void {
    this.#widths[number] = width;
  }

  /** Reads a name and its end. Throws PatternError. */
  nameUntil(end: string): string {
    const name = this.#cursor.takeUntil(end, 'group name');
    if (!NAME.test(name)) this.#cursor.fail(`bad character in group name '${name}'`);
    return name;
  }

  /** The width of a group that a backreference names. Throws PatternError when it cannot. */
  referred(number: number): Width {
    if (number >= this.#widths.length) this.#cursor.fail(`invalid group reference ${number}`);
    const width = this.#widths[number] ?? this.#cursor.fail('cannot refer to an open group');
    this.#checkLookbehind(number);
    return width;
  }

  /** As `referred`, by name. */
  referredByName(name: string): Width {
    return this.referred(this.#numbers.get(name) ?? this.#cursor.fail(`unknown group name '${name}'`));
  }

  /** Checks the name or number of a condition. Throws PatternError. */
  referredByCondition(name: string): void {
    if (NAME.test(name)) {
      this.#checkLookbehind(this.#numbers.get(name) ?? this.#cursor.fail(`unknown group name '${name}'`));
      return;
    }
    if (!NUMBER.test(name)) this.#cursor.fail(`bad character in group name '${name}'`);
    const number = Number(name.replaceAll('_', ''));
    if (number === 0) this.#cursor.fail('bad group number');
    this.#conditions.push(number);
    this.#checkLookbehind(number);
  }

  /** Runs the reading of a lookbehind. */
  lookingBehind<Result>(read: () => Result): Result {
    const outer = this.#lookbehindGroups;
    this.#lookbehindGroups ??= this.#widths.length;
    const result = read();
    this.#lookbehindGroups = outer;
    return result;
  }

  /** Throws PatternError when a lookbehind does not have one width. */
  checkWidth({ min, max }: Width): void {
    if (min > LOOKBEHIND_MAX) this.#cursor.fail('looks too much behind');
    if (min !== max) this.#cursor.fail('look-behind requires fixed-width pattern');
  }

  /** At the end: conditions may name groups that come later. Throws PatternError. */
  checkAll(): void {
    const missing = this.#conditions.find((number) => number >= this.#widths.length);
    if (missing !== undefined) this.#cursor.fail(`invalid group reference ${missing}`);
  }

  #checkLookbehind(number: number): void {
    if (this.#lookbehindGroups === undefined) return;
    if (this.#widths[number] === undefined) this.#cursor.fail('cannot refer to an open group');
    if (number >= this.#lookbehindGroups)
      this.#cursor.fail('cannot refer to group defined in the same lookbehind subpattern');
  }
}
