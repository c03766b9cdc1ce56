import type { RecordView } from '../../ports/records-view.js';

/** What a terminal would not show as it is, or would obey: controls but tab, line and paragraph separators, directions. */
const HIDDEN = /[^\P{Cc}\t]|[\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The fields of a record, one `key=value` a line, as an update file has them; such a value is shown as JSON where a line cannot bear it. */
export function recordText({ fields }: RecordView): string {
  return fields.map(({ key, value }) => `${key}=${isHidden(value) ? escaped(value) : value}\n`).join('');
}

/** Keys of the fields whose values `recordText` shows as JSON. */
export function fieldsShownAsJson({ fields }: RecordView): string[] {
  return fields.filter(({ value }) => isHidden(value)).map(({ key }) => key);
}

const isHidden = (value: string): boolean => value.search(HIDDEN) >= 0;

/** A JSON text without a character that is not seen. */
function escaped(value: string): string {
  return JSON.stringify(value).replace(
    HIDDEN,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
