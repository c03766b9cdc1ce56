import { isAskedFor } from '../base/asked-for.js';
import type { Damage } from '../ports/storage.js';
import type { ReplicaStatus } from '../ports/calls.js';
import type { Notice } from '../vsr/effect.js';

/** The last thing that went wrong at this replica, for `status`. */
export class LastFault {
  #last: ReplicaStatus['lastFault'];

  /** `before`: the last of the processes before this one. */
  constructor(before: ReplicaStatus['lastFault']) {
    this.#last = before;
  }

  get last(): ReplicaStatus['lastFault'] {
    return this.#last;
  }

  /** Files were not as they were left. */
  noteDamage(damage: readonly Damage[], wallMs: number): void {
    const [first, ...others] = damage.filter(({ what }) => !isAskedFor(what));
    if (first === undefined) return;
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    this.#note(`${first.file}${first.row === undefined ? '' : `, row ${first.row}`}: ${first.what}${more}`, wallMs);
  }

  /** Of what the core tells, what is a fault of this replica. */
  noteNotice(notice: Notice, wallMs: number, idOf: (peer: number) => string): void {
    const what = faultOf(notice, idOf);
    if (what !== undefined) this.#note(what, wallMs);
  }

  noteDiskFull(wallMs: number): void {
    this.#note('the disk was full', wallMs);
  }

  #note(what: string, wallMs: number): void {
    this.#last = { at: new Date(wallMs).toISOString(), what };
  }
}

function faultOf(notice: Notice, idOf: (peer: number) => string): string | undefined {
  if ('why' in notice && isAskedFor(notice.why)) return undefined;
  if (notice.kind === 'recovering') return `recovering: ${notice.why}`;
  if (notice.kind === 'readOnly') return `read-only: ${notice.why}`;
  if (notice.kind === 'resigned') return `resigned as primary: ${notice.why}`;
  if (notice.kind === 'diverged') return `op ${notice.op} is another one at ${idOf(notice.peer)}`;
  if (notice.kind === 'checkpointPostponed') return `no checkpoint at op ${notice.at}: ${notice.why}`;
  if (notice.kind === 'takingAlone') return 'without a majority: orders were taken alone';
  return undefined;
}
