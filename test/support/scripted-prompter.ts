import { type Choice, InputEndedError, type Prompter, type Question } from '../../src/client/prompter.js';

/** Answers from a list, and keeps everything that was said and asked. Ends the input when the list is used up. */
export class ScriptedPrompter implements Prompter {
  readonly transcript: string[] = [];
  readonly #answers: (string | (() => void))[];
  isClosed = false;

  /** A function in the list is called when its turn comes, and the next answer taken. */
  constructor(answers: readonly (string | (() => void))[]) {
    this.#answers = [...answers];
  }

  /** Everything that was said, as one text. */
  get text(): string {
    return this.transcript.join('\n');
  }

  say(text: string): void {
    this.transcript.push(text);
  }

  async ask({ message, initial, problem }: Question): Promise<string> {
    const typed = this.#next(message);
    const answer = typed === '' ? (initial ?? '') : typed;
    const wrong = problem?.(answer);
    if (wrong === undefined) return answer;
    this.transcript.push(wrong);
    return this.ask({ message, ...(problem === undefined ? {} : { problem }) });
  }

  async choose<Value>(message: string, choices: readonly Choice<Value>[]): Promise<Value> {
    const answer = this.#next(message);
    const chosen = choices.find(({ key, name }) => key === answer || name.startsWith(answer));
    if (chosen !== undefined) return chosen.value;
    throw new Error(`no choice ${answer} in ${choices.map(({ name }) => name).join(' | ')}`);
  }

  async confirm(message: string, initial: boolean): Promise<boolean> {
    const answer = this.#next(message);
    return answer === '' ? initial : answer === 'y';
  }

  close(): void {
    this.isClosed = true;
  }

  #next(message: string): string {
    this.transcript.push(`? ${message}`);
    for (;;) {
      const answer = this.#answers.shift();
      if (answer === undefined) throw new InputEndedError('ended');
      if (typeof answer === 'string') return answer;
      answer();
    }
  }
}
