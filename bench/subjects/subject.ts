import type { Calls, Target } from '../load/protocol.js';

/** Kinds of systems that are compared. */
export type SubjectKind = 'just-hungry' | 'proxy' | 'etcd' | 'postgres';

/** A process, or a server with all its child processes, whose CPU and memory count. */
export interface WatchedProcess {
  readonly name: string;
  readonly pid: number;
  /** Whether its child processes count as part of it; default false. */
  readonly hasChildren?: boolean;
}

/** What is measured. */
export interface Subject {
  readonly kind: SubjectKind;
  readonly name: string;
  /** Where customers call. */
  readonly target: Target;
  /** How an order is placed with it. */
  readonly orderCalls: Calls;
  /** What it is and how it is set, for the report. */
  readonly settings: string;
  /** Those that run now. */
  processes(): readonly WatchedProcess[];
  /** Orders and messages that each copy holds; none where nothing is kept. */
  kept(): Promise<readonly number[]>;
  /** Throws when it no longer is what the report says of it. */
  check(): Promise<void>;
  /** Ends its processes and removes its files. */
  stop(): Promise<void>;
}
