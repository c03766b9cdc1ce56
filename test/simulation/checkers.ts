import type { Entry } from '../../src/base/entry.js';
import { majorityOf } from '../../src/base/numbers.js';
import type { GetState, Message } from '../../src/vsr/message.js';

/** A violation of a guarantee; the run's seed and time are added by the runner. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** Times that one piece of a log is asked for. */
const ASKS_MAX = 8;

/** What a replica's disk holds, as a crash would leave it. */
export interface DiskFacts {
  readonly promises: { readonly view: number; readonly logView: number; readonly recovering: boolean } | undefined;
  readonly lastOp: number;
  /** Chain at an op, where the disk still has its entry. */
  readonly chainAt: (op: number) => string | undefined;
  /** Whether its outbox holds a request of this id. */
  readonly hasInOutbox: (id: string) => boolean;
}

/**
 * What must be true of the whole cluster, kept apart from it: every replica tells what it sends, applies, acknowledges and keeps;
 * each thing told is held against all that was told before.
 */
export class Checkers {
  readonly #committed = new Map<number, string>();
  readonly #opOfRequest = new Map<string, number>();
  readonly #disks = new Map<number, DiskFacts>();
  readonly #primaryOfView = new Map<number, number>();
  readonly #startOfView = new Map<number, number>();
  /** What disks held that were destroyed since, by replica. */
  readonly #lostDisks = new Map<number, DiskFacts[]>();
  readonly #asking = new Map<number, { nonce: number; after: number; times: number }>();
  /** Ids acknowledged to a client, with the op where it is final (a majority or more). */
  readonly acknowledged = new Map<string, { op: number; isFinal: boolean }>();
  /** Ids acknowledged by replicas that took them alone, with those replicas whose disk still is what it was. */
  readonly #takenAlone = new Map<string, Set<number>>();
  #acknowledgedOp = 0;
  committedOps = 0;

  /** Without `areRulesChecked` only outcomes are judged: what callers were told, what was executed, whether the cluster goes on. */
  constructor(
    private readonly replicas: number,
    private readonly areRulesChecked = true,
  ) {}

  /** A replica's tables follow an entry. */
  onApplied(replica: number, entry: Entry): void {
    const known = this.#committed.get(entry.op);
    if (known === undefined) {
      this.#committed.set(entry.op, entry.chain);
      this.committedOps++;
      this.#checkCopies(replica, entry);
    } else if (known !== entry.chain)
      throw new Violation(`replica ${replica} applied another entry at op ${entry.op}: committed updates never change`);
    if (entry.requestId === '') return;
    const first = this.#opOfRequest.get(entry.requestId);
    if (first === undefined) this.#opOfRequest.set(entry.requestId, entry.op);
    else if (first !== entry.op)
      throw new Violation(`request ${entry.requestId} was executed at op ${first} and again at op ${entry.op}`);
  }

  /** Committed means: on a majority's disks; one that held it and was destroyed since then counts. */
  #checkCopies(replica: number, entry: Entry): void {
    if (!this.areRulesChecked) return;
    let copies = 0;
    for (let one = 0; one < this.replicas; one++) {
      const disks = [this.#disks.get(one), ...(this.#lostDisks.get(one) ?? [])];
      if (disks.some((disk) => disk?.chainAt(entry.op) === entry.chain)) copies++;
    }
    if (copies < majorityOf(this.replicas))
      throw new Violation(`replica ${replica} committed op ${entry.op} with ${copies} of ${this.replicas} disks`);
  }

  /** A write came to an end, or a crash left this: promises never fall, and a log is never made shorter within its view. */
  onDisk(replica: number, disk: DiskFacts): void {
    if (!this.areRulesChecked) return;
    const before = this.#disks.get(replica);
    this.#disks.set(replica, disk);
    if (disk.promises === undefined || before?.promises === undefined) return;
    const { view, logView } = disk.promises;
    if (view < before.promises.view || logView < before.promises.logView)
      throw new Violation(
        `replica ${replica} fell from view ${before.promises.view}/${before.promises.logView} to ${view}/${logView}`,
      );
    if (disk.promises.recovering || before.promises.recovering) return;
    if (logView === before.promises.logView && disk.lastOp < before.lastOp)
      throw new Violation(
        `replica ${replica} made its log of view ${logView} shorter, from ${before.lastOp} to ${disk.lastOp}`,
      );
    const begun = this.#startOfView.get(logView);
    if (begun !== undefined && disk.lastOp < begun)
      throw new Violation(
        `replica ${replica} took a log of view ${logView} up to ${disk.lastOp}; it began at op ${begun}`,
      );
  }

  /** What a replica's disk was last said to hold. */
  diskOf(replica: number): DiskFacts | undefined {
    return this.#disks.get(replica);
  }

