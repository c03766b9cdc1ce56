import { isUtf8 } from 'node:buffer';
import { v7 as uuidV7 } from 'uuid';
import { isSettled } from '../../client/placement.js';
import { receiptText } from '../../client/text/order-text.js';
import { counted } from '../../client/text/values.js';
import { CallRefusedError, type ReceiptView } from '../../ports/ordering-client.js';
import type { ServiceClient } from '../../ports/service-client.js';
import { logContract } from '../../services/log/contract.js';
import { isUuidV7 } from '../../services/uuid.js';
import type { Cli, ClientOptions } from '../cli.js';
import { CommandFailedError, UsageError } from '../command-error.js';
import { EXIT_INTERRUPTED } from '../environment.js';
import { inputOf, linesOf } from '../input-lines.js';
import { timeoutOf } from '../timeout-argument.js';

/** How messages are appended. */
export interface AppendWishes extends ClientOptions {
  readonly writeConcern?: string;
  readonly id?: string;
  readonly timeout: string;
}

interface Appended {
  readonly key: number;
  readonly receipt: ReceiptView;
}

/** `log append VALUE`. */
export async function appendValue(cli: Cli, options: AppendWishes, value: string): Promise<void> {
  const requestId = idOf(options.id);
  await withAppender(cli, options, (append) => append(requestId, value));
}

/** `log append -`: each line of stdin is a message, one after the other; an empty line is none. */
export async function appendLines(cli: Cli, options: AppendWishes): Promise<void> {
  if (options.id !== undefined) throw new UsageError('--id goes with one message, not with the lines of stdin.');
  await withAppender(cli, options, async (append) => {
    let line = 0;
    let appended = 0;
    for await (const bytes of linesOf(inputOf(cli, '-'), 'stdin', 'a message')) {
      line++;
      if (bytes.length === 0) continue;
      try {
        if (!isUtf8(bytes)) throw new CommandFailedError('it is not UTF-8 text');
        await append(uuidV7(), bytes.toString());
        appended++;
      } catch (error) {
        cli.note(`just-hungry: stopped at line ${line}; ${counted(appended, 'message')} before it appended.`);
        throw error;
      }
    }
  });
}

/** Hands out what appends a message and prints what became of it; one that may stand in the log is named by its id. */
async function withAppender(
  cli: Cli,
  options: AppendWishes,
  work: (append: (requestId: string, value: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const deadlineMs = timeoutOf(options.timeout);
  const { environment } = cli;
  let underWay: string | undefined;
  const forget = environment.onSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => {
    if (underWay !== undefined) cli.note(`\njust-hungry: interrupted; the message may be appended. ${again(underWay)}`);
    environment.exit(EXIT_INTERRUPTED);
  });
  try {
    await cli.withServiceClient(logContract, options, (client) =>
      work(async (requestId, value) => {
        underWay = requestId;
        const { key, receipt } = await appendOne(client, { options, requestId, value, deadlineMs });
        underWay = undefined;
        cli.print(options, { key, request_id: requestId, receipt }, `Message ${key}. ${receiptText(receipt)}`);
      }),
    );
  } finally {
    forget();
  }
}

interface One {
  readonly options: AppendWishes;
  readonly requestId: string;
  readonly value: string;
  readonly deadlineMs: number;
}

async function appendOne(client: ServiceClient, { options, requestId, value, deadlineMs }: One): Promise<Appended> {
  const { writeConcern } = options;
  const request = {
    request_id: requestId,
    value,
    ...(writeConcern === undefined ? {} : { write_concern: writeConcern }),
  };
  try {
    return await client.call<Appended>('Append', request, { deadlineMs });
  } catch (error) {
    if (!(error instanceof CallRefusedError) || isSettled(error.refusal)) throw error;
    const { message, reason } = error.refusal;
    throw new CommandFailedError(`${message} [${reason}]\n${again(requestId)}`, { cause: error });
  }
}

const again = (requestId: string): string =>
  `Repeated with --id ${requestId} it is appended once, and its key told again.`;

function idOf(text: string | undefined): string {
  if (text === undefined) return uuidV7();
  const id = text.toLowerCase();
  if (isUuidV7(id)) return id;
  throw new UsageError(`--id is ${JSON.stringify(text)}; allowed: a UUID of version 7.`);
}
