import type { RecordValue } from './record-value.js';

/** A record whole: the answer to an update and to Get. */
export interface RecordReply {
  readonly name: string;
  readonly record: RecordValue;
}

/** One record of a list. */
export interface ListedRecord {
  readonly name: string;
  /** 1 or more. */
  readonly version: number;
  /** Op of its last update. */
  readonly op: number;
}

/** The answer to List. */
export interface ListReply {
  readonly records: readonly ListedRecord[];
  /** Whether there are more behind the last one. */
  readonly hasMore: boolean;
}
