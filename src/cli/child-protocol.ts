import { z } from 'zod';

/*
 * Between `start` and the processes it runs. Replicas and front ends are the same program whether supervised or started by
 * hand: without a supervisor every function here does nothing.
 *
 * A server calls, in this order:
 *   1. `stopWithSupervisor(stop)` first of all;
 *   2. `announceReady()` once it serves its address (a front end: once it also has reached a primary, or has tried for 5 s);
 *   3. or `announceFailure(message)` and exit code 1 when it cannot start for a reason that only a person can mend (address
 *      in use, folder locked or not writable, menu.csv with a broken row): one line, what happened and what to do;
 *   4. `announceEnd(why)` before it ends on request, to be started again.
 * SIGTERM (and SIGINT, by hand) asks it to stop gracefully: exit code 0. Exit code `EXIT_RECOVER` asks to be started again with
 * `--recover`. Everything it prints, on stdout and stderr, goes to its log file.
 */

/** Exit code of a replica whose fsync failed: the page cache lies, it must start again as recovering (rule 10). */
export const EXIT_RECOVER = 75;

/** Environment variable that names the file which the supervisor made the server's stdout: the server keeps it within its limits. */
export const LOG_FILE_VARIABLE = 'JUST_HUNGRY_LOG_FILE';

/** ms that a server may take to stop once its supervisor is gone or it was told to; then it is killed. */
export const STOP_WITHIN_MS = 10_000;

const message = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('failed'), message: z.string() }),
  z.object({ kind: z.literal('pause'), ms: z.int().min(1) }),
  z.object({ kind: z.literal('ending'), why: z.string() }),
]);

/** What a child tells its supervisor. */
export type ChildMessage = z.infer<typeof message>;

/** A child's message as it came over the channel; `undefined` when it is none of ours. */
export function parseChildMessage(raw: unknown): ChildMessage | undefined {
  return message.safeParse(raw).data;
}

/** Tells the supervisor that this process serves. */
export function announceReady(): void {
  send({ kind: 'ready' });
}

/**
 * Tells the supervisor why this process cannot start, before it exits with code 1; the line is written to stderr too. Resolves
 * when the supervisor has it.
 */
export async function announceFailure(text: string): Promise<void> {
  process.stderr.write(`${text}\n`);
  await new Promise<void>((resolve) => send({ kind: 'failed', message: text }, resolve));
}

/** Tells the supervisor that this process ends because somebody asked for that, to be started again: no death. Resolves when it knows. */
export async function announceEnd(why: string): Promise<void> {
  await new Promise<void>((resolve) => send({ kind: 'ending', why }, resolve));
}

/**
 * How this process gets itself stopped (SIGSTOP) for so long, ms, and then goes on (SIGCONT): its supervisor does both. `undefined`
 * in a process started by hand.
 */
export function pauseBySupervisor(): ((ms: number) => void) | undefined {
  if (process.send === undefined) return undefined;
  return (ms) => send({ kind: 'pause', ms });
}

/**
 * Calls `stop` once when the supervisor has died, kill -9 included, and ends this process in any case after `withinMs`: nothing
 * may be left running. Does nothing in a process started by hand.
 */
export function stopWithSupervisor(stop: () => void, withinMs = STOP_WITHIN_MS): void {
  if (process.send === undefined) return;
  const gone = (): void => {
    // The timer must not keep a process alive that has stopped by itself.
    setTimeout(() => process.exit(1), withinMs).unref();
    stop();
  };
  if (process.connected) process.once('disconnect', gone);
  else gone();
}

function send(content: ChildMessage, done: () => void = () => undefined): void {
  if (process.send === undefined || !process.connected) {
    done();
    return;
  }
  // The supervisor may die at this moment: `disconnect` tells of it.
  process.send(content, undefined, undefined, () => done());
}
