import type { NotifyConfiguration } from '../ports/events.js';
import type { Settings } from './configuration.js';
import { SERVICE_NAMES } from './service-names.js';

/** One setting as it is in force. */
export interface EffectiveSetting {
  readonly field: string;
  /** Never a secret. */
  readonly value: string;
  /** Whether the file says so, or nobody. */
  readonly from: 'file' | 'default';
}

/** What is in force: every setting with its value, and whether the file (`written`, as parsed) names it. Secrets are not shown. */
export function effectiveSettings(settings: Settings, written: object): EffectiveSetting[] {
  const { postcodes, rateLimit, logFiles, notify, tls } = settings;
  const has = (field: string): boolean => {
    let value: unknown = written;
    for (const part of field.split('.')) value = (value as Record<string, unknown> | undefined)?.[part];
    return value !== undefined;
  };
  const one = (field: string, value: string | number): EffectiveSetting => ({
    field,
    value: String(value),
    from: has(field) ? 'file' : 'default',
  });
  return [
    one('replicas', settings.replicas.map(({ id }) => id).join(', ')),
    one('frontEnds', settings.frontEnds.map(({ id }) => id).join(', ')),
    one('writeConcern', settings.writeConcern),
    one('quorum', settings.quorum),
    one('whenAlone', settings.whenAlone),
    one('heartbeatMs', settings.heartbeatMs),
    one('postcodes.url', postcodes.url),
    one('postcodes.timeoutMs', postcodes.timeoutMs),
    one('postcodes.whenUnreachable', postcodes.whenUnreachable),
    one('token', settings.token === undefined ? "the file 'token' beside it" : 'set, not shown'),
    one('staffToken', settings.staffToken === undefined ? 'none: staff calls are open to all' : 'set, not shown'),
    one('notify', notify === undefined ? 'nobody is told' : notifiedBy(notify)),
    one('tls', tls === undefined ? 'off: the cluster speaks plain text' : 'mutual TLS in the cluster'),
    one(
      'rateLimit',
      rateLimit === undefined ? 'off' : `${rateLimit.perUserPerSecond} a second, ${rateLimit.burst} at once`,
    ),
    one('services', servedBy(settings.services)),
    one('records.updatable', settings.records?.updatable?.join(', ') ?? 'every field'),
    one('chaos', settings.chaos === true ? 'on: operators may make replicas fail on purpose' : 'off'),
    one('logLevel', settings.logLevel),
    one('logFiles', `${logFiles.count} of ${logFiles.bytesMax} bytes for each process`),
  ];
}

/** What front ends serve besides food ordering. */
function servedBy(services: readonly string[] | undefined): string {
  if (services?.length === 0) return 'none beside food ordering';
  return (services ?? SERVICE_NAMES).join(', ');
}

/** The ways by which people are told; not the address and not the program: both may be secrets. */
function notifiedBy({ webhook, command, on }: NotifyConfiguration): string {
  const ways = [...(webhook === undefined ? [] : ['a webhook']), ...(command === undefined ? [] : ['a command'])];
  return `by ${ways.join(' and ')}, of ${on.length} kinds of events`;
}
