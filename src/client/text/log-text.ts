import { dayAndTime } from './values.js';

/** A message of the log as callers see it; `--json` prints exactly this. */
export interface MessageView {
  readonly key: number;
  readonly value: string;
  readonly op: number;
  /** RFC 3339, ms, UTC. */
  readonly time: string;
  readonly request_id: string;
}

/** What a terminal would obey instead of showing it: control characters, line ends, marks of direction. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** A message as a line: key, time, value; a value with characters that nobody would see as JSON text. */
export function messageText({ key, time, value }: MessageView): string {
  return `${String(key).padStart(6)}  ${dayAndTime(time)}  ${UNSEEN.test(value) ? visible(value) : value}`;
}

/** The value as JSON text, everything unseen in it as `\uXXXX`. */
function visible(value: string): string {
  return JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (found) =>
    [...Array(found.length).keys()]
      .map((unit) => `\\u${found.charCodeAt(unit).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
