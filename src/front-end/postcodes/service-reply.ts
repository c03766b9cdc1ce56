import { z } from 'zod';
import type { SettledVerdict } from './verdict.js';

/** What the postcode service said of a postcode, or why that cannot be told. */
export type ServiceReply = ServiceVerdict | ServiceFailure;

/** The service answered. `reason` is a sentence for people. */
export interface ServiceVerdict {
  readonly kind: 'verdict';
  readonly verdict: SettledVerdict;
  readonly reason: string;
}

/** The service gave no usable answer. */
export interface ServiceFailure {
  readonly kind: 'failure';
  /** Whether the same question can do better in a moment. */
  readonly mayPass: boolean;
  /** How long the service asked to be left alone, in ms (Retry-After). */
  readonly waitMs?: number;
  /** The rest of a sentence that begins with "the postcode service". */
  readonly reason: string;
}

/** An HTTP answer, its body already limited in size. `retryAfter` is that header. */
export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

const foundSchema = z.object({ result: z.object({ postcode: z.string() }) });

const notFoundSchema = z.object({
  error: z.string(),
  terminated: z
    .object({
      year_terminated: z.number().int().optional().catch(undefined),
      month_terminated: z.number().int().min(1).max(12).optional().catch(undefined),
    })
    .nullish(),
});

const months = 'January February March April May June July August September October November December'.split(' ');

/** Reads the answer to `GET /postcodes/:postcode` as postcodes.io documents it; anything else is a failure. */
export function readReply(postcode: string, answer: HttpAnswer): ServiceReply {
  const { status } = answer;
  if (status === 200) return readFound(postcode, answer);
  if (status === 404) return readNotFound(postcode, answer);
  const mayPass = status === 408 || status === 429 || status >= 500;
  const failure: ServiceFailure = { kind: 'failure', mayPass, reason: `answered with HTTP status ${status}` };
  const waitMs = retryAfterMs(answer.retryAfter);
  return waitMs === undefined ? failure : { ...failure, waitMs };
}

function readFound(postcode: string, answer: HttpAnswer): ServiceReply {
  const found = foundSchema.safeParse(parsedJson(answer.body));
  // A proxy's or a captive portal's 200 must not pass for a postcode's, so the answer has to name the one asked for.
  if (!found.success || compact(found.data.result.postcode) !== compact(postcode)) return unreadable(answer);
  return { kind: 'verdict', verdict: 'valid', reason: `${postcode} is in use` };
}

function readNotFound(postcode: string, answer: HttpAnswer): ServiceReply {
  const parsed = notFoundSchema.safeParse(parsedJson(answer.body));
  if (!parsed.success) return unreadable(answer);
  const { error, terminated } = parsed.data;
  switch (error.trim().toLowerCase()) {
    case 'invalid postcode':
      return { kind: 'verdict', verdict: 'malformed', reason: `${postcode} is not written like a UK postcode` };
    case 'postcode not found': {
      if (terminated === undefined || terminated === null) {
        const reason = `there is no postcode ${postcode}; check it for a typing mistake`;
        return { kind: 'verdict', verdict: 'unknown', reason };
      }
      const month = months[(terminated.month_terminated ?? 0) - 1];
      const date = [month, terminated.year_terminated].filter((part) => part !== undefined).join(' ');
      const since = date === '' ? '' : ` since ${date}`;
      const reason = `${postcode} has not been in use${since}; ask for the postcode that replaced it`;
      return { kind: 'verdict', verdict: 'terminated', reason };
    }
    case 'resource not found':
      return {
        kind: 'failure',
        mayPass: false,
        reason: 'does not serve postcodes at this address; check postcodes.url',
      };
    default:
      return unreadable(answer);
  }
}

function unreadable({ status }: HttpAnswer): ServiceFailure {
  return { kind: 'failure', mayPass: true, reason: `sent an answer that cannot be read (HTTP status ${status})` };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function compact(postcode: string): string {
  return postcode.replace(/\s/g, '').toUpperCase();
}

/** Retry-After in its form of seconds (RFC 9110, 10.2.3); the form of a date is not worth a clock comparison here. */
function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
