import { status, type ServiceError } from '@grpc/grpc-js';
import { refusalOf } from './error-details.js';
import { statusRow } from './status-table.js';

/** Wait before a broken stream is opened again: the first one and the longest, ms. */
export const REOPEN_MS = { first: 20, max: 200 } as const;

/** Whether opening the stream again may help. */
export function isBroken(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  const service = error as ServiceError;
  const refused = refusalOf(service);
  if (refused !== undefined) return statusRow(refused.reason).retry === 'sameId';
  return [status.UNAVAILABLE, status.CANCELLED, status.INTERNAL, status.UNKNOWN].includes(service.code);
}

/** Waits so many ms, or until the signal is aborted. */
export function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
