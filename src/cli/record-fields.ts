import { readFileSync } from 'node:fs';
import { CommandFailedError, UsageError } from './command-error.js';

/** A field as the public contract has it. */
export interface RecordField {
  readonly key: string;
  readonly value: string;
}

/**
 * The fields of `key=value` arguments: the key up to the first `=`, the value all behind it as it is, line ends too. Throws UsageError
 * for one without `=`, and for a key that is there twice.
 */
export function fieldsOfArguments(texts: readonly string[]): RecordField[] {
  const keys = new Set<string>();
  return texts.map((text) => {
    const field = fieldOf(text);
    if (field === undefined)
      throw new UsageError(
        `${JSON.stringify(text)} is no field; write key=value, in quotes where a shell would divide it.`,
      );
    if (keys.has(field.key)) throw new UsageError(`The field ${field.key} is there twice; keep one of them.`);
    keys.add(field.key);
    return field;
  });
}

/**
 * The fields of an update file: UTF-8, one `key=value` a line, line ends LF or CR LF, empty lines skipped. There are no escapes: a
 * value is what stands between the first `=` and the end of the line, quotes and blanks too, so that it cannot hold a line end.
 * Throws CommandFailedError with the line that is wrong.
 */
export function fieldsOfFile(file: string): RecordField[] {
  const places = new Map<string, number>();
  const fields: RecordField[] = [];
  for (const [index, line] of textOf(file).split(/\r?\n/).entries()) {
    if (line === '') continue;
    const place = index + 1;
    const field = fieldOf(line);
    if (field === undefined)
      throw new CommandFailedError(
        `${file}, line ${place}: there is no '=' in it; write key=value. Nothing was changed.`,
      );
    const before = places.get(field.key);
    if (before !== undefined)
      throw new CommandFailedError(
        `${file}, line ${place}: ${field.key} is in line ${before} too; keep one of them. Nothing was changed.`,
      );
    places.set(field.key, place);
    fields.push(field);
  }
  if (fields.length === 0)
    throw new CommandFailedError(`${file}: there is no field in it; write key=value, one a line. Nothing was changed.`);
  return fields;
}

function fieldOf(text: string): RecordField | undefined {
  const at = text.indexOf('=');
  return at < 0 ? undefined : { key: text.slice(0, at), value: text.slice(at + 1) };
}

function textOf(file: string): string {
  try {
    // Strict: a replacement character would stand in the record for ever. A byte order mark is no part of the first key.
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const why = error instanceof TypeError ? 'it is not UTF-8; save it as UTF-8' : String((error as Error).message);
    throw new CommandFailedError(`${file} cannot be read: ${why}. Nothing was changed.`);
  }
}
