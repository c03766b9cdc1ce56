import { endDaemons } from './daemon.js';
import { removeFolders } from './temporary-folder.js';

const EXIT_INTERRUPTED = 130;

/**
 * Leaves nothing behind however this process ends, but for kill -9: daemons are ended and temporary folders removed. Ctrl-C and
 * SIGTERM end it. Servers of ours and the load generator end with their channel to it.
 */
export function leaveNothingBehind(): void {
  process.on('exit', () => {
    endDaemons();
    removeFolders();
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      console.error(`${signal}: everything is ended`);
      process.exit(EXIT_INTERRUPTED);
    });
}
