/** What is known of a postcode. */
export const POSTCODE_VERDICTS = ['valid', 'malformed', 'unknown', 'terminated', 'unchecked'] as const;

/** One of `POSTCODE_VERDICTS`. */
export type PostcodeVerdict = (typeof POSTCODE_VERDICTS)[number];

/** A verdict that a check has reached. */
export type CheckedVerdict = Exclude<PostcodeVerdict, 'unchecked'>;

const PLACE = new Map<string, number>(POSTCODE_VERDICTS.map((verdict, index) => [verdict, index]));

/** Whether this text is a verdict. */
export function isPostcodeVerdict(text: unknown): text is PostcodeVerdict {
  return typeof text === 'string' && PLACE.has(text);
}

/** The number that stands for a verdict in memory: its place in `POSTCODE_VERDICTS`. */
export function verdictCode(verdict: PostcodeVerdict): number {
  return PLACE.get(verdict) as number;
}

/** The verdict of a code. */
export function verdictOfCode(code: number): PostcodeVerdict {
  return POSTCODE_VERDICTS[code] as PostcodeVerdict;
}
