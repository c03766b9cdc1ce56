import { createReadStream } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { Cli } from './cli.js';
import { CommandFailedError } from './command-error.js';

/** Bytes of a line at most: more than the largest order or message has. */
const LINE_BYTES_MAX = 1024 * 1024;
const LINE_FEED = 0x0a;

/** A file, or stdin for `-`. */
export function inputOf(cli: Cli, name: string): Readable {
  return name === '-' ? cli.environment.stdin : createReadStream(path.resolve(cli.environment.cwd, name));
}

/** The lines of an input without their LF, byte for byte; `what` a line holds, for people. Throws CommandFailedError. */
export async function* linesOf(input: Readable, name: string, what: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED)) {
        yield bytes.subarray(0, end);
        bytes = bytes.subarray(end + 1);
      }
      rest = bytes;
      if (rest.length > LINE_BYTES_MAX) throw new Error(`a line is longer than ${LINE_BYTES_MAX} bytes`);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailedError(`${name} cannot be read: ${why}. Give a file with ${what} a line, or - for stdin.`, {
      cause: error,
    });
  }
  if (rest.length > 0) yield rest;
}
