/** A field of a record: its name and its value, which is any text. */
export type Field = readonly [key: string, value: string];

/** Sets fields of a record, which is made when there is none of this name; fields that are not named stay. Answered by RecordReply. */
export interface UpdateRecord {
  readonly kind: 'update';
  readonly name: string;
  /** 1–200 fields, no key twice; new ones stand behind those there are, in this order. */
  readonly fields: readonly Field[];
  /** Refused unless the record has this version; 0: unless there is none. Absent: whatever it has. */
  readonly expectedVersion?: number;
}

/** A request that changes something. */
export type RecordsRequest = UpdateRecord;

/** A read of committed state: one of the union, told apart by `kind`. */
export type RecordsQuery = GetRecord | ListRecords;

/** Answered by RecordReply, or refused UNKNOWN_RECORD. */
export interface GetRecord {
  readonly kind: 'get';
  readonly name: string;
}

/** Names of records in the order in which they were made. Answered by ListReply. */
export interface ListRecords {
  readonly kind: 'list';
  /** Name of the last record of the page before; empty for the first page. */
  readonly after: string;
  /** 0 means 100; at most 500. */
  readonly pageSize: number;
}
