/**
 * Stops the process on a broken rule. Assertions are for bugs: always on, never caught.
 * `rule` states what must hold, so that the crash report reads as the rule that was broken.
 */
export function assert(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new AssertionError(rule);
}

/** The error of a failed `assert`: a bug in this program, never a fault of its input. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
  constructor(rule: string) {
    super(`broken rule: ${rule}`);
  }
}

/** Ends a switch over a union: the compiler refuses it when a member is missing. */
export function assertNever(value: never): never {
  throw new AssertionError(`unexpected case ${JSON.stringify(value)}`);
}

/** Unwraps a value that the caller knows to be there; `rule` says why it must be. */
export function present<T>(value: T | undefined | null, rule: string): T {
  if (value === undefined || value === null) throw new AssertionError(rule);
  return value;
}
