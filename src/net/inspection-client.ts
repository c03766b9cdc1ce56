import type { Metadata, ServiceError } from '@grpc/grpc-js';
import type { RemoteInspection } from '../ports/inspection.js';
import { explanationOf, noteOf, pageOf, rangesOf } from './inspection-codec.js';
import type { OperationsClient } from './generated/justhungry/v1/Operations.js';

/** ms for an answer that reads a page, or an index. */
const DEADLINE_MS = 5_000;
/** ms for an answer that reads a whole table: 1 GB from a slow disk. */
const WHOLE_TABLE_MS = 120_000;
/** ms beyond what a note waits by itself. */
const MARGIN_MS = 1_000;

type Callback<T> = (error: ServiceError | null, value: T | undefined) => void;

/** The inspection of the replica behind `client`. `failure` makes an error of a call that failed. */
export function remoteInspection(
  client: OperationsClient,
  metadata: Metadata,
  failure: (error: ServiceError, deadlineMs: number) => Error,
): RemoteInspection {
  const ask = <T>(deadlineMs: number, send: (deadline: { deadline: number }, callback: Callback<T>) => void) =>
    new Promise<T>((resolve, reject) => {
      send({ deadline: Date.now() + deadlineMs }, (error, value) => {
        if (error !== null) reject(failure(error, deadlineMs));
        else if (value !== undefined) resolve(value);
      });
    });
  return {
    async noteAt(op, waitMs) {
      const request = { op, wait_ms: waitMs };
      const wire = await ask(waitMs + MARGIN_MS, (deadline, callback: Callback<Parameters<typeof noteOf>[0]>) => {
        client.NoteState(request, metadata, deadline, callback);
      });
      return noteOf(wire, op);
    },
    async hashRows({ table, fromOp, toOp }, parts) {
      const request = { table, from_op: fromOp, to_op: toOp, parts };
      const wire = await ask(WHOLE_TABLE_MS, (deadline, callback: Callback<Parameters<typeof rangesOf>[0]>) => {
        client.HashRows(request, metadata, deadline, callback);
      });
      return rangesOf(wire);
    },
    async readRows({ table, fromOp, toOp }) {
      const request = { table, from_op: fromOp, to_op: toOp };
      const wire = await ask(DEADLINE_MS, (deadline, callback: Callback<Parameters<typeof pageOf>[0]>) => {
        client.ReadRows(request, metadata, deadline, callback);
      });
      return pageOf(wire);
    },
    async reread(name, length) {
      const wire = await ask(WHOLE_TABLE_MS, (deadline, callback: Callback<{ hash: string; expected: string }>) => {
        client.RereadFile({ name, length }, metadata, deadline, callback);
      });
      return { hash: wire.hash, expected: wire.expected === '' ? undefined : wire.expected };
    },
    async explainOrder(orderId) {
      const wire = await ask(DEADLINE_MS, (deadline, callback: Callback<Parameters<typeof explanationOf>[0]>) => {
        client.ExplainOrder({ order_id: orderId }, metadata, deadline, callback);
      });
      return explanationOf(wire);
    },
  };
}
