import { CallRefusedError } from '../ports/ordering-client.js';
import { InvalidFileError } from '../services/ordering/menu-file.js';
import { PendingFolderError } from '../client/pending-orders.js';
import { ConfigurationError } from './configuration-error.js';
import { EXIT_FAILED, EXIT_USAGE } from './environment.js';

/** A command that was not done. The message is for stderr: what happened, to what, what to do next. */
export class CommandFailedError extends Error {
  override readonly name = 'CommandFailedError';
}

/** A command line that cannot be meant: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Lines for stderr and the exit code for whatever a command threw. A bug is told without its stack, which is for DEBUG. */
export function explainError(error: unknown, isDebugging: boolean): { lines: string[]; exitCode: number } {
  if (error instanceof UsageError) return { lines: [error.message], exitCode: EXIT_USAGE };
  if (error instanceof ConfigurationError) return { lines: [...error.problems], exitCode: EXIT_USAGE };
  if (error instanceof CallRefusedError)
    return { lines: [`${error.refusal.message} [${error.refusal.reason}]`], exitCode: EXIT_FAILED };
  if (error instanceof CommandFailedError || error instanceof PendingFolderError || error instanceof InvalidFileError)
    return { lines: error.message.split('\n'), exitCode: EXIT_FAILED };
  const text = error instanceof Error ? error.message : String(error);
  const stack = isDebugging && error instanceof Error ? [error.stack ?? ''] : [];
  const advice = 'This is a fault of the program; run it again with JUST_HUNGRY_DEBUG=1 for the details to report.';
  return { lines: [`unexpected: ${text}`, advice, ...stack], exitCode: EXIT_FAILED };
}
