/**
 * As few of `items` as still fail, found by leaving out ever smaller runs of them (delta debugging): no promise that fewer would
 * not do. `fails` is asked at most `attemptsMax` times; with none that fail the items come back as they were.
 */
export async function fewest<T>(
  items: readonly T[],
  fails: (left: readonly T[]) => Promise<boolean>,
  attemptsMax: number,
): Promise<T[]> {
  let left = [...items];
  let attempts = 0;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < left.length;) {
      if (attempts === attemptsMax) return left;
      attempts++;
      const without = left.filter((_, index) => index < at || index >= at + size);
      if (await fails(without)) left = without;
      else at += size;
    }
  }
  return left;
}
