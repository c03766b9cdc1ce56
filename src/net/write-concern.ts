import { majorityOf } from '../base/numbers.js';

const DISKS = /^[1-9][0-9]?$/;

/** Disks that a write concern means among `count` replicas: `1` … `N`, `majority` or `all`; `undefined` for other texts. */
export function copiesOf(concern: string, count: number): number | undefined {
  if (concern === 'majority') return majorityOf(count);
  if (concern === 'all') return count;
  if (!DISKS.test(concern)) return undefined;
  const copies = Number(concern);
  return copies <= count ? copies : undefined;
}
