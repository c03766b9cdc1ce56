import { execFile } from 'node:child_process';
import { NoticeError, type Notice, type NoticeWay } from '../../ports/events.js';

/** ms after which a command that has not ended is killed. */
const COMMAND_TIMEOUT_MS = 10_000;
/** Bytes of its output at most: nobody reads them. */
const OUTPUT_BYTES_MAX = 64 << 10;
/** What of the replica's environment a command gets: nothing in which somebody may have put a secret. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

/**
 * Runs a program for each notice, without a shell: the notice as JSON on stdin, and its fields as JUST_HUNGRY_EVENT_… in the
 * environment. Taken when it ends with exit code 0.
 */
export function createCommand(
  [program = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): NoticeWay {
  const kept = Object.fromEntries(
    PASSED_ON.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
  return {
    name: 'command',
    send: (notice, signal) =>
      new Promise((resolve, reject) => {
        const child = execFile(
          program,
          args,
          {
            env: { ...kept, ...variablesOf(notice) },
            timeout: COMMAND_TIMEOUT_MS,
            killSignal: 'SIGKILL',
            maxBuffer: OUTPUT_BYTES_MAX,
            windowsHide: true,
            signal,
          },
          (error) => {
            if (error === null) resolve();
            else reject(new NoticeError(`the command failed: ${howItEnded(error)}`, true));
          },
        );
        // One that reads nothing, or could not be started, breaks the pipe; how it ends tells.
        child.stdin?.on('error', () => undefined);
        child.stdin?.end(`${JSON.stringify(notice)}\n`);
      }),
    close: () => undefined,
  };
}

function variablesOf(notice: Notice): Record<string, string> {
  const named = Object.entries(notice).map(([name, value]) => [
    `JUST_HUNGRY_EVENT_${name.toUpperCase()}`,
    String(value),
  ]);
  return Object.fromEntries(named) as Record<string, string>;
}

function howItEnded({ code, signal, killed }: Error & { code?: unknown; signal?: unknown; killed?: unknown }): string {
  if (killed === true) return `not done within ${COMMAND_TIMEOUT_MS / 1_000} s`;
  if (typeof signal === 'string') return `killed by ${signal}`;
  return typeof code === 'number' ? `exit code ${code}` : String(code);
}
