import type { Metadata, sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { refusal } from '../base/refusal.js';
import { InspectionError, type Inspection } from '../ports/inspection.js';
import { canonicalUuid } from '../services/uuid.js';
import { CLUSTER_TOKEN, tokenRefusal } from './bearer-token.js';
import { statusOf } from './error-details.js';
import type { OperationsHandlers } from './generated/justhungry/v1/Operations.js';
import { rowsOf, wireExplanation, wireNote, wirePage, wireRanges } from './inspection-codec.js';
import { fileNameOf, MalformedError, naturalOf } from './wire-values.js';

/** ms that a note is waited for at most. */
const WAIT_MS_MAX = 60_000;

/** The calls of Operations that show what a replica holds; for holders of the cluster's token. */
export function inspectionHandlers(
  token: string,
  inspection: Inspection,
): Pick<OperationsHandlers, 'NoteState' | 'HashRows' | 'ReadRows' | 'RereadFile' | 'ExplainOrder'> {
  const answered =
    <Request, Response>(answer: (request: Request) => Promise<Response>) =>
    (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void =>
      void answerCall(token, call.metadata, () => answer(call.request), callback);
  return {
    NoteState: answered(async ({ op, wait_ms }) => {
      const at = naturalOf(op, 'op');
      if (at < 1) throw new MalformedError('op is 1 or more');
      return wireNote(await inspection.noteAt(at, Math.min(naturalOf(wait_ms, 'wait_ms'), WAIT_MS_MAX)));
    }),
    HashRows: answered(async (request) => wireRanges(await inspection.hashRows(rowsOf(request), request.parts))),
    ReadRows: answered(async (request) => wirePage(await inspection.readRows(rowsOf(request)))),
    RereadFile: answered(async ({ name, length }) => {
      const { hash, expected } = await inspection.reread(fileNameOf(name), naturalOf(length, 'length'));
      return { hash, expected: expected ?? '' };
    }),
    ExplainOrder: answered(async ({ order_id }) => {
      const orderId = canonicalUuid(order_id);
      if (orderId === undefined) throw new MalformedError('order_id is no UUID');
      return wireExplanation(await inspection.explainOrder(orderId));
    }),
  };
}

async function answerCall<Response>(
  token: string,
  metadata: Metadata,
  answer: () => Promise<Response>,
  callback: sendUnaryData<Response>,
): Promise<void> {
  const refused = tokenRefusal(metadata, token, CLUSTER_TOKEN);
  if (refused !== undefined) return callback(statusOf(refused));
  let response: Response;
  try {
    response = await answer();
  } catch (error) {
    return callback(statusOf(refusalOf(error)));
  }
  callback(null, response);
}

function refusalOf(error: unknown) {
  if (error instanceof MalformedError) return refusal('INVALID_FIELD', `${error.problem}.`);
  if (error instanceof InspectionError) return refusal('DAMAGED', error.message);
  return refusal('INTERNAL', error instanceof Error ? error.message : String(error));
}
