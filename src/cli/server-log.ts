import pino from 'pino';
import type { ClusterConfiguration } from '../ports/configuration.js';
import { LOG_FILE_VARIABLE } from './child-protocol.js';
import { OwnLogFile } from './log-files.js';

const STDOUT = 1;

/**
 * The log of a server: JSON lines on stdout from the configured level up, each with `base`. Where a supervisor has made stdout a file, this
 * process keeps it within its limits. Lines are written at once: what was told before a crash is there.
 */
export function serverLog(
  base: Readonly<Record<string, string>>,
  { logLevel, logFiles }: Pick<ClusterConfiguration, 'logLevel' | 'logFiles'>,
): pino.Logger {
  const destination = pino.destination({ fd: STDOUT, sync: true });
  const options = { base, level: logLevel };
  const named = process.env[LOG_FILE_VARIABLE];
  const own = named === undefined ? undefined : OwnLogFile.of(named, STDOUT, logFiles);
  if (own === undefined) return pino(options, destination);
  return pino(options, {
    write(line: string) {
      own.beforeLine(Buffer.byteLength(line));
      destination.write(line);
    },
  });
}
