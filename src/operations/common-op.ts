import type { NoteAnswer, RemoteInspection, StateNote } from '../ports/inspection.js';

/** A replica that can be asked for notes. */
export interface Comparable {
  readonly id: string;
  readonly noteAt: RemoteInspection['noteAt'];
  /** The last op that its tables are known to hold. */
  readonly applied: number;
}

/** Time as the comparison uses it, ms. */
export interface ComparisonClock {
  monotonicMs(): number;
}

/** What each replica holds at one op. */
export interface CommonState {
  readonly op: number;
  readonly states: readonly {
    readonly id: string;
    readonly note: StateNote | undefined;
    /** Why there is no note, for people; empty where there is. */
    readonly why: string;
  }[];
}

/** How far ahead of the fastest replica the next op lies, in ms at the rate that was seen. */
const AHEAD_MS = 250;
/** ms that replicas are waited for at one op, before the op is thought over. */
const ROUND_MS = 1_000;

/**
 * Finds an op at which all of `replicas` note what they hold, and their notes of it. First the op at which they are: where nothing is
 * written that is the end of it. Under load the fastest have left it behind when they are asked, so an op a little ahead of them
 * is taken, which all reach, each in its own time. Ends after `patienceMs` with whoever has come so far.
 */
export async function commonState(
  replicas: readonly Comparable[],
  clock: ComparisonClock,
  patienceMs: number,
): Promise<CommonState> {
  const endMs = clock.monotonicMs() + patienceMs;
  let fastest = Math.max(1, ...replicas.map(({ applied }) => applied));
  let seenMs = clock.monotonicMs();
  let op = fastest;
  for (;;) {
    const roundMs = Math.max(50, Math.min(ROUND_MS, endMs - clock.monotonicMs()));
    const answers = await Promise.all(replicas.map(({ noteAt }) => answerOf(noteAt, op, roundMs)));
    const isWhole = answers.every((answer) => answer.kind === 'noted');
    if (isWhole || clock.monotonicMs() >= endMs) return { op, states: replicas.map(stateOf(answers, op)) };
    const nowMs = clock.monotonicMs();
    const furthest = Math.max(fastest, ...answers.map((answer) => ('applied' in answer ? answer.applied : 0)));
    const rate = (furthest - fastest) / Math.max(1, nowMs - seenMs);
    if (answers.some(({ kind }) => kind === 'passed')) op = furthest + 1 + Math.ceil(rate * AHEAD_MS);
    // Nobody has come so far: writes have ceased, or nearly.
    else if (furthest < op) op = furthest;
    fastest = furthest;
    seenMs = nowMs;
  }
}

type Answer = NoteAnswer | { readonly kind: 'failed'; readonly why: string };

async function answerOf(noteAt: Comparable['noteAt'], op: number, waitMs: number): Promise<Answer> {
  try {
    return await noteAt(op, waitMs);
  } catch (error) {
    return { kind: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
}

function stateOf(answers: readonly Answer[], op: number) {
  return ({ id }: Comparable, at: number): CommonState['states'][number] => {
    const answer = answers[at];
    if (answer?.kind === 'noted') return { id, note: answer.note, why: '' };
    if (answer?.kind === 'passed') return { id, note: undefined, why: `its tables were beyond op ${op} already` };
    return { id, note: undefined, why: `it did not reach op ${op}: ${answer?.why ?? ''}` };
  };
}
