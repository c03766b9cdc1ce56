import inquirer from 'inquirer';
import { type Choice, InputEndedError, type Prompter, type Question } from './prompter.js';

const SHOW_CURSOR = '\u001b[?25h';
const PAGE_SIZE = 14;

/** Prompts in a terminal. Ctrl-C and Ctrl-D reject the question that is open and leave the terminal clean. */
export class InquirerPrompter implements Prompter {
  readonly #input: NodeJS.ReadStream;
  readonly #output: NodeJS.WriteStream;

  constructor(input: NodeJS.ReadStream, output: NodeJS.WriteStream) {
    this.#input = input;
    this.#output = output;
  }

  say(text: string): void {
    this.#output.write(`${text}\n`);
  }

  async ask({ message, initial, problem }: Question): Promise<string> {
    const { answer } = await this.#prompt<{ answer: string }>({
      type: 'input',
      name: 'answer',
      message: `${message}:`,
      ...(initial === undefined || initial === '' ? {} : { default: initial }),
      validate: (text: string) => problem?.(text.trim()) ?? true,
    });
    return answer.trim();
  }

  async choose<Value>(message: string, choices: readonly Choice<Value>[]): Promise<Value> {
    const { answer } = await this.#prompt<{ answer: number }>({
      type: 'select',
      name: 'answer',
      message,
      choices: choices.map(({ name }, value) => ({ name, value })),
      pageSize: PAGE_SIZE,
      loop: false,
    });
    const chosen = choices[answer];
    if (chosen === undefined) throw new InputEndedError('ended');
    return chosen.value;
  }

  async confirm(message: string, initial: boolean): Promise<boolean> {
    const { answer } = await this.#prompt<{ answer: boolean }>({
      type: 'confirm',
      name: 'answer',
      message,
      default: initial,
    });
    return answer;
  }

  close(): void {
    // Whatever was open when the process was told to stop: the person's shell needs its cursor and its line mode.
    if (this.#input.isTTY && this.#input.isRaw) this.#input.setRawMode(false);
    this.#input.pause();
    this.#output.write(SHOW_CURSOR);
  }

  async #prompt<Answers extends { answer: unknown }>(question: PromptQuestion): Promise<Answers> {
    const aborted = new AbortController();
    // Inquirer leaves a question open for ever when readline closes on Ctrl-D.
    const onKey = (_: unknown, key: { ctrl?: boolean; name?: string } | undefined): void => {
      if (key?.ctrl === true && key.name === 'd') aborted.abort();
    };
    const onEnd = (): void => aborted.abort();
    this.#input.on('keypress', onKey);
    this.#input.on('end', onEnd);
    try {
      const prompt = inquirer.createPromptModule({ input: this.#input, output: this.#output, signal: aborted.signal });
      return (await prompt([question as never])) as Answers;
    } catch (error) {
      if (aborted.signal.aborted) throw new InputEndedError('ended');
      if (error instanceof Error && error.name === 'ExitPromptError') throw new InputEndedError('interrupted');
      throw error;
    } finally {
      this.#input.off('keypress', onKey);
      this.#input.off('end', onEnd);
    }
  }
}

/** The questions asked here, as inquirer takes them; its own types infer one answer type per literal question. */
type PromptQuestion =
  | { type: 'input'; name: 'answer'; message: string; default?: string; validate: (text: string) => string | true }
  | {
      type: 'select';
      name: 'answer';
      message: string;
      choices: { name: string; value: number }[];
      pageSize: number;
      loop: boolean;
    }
  | { type: 'confirm'; name: 'answer'; message: string; default: boolean };
