/** Begins what replicas are told to do by operators' commands. */
export const OPERATOR_ASKED = 'an operator asked';
/** Why a primary leaves office that is told to stop. */
export const BEING_STOPPED = 'it is being stopped';

/** Whether what happened for this reason was wanted by somebody: then it is no fault. */
export const isAskedFor = (reason: string): boolean =>
  reason.includes(OPERATOR_ASKED) || reason.includes(BEING_STOPPED);
