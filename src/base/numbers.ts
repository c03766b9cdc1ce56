import { assert } from './assert.js';

declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

/** Number of a view, from 0; its primary is replica `view mod N`. */
export type View = Branded<'View'>;
/** Position of an entry in the log, from 1 and without gaps; 0 stands before the first. */
export type OpNumber = Branded<'OpNumber'>;
/** The highest op known to be on a majority's disks; 0 for none. */
export type CommitNumber = OpNumber;
/** Place of a replica in the configuration, 0 … N−1. */
export type ReplicaIndex = Branded<'ReplicaIndex'>;

function natural(value: number, what: string): number {
  assert(Number.isSafeInteger(value) && value >= 0, `${what} is a whole number from 0, not ${value}`);
  return value;
}

/** Makes a View of a whole number from 0. */
export const view = (value: number): View => natural(value, 'a view') as View;
/** Makes an OpNumber of a whole number from 0. */
export const op = (value: number): OpNumber => natural(value, 'an op number') as OpNumber;
/** Makes a ReplicaIndex of a whole number from 0. */
export const replicaIndex = (value: number): ReplicaIndex => natural(value, 'a replica index') as ReplicaIndex;

/** The view after this one. */
export const nextView = (of: View): View => (of + 1) as View;
/** The op after this one. */
export const nextOp = (of: OpNumber): OpNumber => (of + 1) as OpNumber;
/** The op before this one; `of` must be at least 1. */
export const previousOp = (of: OpNumber): OpNumber => op(of - 1);
/** The smaller of two ops. */
export const minOp = (a: OpNumber, b: OpNumber): OpNumber => (a < b ? a : b);
/** The larger of two ops. */
export const maxOp = (a: OpNumber, b: OpNumber): OpNumber => (a > b ? a : b);

/** Smallest number of replicas that is more than half of `count`. */
export const majorityOf = (count: number): number => Math.floor(count / 2) + 1;