  /** A replica's disk was destroyed: it begins anew. */
  onWiped(replica: number): void {
    const lost = this.#disks.get(replica);
    if (lost !== undefined) this.#lostDisks.set(replica, [...(this.#lostDisks.get(replica) ?? []), lost]);
    this.#disks.delete(replica);
    for (const holders of this.#takenAlone.values()) holders.delete(replica);
  }

  /** Rule 1: what a message says of the sender's disk is true when it leaves. */
  onSend(replica: number, message: Message, disk: DiskFacts): void {
    if (message.kind === 'getState') this.#onAsked(replica, message);
    if (!this.areRulesChecked) return;
    const claim = claimOf(message);
    if (claim === undefined) return;
    const refuse = (why: string): never => {
      throw new Violation(`replica ${replica} sent ${message.kind} ${JSON.stringify(claim)}, but ${why}`);
    };
    const { promises } = disk;
    if (promises === undefined) return refuse('its folder is empty');
    if (promises.recovering) refuse('it is recovering');
    if (promises.view !== claim.view) refuse(`view ${promises.view} is on its disk`);
    if (claim.logView !== undefined && promises.logView !== claim.logView)
      refuse(`logView ${promises.logView} is on its disk`);
    if (claim.op !== undefined && disk.lastOp < claim.op) refuse(`its journal ends at ${disk.lastOp}`);
    if (message.kind === 'startView') {
      this.onActsAsPrimary(replica, message.view);
      this.#startOfView.set(message.view, message.start);
    }
  }

  /** Whoever fetches asks for the same piece a few times at most (ASKS_MAX of fetch.ts), then does something else. */
  #onAsked(replica: number, { nonce, after }: GetState): void {
    const before = this.#asking.get(replica);
    const times = before?.nonce === nonce && before.after === after ? before.times + 1 : 1;
    this.#asking.set(replica, { nonce, after, times });
    if (times > ASKS_MAX) throw new Violation(`replica ${replica} asks for what follows op ${after} for ever`);
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

  /** A client was told that its write waits on this replica's disk: its outbox must hold it by then. */
  onTakenAlone(replica: number, id: string): void {
    if (this.#disks.get(replica)?.hasInOutbox(id) !== true && !this.#opOfRequest.has(id))
      throw new Violation(`replica ${replica} took ${id} alone, but it is not in the outbox on its disk`);
    const holders = this.#takenAlone.get(id) ?? new Set();
    this.#takenAlone.set(id, holders.add(replica));
  }

  /** The highest op that any client knew of: a linearizable read that begins now must see it. */
  get acknowledgedOp(): number {
    return this.#acknowledgedOp;
  }

  /** A read that began when `seen` was acknowledged is answered on the state at `asOf`. */
  onRead(seen: number, asOf: number, consistency: string): void {
    if (consistency !== 'any' && asOf < seen)
      throw new Violation(`a ${consistency} read saw op ${asOf} though op ${seen} had been acknowledged before it`);
    if (consistency === 'linearizable') this.#acknowledgedOp = Math.max(this.#acknowledgedOp, asOf);
  }

  /** After healing: everything that was acknowledged is there, once, where it was said to be. */
  atEnd(has: (id: string) => boolean): void {
    for (const [id, { op, isFinal }] of this.acknowledged) {
      if (!has(id)) throw new Violation(`request ${id}, acknowledged at op ${op}, is lost`);
      if (isFinal && this.#opOfRequest.get(id) !== op)
        throw new Violation(`request ${id}, acknowledged at op ${op}, stands at op ${this.#opOfRequest.get(id)}`);
    }
    for (const [id, holders] of this.#takenAlone)
      if (holders.size > 0 && !this.#opOfRequest.has(id))
        throw new Violation(`request ${id}, taken alone by replica ${[...holders].join(' and ')}, is lost`);
  }
}

interface Claim {
  readonly view: number;
  readonly logView?: number;
  readonly op?: number;
}

/** What a message says of its sender's disk (rule 1); undefined when it says nothing. */
function claimOf(message: Message): Claim | undefined {
  switch (message.kind) {
    case 'prepare':
    case 'heartbeat':
    case 'differs':
      return { view: message.view, logView: message.view };
    case 'startView':
      return { view: message.view, logView: message.view, op: message.start };
    case 'prepareOk':
      return { view: message.view, logView: message.view, op: message.op };
    case 'heartbeatOk':
      return message.op > 0 ? { view: message.view, logView: message.view, op: message.op } : { view: message.view };
    case 'startViewChange':
      return { view: message.view - 1 };
    case 'doViewChange':
      return { view: message.view, logView: message.logView, op: message.op };
    case 'alive':
    case 'recoveryResponse':
    case 'submitOutbox':
    case 'newState':
      return { view: message.view };
    case 'checkpointOffered':
    case 'getState':
    case 'getChunk':
    case 'chunk':
    case 'recovery':
    case 'wantReplica':
    case 'claimed':
    case 'report':
    case 'reportResponse':
      return undefined;
  }
}
