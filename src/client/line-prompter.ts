import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type Choice, InputEndedError, type Prompter, type Question } from './prompter.js';

/** Wrong answers to one question before the input is taken as unusable: a script that has lost its place ends. */
const WRONG_ANSWERS_MAX = 20;

type Judged<Value> =
  { readonly kind: 'answer'; readonly answer: Value } | { readonly kind: 'wrong'; readonly wrong: string };

/** The same dialogue for pipes and files: one answer a line, choices by number, word or name. */
export class LinePrompter implements Prompter {
  readonly #output: Writable;
  readonly #lines: LineQueue;

  constructor(input: Readable, output: Writable) {
    this.#output = output;
    this.#lines = new LineQueue(input);
  }

  say(text: string): void {
    this.#output.write(`${text}\n`);
  }

  async ask({ message, initial, problem }: Question): Promise<string> {
    const hint = initial === undefined || initial === '' ? '' : ` (${initial})`;
    return this.#repeat(`${message}${hint}: `, (line) => {
      const answer = line.trim() === '' ? (initial ?? '') : line.trim();
      const wrong = problem?.(answer);
      return wrong === undefined ? { kind: 'answer', answer } : { kind: 'wrong', wrong };
    });
  }

  async choose<Value>(message: string, choices: readonly Choice<Value>[]): Promise<Value> {
    const list = choices.map(
      ({ name, key }, index) => `  ${index + 1}) ${name}${key === undefined ? '' : ` [${key}]`}`,
    );
    this.say([message, ...list].join('\n'));
    return this.#repeat('> ', (line) => {
      const chosen = chosenBy(line.trim(), choices);
      if (chosen === undefined)
        return { kind: 'wrong', wrong: `give a number from 1 to ${choices.length}, or a word from the list` };
      return { kind: 'answer', answer: chosen.value };
    });
  }

  async confirm(message: string, initial: boolean): Promise<boolean> {
    return this.#repeat(`${message} (${initial ? 'Y/n' : 'y/N'}): `, (line) => {
      const word = line.trim().toLowerCase();
      if (word === '') return { kind: 'answer', answer: initial };
      if (word === 'y' || word === 'yes') return { kind: 'answer', answer: true };
      if (word === 'n' || word === 'no') return { kind: 'answer', answer: false };
      return { kind: 'wrong', wrong: 'answer y or n' };
    });
  }

  close(): void {
    this.#lines.close();
  }

  async #repeat<Value>(prompt: string, judge: (line: string) => Judged<Value>): Promise<Value> {
    for (let attempt = 0; attempt < WRONG_ANSWERS_MAX; attempt++) {
      this.#output.write(prompt);
      const line = await this.#lines.next();
      // Nobody's Enter ends the line of the prompt when the answer comes from a pipe.
      this.#output.write('\n');
      if (line === undefined) throw new InputEndedError('ended');
      const judged = judge(line);
      if (judged.kind === 'answer') return judged.answer;
      this.say(`  ${JSON.stringify(line)}: ${judged.wrong}`);
    }
    this.say(`No usable answer in ${WRONG_ANSWERS_MAX} lines; stopping here.`);
    throw new InputEndedError('ended');
  }
}

function chosenBy<Value>(answer: string, choices: readonly Choice<Value>[]): Choice<Value> | undefined {
  const word = answer.toLowerCase();
  return (
    choices.find(({ key }) => key === word) ??
    choices.find(({ name }) => name.toLowerCase() === word) ??
    (/^[1-9][0-9]{0,3}$/.test(answer) ? choices[Number(answer) - 1] : undefined)
  );
}

/** Lines of a stream one at a time, none lost between two questions.. */
class LineQueue {
  readonly #reader;
  readonly #waiting: string[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(input: Readable) {
    this.#reader = createInterface({ input, terminal: false, crlfDelay: Infinity });
    this.#reader.on('line', (line) => {
      this.#waiting.push(line);
      this.#wake?.();
    });
    this.#reader.on('close', () => {
      this.#ended = true;
      this.#wake?.();
    });
    // A stream that breaks has ended; readline passes the error on only where somebody listens.
    input.on('error', () => this.#reader.close());
  }

  async next(): Promise<string | undefined> {
    while (this.#waiting.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#waiting.shift();
  }

  close(): void {
    this.#reader.close();
  }
}
