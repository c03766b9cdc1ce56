import { setTimeout as pause } from 'node:timers/promises';
import { CallRefusedError } from '../../ports/ordering-client.js';
import type { CountView, TupleSpace } from './tuple-space.js';

/** What `tuples stats` found. */
export interface Stats {
  /** All replicas answered, and hold the same. */
  readonly equal: boolean;
  /** Op of the last change, of the replicas that could be compared; 0: none. */
  readonly op: number;
  readonly replicas: readonly {
    readonly id: string;
    /** Pairs it holds; null: it did not answer. */
    readonly tuples: number | null;
    readonly hash: string;
    readonly op: number;
    /** Why it was not compared; empty where it was. */
    readonly reason: string;
  }[];
}

const PAUSE_MS = 100;

/**
 * Compares what the replicas hold at one change: each is asked for what the newest of them has. While changes go on they are asked
 * again, for `patienceMs` at most; equal is what was seen equal once.
 */
export async function compareReplicas(space: TupleSpace, ids: readonly string[], patienceMs: number): Promise<Stats> {
  const endMs = performance.now() + patienceMs;
  let minOp = 0;
  for (;;) {
    const answers = await Promise.all(ids.map((id) => ask(space, id, minOp)));
    const counts = answers.flatMap((answer) => (typeof answer === 'string' ? [] : [answer]));
    const ops = new Set(counts.map(({ changed_op }) => changed_op));
    const isWhole = counts.length === ids.length;
    if ((isWhole && ops.size <= 1) || performance.now() + PAUSE_MS >= endMs) return statsOf(ids, answers, counts);
    minOp = Math.max(minOp, ...ops);
    await pause(PAUSE_MS);
  }
}

/** What a replica holds when it has reached an op; why it does not tell. */
async function ask(space: TupleSpace, replica: string, minOp: number): Promise<CountView | string> {
  try {
    return await space.count({ replica, consistency: 'session', min_op: minOp });
  } catch (error) {
    if (error instanceof CallRefusedError) return `${error.message} [${error.refusal.reason}]`;
    throw error;
  }
}

function statsOf(
  ids: readonly string[],
  answers: readonly (CountView | string)[],
  counts: readonly CountView[],
): Stats {
  const states = new Set(counts.map(({ changed_op: op, hash, tuples }) => `${op} ${hash} ${tuples}`));
  return {
    equal: counts.length === ids.length && states.size === 1,
    op: Math.max(0, ...counts.map(({ changed_op }) => changed_op)),
    replicas: ids.map((id, index) => {
      const answer = answers[index] ?? '';
      return typeof answer === 'string'
        ? { id, tuples: null, hash: '', op: 0, reason: answer }
        : { id, tuples: answer.tuples, hash: answer.hash, op: answer.changed_op, reason: '' };
    }),
  };
}
