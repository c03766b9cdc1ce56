import type { AsOfView, ReceiptView } from './ordering-client.js';

/** Messages of justhungry.records.v1, as the proto file says; fields as programs get them with `--json`. */
export interface RecordView {
  readonly name: string;
  readonly version: number;
  readonly fields: readonly { readonly key: string; readonly value: string }[];
  readonly updated_at: string;
  readonly op: number;
}

/** The response of Update and Import. */
export interface UpdatedRecordView {
  readonly record: RecordView;
  readonly receipt: ReceiptView;
}

/** The response of Get. */
export interface ReadRecordView {
  readonly record: RecordView;
  readonly as_of: AsOfView;
}

/** The response of List. */
export interface RecordListView {
  readonly records: readonly { readonly name: string; readonly version: number; readonly op: number }[];
  readonly has_more: boolean;
  readonly as_of: AsOfView;
}
