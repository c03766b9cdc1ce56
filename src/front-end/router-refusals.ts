import { refusal, type Refusal, type RefusalReason } from '../base/refusal.js';

/** Reasons of a replica that cannot serve anybody now: another one may. All others are answers to the call itself. */
const ELSEWHERE: ReadonlySet<RefusalReason> = new Set([
  'NO_PRIMARY',
  'NO_QUORUM',
  'NOT_FOUNDED',
  'DAMAGED',
  'STOPPING',
  'INJECTED_FAULT',
] satisfies RefusalReason[]);

/** Whether another replica may answer what this one refused. */
export const isAnsweredElsewhere = ({ reason }: Refusal): boolean => ELSEWHERE.has(reason);

/** Whether a replica said that it has lost data and takes part in nothing. */
export const isOfRecovering = ({ reason }: Refusal): boolean => reason === 'DAMAGED';

/** Answers that anyone may give: they do not tell who is primary. */
const OF_ANYONE: ReadonlySet<RefusalReason> = new Set([
  'INVALID_FIELD',
  'MESSAGE_TOO_LARGE',
  'INTERNAL',
  'OVERLOADED',
  'UNCONFIRMED',
] satisfies RefusalReason[]);

/** Whether an answer shows that the replica acts as primary. */
export const isOfPrimary = ({ reason }: Refusal): boolean => !OF_ANYONE.has(reason) && !ELSEWHERE.has(reason);

/**
 * Whether a replica that was asked to take an order alone leaves open what became of earlier attempts: it knows its own committed
 * state, and says so. What it found committed under the id is an answer for good.
 */
export const isOfOneReplica = (of: Refusal): boolean =>
  of.details?.['alone'] === 'true' || of.reason === 'OVERLOADED' || isAnsweredElsewhere(of);

export const OUTCOME_UNKNOWN = refusal(
  'OUTCOME_UNKNOWN',
  'The time was up before the outcome was known: it may be done or not. Repeat it with the same id; it will not be done twice.',
);
export const NO_QUORUM_NOW_UNCERTAIN = refusal(
  'OUTCOME_UNKNOWN',
  'A majority of the replicas was lost before the outcome was known: it may be done or not. Repeat it with the same id; it will not be done twice.',
);
export const NO_PRIMARY = refusal(
  'NO_PRIMARY',
  'No replica could answer in time and nothing was done. Try again with the same id.',
);
export const NO_ANSWER = refusal(
  'NO_PRIMARY',
  'No replica could answer in time. Try again, or read with consistency any.',
);
export const STOPPING = refusal(
  'STOPPING',
  'This front end is stopping and nothing was done. Try again with the same id.',
);

/** Refusal of a call beyond the maximum in flight. */
export function overloaded(callsMax: number): Refusal {
  return refusal(
    'OVERLOADED',
    `This front end has ${callsMax} calls under way already and nothing was done. Wait a moment, then try again with the same id.`,
  );
}

/** Refusal of a read of one replica that does not answer. */
export function unreachable(id: string, isConnected: boolean): Refusal {
  const what = isConnected ? 'has not answered in time' : 'cannot be reached from this front end';
  return refusal(
    'REPLICA_UNREACHABLE',
    `Replica ${id} ${what}. Read from another one, or name none: then whoever is best answers. 'just-hungry status' says how it is.`,
    { replica: id, connected: String(isConnected) },
  );
}
