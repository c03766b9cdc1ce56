/** Characters (Unicode code points) of the name of a record or of a field, at least 1. */
export const NAME_LENGTH_MAX = 64;
/** Fields of a record, and of an update; at least 1. */
export const FIELDS_MAX = 200;
/** Bytes of a value as UTF-8; it may be empty. */
export const VALUE_BYTES_MAX = 16 * 1024;
/** Bytes of a record: its fields as the JSON text that journal and table hold, so that this bounds an entry and a row too. */
export const RECORD_BYTES_MAX = 256 * 1024;
/** Records on a page of a list when the caller does not say. */
export const PAGE_SIZE_DEFAULT = 100;
/** Records on a page of a list. */
export const PAGE_SIZE_MAX = 500;
