/** One thing to choose: what is shown, the word that chooses it in a script, and what it stands for. */
export interface Choice<Value> {
  readonly name: string;
  /** Short word, lower case, unique in its list; where there is none a script gives the number or the name. */
  readonly key?: string;
  readonly value: Value;
}

/** A question with a free answer. */
export interface Question {
  readonly message: string;
  /** Taken for an empty answer. */
  readonly initial?: string;
  /** What is wrong with an answer, for people, or `undefined`; a wrong one is asked again. */
  readonly problem?: (answer: string) => string | undefined;
}

/**
 * The person at the other end: a terminal with inquirer, or lines of a pipe. Every question rejects with
 * InputEndedError when there will be no answer.
 */
export interface Prompter {
  /** Shows text as it is, on lines of its own. */
  say(text: string): void;
  /** The answer, without blanks around it. */
  ask(question: Question): Promise<string>;
  choose<Value>(message: string, choices: readonly Choice<Value>[]): Promise<Value>;
  confirm(message: string, initial: boolean): Promise<boolean>;
  /** Gives the terminal back. May be repeated. */
  close(): void;
}

/** No more answers: the input ended, or the person pressed Ctrl-C. */
export class InputEndedError extends Error {
  override readonly name = 'InputEndedError';
  constructor(readonly how: 'ended' | 'interrupted') {
    super(how === 'ended' ? 'the input has ended' : 'interrupted');
  }
}
