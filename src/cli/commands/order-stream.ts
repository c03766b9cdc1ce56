import { once } from 'node:events';
import { z } from 'zod';
import { counted } from '../../client/text/values.js';
import type { NewOrder, StreamedOrder } from '../../ports/ordering-client.js';
import type { Cli, ClientOptions } from '../cli.js';
import { EXIT_FAILED, EXIT_INTERRUPTED } from '../environment.js';
import { inputOf, linesOf } from '../input-lines.js';

const streamedOrder = z.strictObject({
  order_id: z.string(),
  user_code: z.string(),
  lines: z.array(z.strictObject({ item: z.string(), quantity: z.int32(), price_pence: z.int32() })),
  post_code: z.string(),
  contact: z.strictObject({ name: z.string(), phone: z.string(), address: z.string() }).exactOptional(),
  notes: z.string().exactOptional(),
  write_concern: z.string().exactOptional(),
});

/** What is printed of an order that was not placed, or of a line that is none; src/cli/JSON.md. */
interface Failure {
  readonly line: number;
  readonly order_id: string;
  readonly error: {
    readonly status: string;
    readonly reason: string;
    readonly message: string;
    readonly details: Readonly<Record<string, string>>;
  };
}

/**
 * `order --stream FILE`: places the orders of a file, or of stdin for `-`, one JSON object a line, and prints a line for each as it
 * is answered. Nothing is noted on this computer: the file holds the ids, and can be sent again.
 */
export async function streamOrders(
  cli: Cli,
  options: ClientOptions & { readonly stream: string },
  deadlineMs: number,
): Promise<void> {
  const { environment } = cli;
  const forget = environment.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => {
    cli.note(
      '\njust-hungry: interrupted; orders without an answer may have been placed. Send the same lines again: nothing is placed twice.',
    );
    environment.exit(EXIT_INTERRUPTED);
  });
  const run = new StreamRun(cli);
  try {
    await cli.withClient(options, async ({ client }) => {
      const orders = run.orders(linesOf(inputOf(cli, options.stream), options.stream, 'an order'));
      for await (const answer of client.makeOrders(orders, { deadlineMs })) await run.onAnswer(answer);
    });
  } finally {
    forget();
  }
  run.end();
}

class StreamRun {
  readonly #cli: Cli;
  /** Lines of orders without an answer, by the number that the client gives them. */
  readonly #lines = new Map<number, { readonly line: number; readonly orderId: string }>();
  #count = 0;
  #failed = 0;
  #mayBePlaced = 0;

  constructor(cli: Cli) {
    this.#cli = cli;
  }

  async *orders(lines: AsyncIterable<Buffer>): AsyncGenerator<NewOrder> {
    let line = 0;
    let number = 0;
    for await (const bytes of lines) {
      line++;
      const text = bytes.toString();
      if (text.trim() === '') continue;
      this.#count++;
      const order = parsed(text);
      if (typeof order === 'string') {
        const message = `line ${line} is no order: ${order}; nothing of it was sent. Correct it and send it again.`;
        await this.#fail({
          line,
          order_id: '',
          error: { status: 'INVALID_ARGUMENT', reason: 'INVALID_FIELD', message, details: {} },
        });
        continue;
      }
      this.#lines.set(++number, { line, orderId: order.order_id });
      yield order;
    }
  }

  async onAnswer(answer: StreamedOrder): Promise<void> {
    const { line = 0, orderId = '' } = this.#lines.get(answer.number) ?? {};
    this.#lines.delete(answer.number);
    if (answer.kind === 'placed') {
      const { order, receipt } = answer;
      return this.#write({ line, order_id: orderId, order, receipt });
    }
    const { refusal, status } = answer.error;
    const { reason, message, details = {} } = refusal;
    if (status === 'DEADLINE_EXCEEDED') this.#mayBePlaced++;
    return this.#fail({ line, order_id: orderId, error: { status, reason, message, details } });
  }

  end(): void {
    if (this.#failed === 0) return;
    this.#cli.exitCode = EXIT_FAILED;
    const unknown =
      this.#mayBePlaced === 0
        ? ''
        : `, of which ${this.#mayBePlaced} may have been: send the same lines again, nothing is placed twice`;
    this.#cli.note(`just-hungry: ${this.#failed} of ${counted(this.#count, 'order')} not placed${unknown}.`);
  }

  async #fail(failure: Failure): Promise<void> {
    this.#failed++;
    await this.#write(failure);
  }

  async #write(value: object): Promise<void> {
    const { stdout } = this.#cli.environment;
    if (!stdout.write(`${JSON.stringify(value)}\n`)) await once(stdout, 'drain');
  }
}

/** The order of a line, or what is wrong with it. */
function parsed(text: string): NewOrder | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is no JSON';
  }
  const read = streamedOrder.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  return `${field === '' ? 'the object' : field}: ${issue?.message ?? 'not as described'}`;
}
