/** What the message log is asked to do; behind the gate (`contract.ts`) it is valid. */
export interface Append {
  readonly kind: 'append';
  /** 1 to 65,536 bytes of UTF-8, any character. */
  readonly value: string;
}

/** What an append answers: the same for every repeat. */
export interface Appended {
  /** Place of the message in the log, from 0. */
  readonly key: number;
}

/** A page of the log. */
export interface List {
  readonly kind: 'list';
  /** Key of the first message wanted. */
  readonly from: number;
  /** Messages at most, 1 to 1,000. */
  readonly limit: number;
}

/** What `List` answers. */
export interface Page {
  /** With consecutive keys from the one asked for; none where it does not exist yet. */
  readonly messages: readonly Message[];
  /** Key at which to go on. */
  readonly nextFrom: number;
  /** Messages in the log: the keys are 0 to `count` − 1. */
  readonly count: number;
}

/** A message as it stands in the log for ever. */
export interface Message {
  readonly key: number;
  readonly value: string;
  /** Op of the entry that appended it. */
  readonly op: number;
  /** RFC 3339, ms, UTC, by the primary's clock; never falls from key to key. */
  readonly time: string;
  readonly requestId: string;
}
