import type { View } from '../base/numbers.js';
import type { Envelope } from '../vsr/message.js';

/** What the primary last said of its log, for operators: the protocol itself only keeps what the own log holds. */
export class PrimaryProgress {
  #view = -1;
  #commit = 0;

  /** Takes note of a message from a peer. */
  note({ message }: Envelope): void {
    if (message.kind !== 'heartbeat' && message.kind !== 'prepare') return;
    if (message.view < this.#view) return;
    // A later primary's commit number may be lower for a moment: it counts from its own log.
    if (message.view > this.#view) this.#commit = 0;
    this.#view = message.view;
    this.#commit = Math.max(this.#commit, message.commit);
  }

  /** The highest commit number heard from the primary of this view; 0 when none was heard. */
  commitIn(view: View): number {
    return this.#view === view ? this.#commit : 0;
  }
}
