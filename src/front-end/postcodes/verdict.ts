/**
 * What is known of a postcode. `malformed`: not written like one. `unknown`: written like one, but there is none.
 * `terminated`: no longer in use. `unchecked`: it is written like one and nobody could say more now.
 */
export type PostcodeVerdict = 'valid' | 'malformed' | 'unknown' | 'terminated' | 'unchecked';

/** A verdict that somebody who knows has given. */
export type SettledVerdict = Exclude<PostcodeVerdict, 'unchecked'>;

/** A verdict with what it is about. */
export interface PostcodeAnswer {
  readonly verdict: PostcodeVerdict;
  /** The canonical spelling, `DH1 1JN`; where none can be made, the trimmed upper-cased input, at most 16 characters. */
  readonly normalised: string;
  /** For people: what was found, and what to do about it. */
  readonly reason: string;
}

/** Checks postcodes. Nothing that the postcode service does makes it throw or wait longer than it was allowed. */
export interface PostcodeChecker {
  /** What is known of `postCode` without asking the service: it is malformed, or was asked for lately. */
  known(postCode: string): PostcodeAnswer | undefined;

  /**
   * Judges `postCode` as a person typed it. `deadlineMs` is when the caller must have an answer: wall time in ms since
   * 1970 like every deadline here, or Infinity. It resolves then, or after the configured `timeoutMs` if that is earlier,
   * with `unchecked`; the lookup goes on for whoever asks next.
   */
  check(postCode: string, deadlineMs: number): Promise<PostcodeAnswer>;

  /** Ends its connections and lookups; who still waits gets `unchecked`, as does who asks later. May be repeated. */
  close(): Promise<void>;
}
