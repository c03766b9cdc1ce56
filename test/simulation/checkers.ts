import type { Entry } from '../../src/base/entry.js';

/** A violation of a guarantee; the run's seed and schedule are added by the runner. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/**
 * What must be true of the whole cluster, kept apart from it: every replica tells what it applies, acknowledges and keeps; each
 * thing told is held against all that was told before.
 */
export class Checkers {
  readonly #committed = new Map<number, string>();
  readonly #opOfRequest = new Map<string, number>();
  readonly #promises = new Map<number, { view: number; logView: number }>();
  readonly #primaryOfView = new Map<number, number>();
  /** Ids acknowledged to a client, with the op where it is final (a majority or more). */
  readonly acknowledged = new Map<string, { op: number; isFinal: boolean }>();
  #acknowledgedOp = 0;
  committedOps = 0;

  /** A replica's tables follow an entry. */
  onApplied(replica: number, entry: Entry): void {
    const known = this.#committed.get(entry.op);
    if (known === undefined) {
      this.#committed.set(entry.op, entry.chain);
      this.committedOps++;
    } else if (known !== entry.chain)
      throw new Violation(`replica ${replica} applied another entry at op ${entry.op}: committed updates never change`);
    if (entry.requestId === '') return;
    const first = this.#opOfRequest.get(entry.requestId);
    if (first === undefined) this.#opOfRequest.set(entry.requestId, entry.op);
    else if (first !== entry.op)
      throw new Violation(`request ${entry.requestId} was executed at op ${first} and again at op ${entry.op}`);
  }

  /** A replica made promises durable, or came back with these. */
  onPromises(replica: number, promises: { view: number; logView: number }): void {
    const before = this.#promises.get(replica);
    if (before !== undefined && (promises.view < before.view || promises.logView < before.logView))
      throw new Violation(
        `replica ${replica} fell from view ${before.view}/${before.logView} to ${promises.view}/${promises.logView}`,
      );
    this.#promises.set(replica, { ...promises });
  }

  /** A replica's disk was destroyed: it begins anew. */
  onWiped(replica: number): void {
    this.#promises.delete(replica);
  }

  /** A replica acknowledges or confirms something as primary of a view. */
  onActsAsPrimary(replica: number, view: number): void {
    const known = this.#primaryOfView.get(view);
    if (known === undefined) this.#primaryOfView.set(view, replica);
    else if (known !== replica)
      throw new Violation(`replicas ${known} and ${replica} both act as primary of view ${view}`);
  }

  /** A client was told that a write is done. */
  onAcknowledged(id: string, at: number, chain: string, isFinal: boolean): void {
    if (isFinal) {
      const known = this.acknowledged.get(id);
      if (known?.isFinal === true && known.op !== at)
        throw new Violation(`request ${id} was acknowledged at op ${known.op} and at op ${at}`);
      const committed = this.#committed.get(at);
      if (committed !== undefined && committed !== chain)
        throw new Violation(`request ${id} was acknowledged with a chain that op ${at} does not have`);
      this.acknowledged.set(id, { op: at, isFinal: true });
      this.#acknowledgedOp = Math.max(this.#acknowledgedOp, at);
    } else if (!this.acknowledged.has(id)) this.acknowledged.set(id, { op: at, isFinal: false });
  }

  /** The highest op that any client knew of: a linearizable read that begins now must see it. */
  get acknowledgedOp(): number {
    return this.#acknowledgedOp;
  }

  /** A linearizable read that began when `seen` was acknowledged is answered on the state at `asOf`. */
  onRead(seen: number, asOf: number, consistency: string): void {
    if (consistency === 'linearizable' && asOf < seen)
      throw new Violation(`a linearizable read saw op ${asOf} though op ${seen} had been acknowledged before it`);
    this.#acknowledgedOp = Math.max(this.#acknowledgedOp, consistency === 'linearizable' ? asOf : 0);
  }

  /** After healing: everything that was acknowledged is there, once, where it was said to be. */
  atEnd(has: (id: string) => boolean): void {
    for (const [id, { op, isFinal }] of this.acknowledged) {
      if (!has(id)) throw new Violation(`request ${id}, acknowledged at op ${op}, is lost`);
      if (isFinal && this.#opOfRequest.get(id) !== op)
        throw new Violation(`request ${id}, acknowledged at op ${op}, stands at op ${this.#opOfRequest.get(id)}`);
    }
  }
}
