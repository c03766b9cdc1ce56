import type { Entry } from '../../../src/base/entry.js';
import { view } from '../../../src/base/numbers.js';
import type { DurableState, Loaded, LogBase, ReplicaStorage } from '../../../src/ports/storage.js';
import { Violation, type DiskFacts } from '../checkers.js';

/** What storage has said to be on disk. */
interface Said {
  readonly promises: DurableState | undefined;
  /** Chain by op; also of ops that a checkpoint has taken the place of. */
  readonly chains: Map<number, string>;
  readonly lastOp: number;
  /** Ids in the outbox. */
  readonly outbox: ReadonlySet<string>;
  /**
   * Of these, those of which the row in outbox.csv is the only copy: the journal that held their entries, cut off or not, was moved aside
   * when the folder was found damaged.
   */
  readonly onlyThere: ReadonlySet<string>;
}

/** What was asked of storage and not answered when its process died: all of it may have happened, or none (of an append: a beginning). */
interface UnderWay {
  /** A durable transition, as it will be. */
  readonly next: Said | undefined;
  /** Entries of an append. */
  readonly appending: readonly Entry[];
  /** Ids that a settling removes. */
  readonly settling: readonly string[];
}

const NOTHING_UNDER_WAY: UnderWay = { next: undefined, appending: [], settling: [] };

const nothing = (): Said => ({
  promises: undefined,
  chains: new Map(),
  lastOp: 0,
  outbox: new Set(),
  onlyThere: new Set(),
});

/**
 * Remembers, over the deaths of a replica's process, what its storage has said to be on disk, and holds every start against it: what
 * was said is there, or the folder says that it is damaged. Nothing else may come of a call under way than all of it or none
 * (of an append: whole entries from its beginning).
 */
export class DiskWitness {
  #said = nothing();
  #underWay = NOTHING_UNDER_WAY;
  /**
   * What had been said, and was under way, when the folder was first found damaged, until something new is said: a loss of power may
   * undo the deletion of a file, and then everything is there again, with what the dead process was just writing.
   */
  #beforeDamage: { readonly said: Said; readonly underWay: UnderWay } | undefined;

  /** The last start found the folder damaged: what is kept of its journal now is nowhere else when that is moved aside. */
  #isBegunAnew = false;

  constructor(
    /** Storage has said something new. */
    private readonly onSaid: (facts: DiskFacts) => void,
    /** The folder is about to be made anew: nothing of it will be older than this moment. Returns what is to be called when it is. */
    private readonly onMakingAnew: () => () => void,
  ) {}

  /** What the checkers ask of a disk. */
  facts(): DiskFacts {
    const { promises, lastOp, chains, outbox } = this.#said;
    return { promises, lastOp, chainAt: (op) => chains.get(op), hasInOutbox: (id) => outbox.has(id) };
  }

  /** The disk was destroyed. */
  forget(): void {
    this.#beforeDamage = undefined;
    this.#said = nothing();
    this.#underWay = NOTHING_UNDER_WAY;
  }

  /**
   * Holds a start against what was said. `mayBeDamaged` when something was done to the disk that storage must find out. Throws
   * Violation.
   */
  onLoaded(loaded: Loaded, mayBeDamaged: boolean): void {
    const said = this.#said;
    switch (loaded.kind) {
      case 'empty':
        if (said.promises !== undefined) throw new Violation('a folder with promises was found empty');
        this.#said = nothing();
        break;
      case 'damaged': {
        const { durable, damage } = loaded;
        const what = damage.map((one) => `${one.file}: ${one.what}`).join('; ');
        if (!mayBeDamaged) throw new Violation(`a folder that nobody harmed was found damaged (${what})`);
        if (durable !== undefined && durable.view < (said.promises?.view ?? 0))
          throw new Violation(`a damaged folder fell from view ${said.promises?.view} to ${durable.view} (${what})`);
        this.#beforeDamage ??= { said, underWay: this.#underWay };
        // Whatever is on disk, the log and what was promised with it are forgotten; the view stays.
        const promises = durable === undefined ? undefined : { ...durable, logView: view(0), recovering: true };
        const outbox = new Set(loaded.outbox.map(({ requestId }) => requestId));
        this.#said = { ...nothing(), promises, outbox, onlyThere: outbox };
        this.#isBegunAnew = true;
        break;
      }
      case 'intact': {
        if (loaded.uncertain !== undefined && !mayBeDamaged)
          throw new Violation('an outbox that nobody harmed was found damaged');
        this.#isBegunAnew = false;
        const before = mayBeDamaged ? this.#beforeDamage : undefined;
        const asBefore = before === undefined ? undefined : held(before.said, before.underWay, loaded);
        const found = asBefore?.of === undefined ? held(said, this.#underWay, loaded) : asBefore;
        if (found.of === undefined) throw new Violation(`storage lost what it had said to be on disk: ${found.why}`);
        this.#said = saidBy(loaded, found.of);
        break;
      }
    }
    this.#underWay = NOTHING_UNDER_WAY;
    this.onSaid(this.facts());
  }

  /** The storage as the replica uses it, with this witness listening. */
  watch(storage: ReplicaStorage): ReplicaStorage {
    return {
      files: storage.files,
      load: (distrust) => storage.load(distrust),
      flushTables: () => storage.flushTables(),
      checkpoint: (head) => storage.checkpoint(head),
      offer: () => storage.offer(),
      readChunk: (op, file, offset, length) => storage.readChunk(op, file, offset, length),
      beginStaging: (kept) => storage.beginStaging(kept),
      stageChunk: (file, offset, bytes) => storage.stageChunk(file, offset, bytes),
      verifyStaged: (offer) => storage.verifyStaged(offer),
      inspect: () => storage.inspect(),
      mend: () => storage.mend(),
      scrub: (fraction) => storage.scrub(fraction),
      content: () => storage.content(),
      readDocument: (name) => storage.readDocument(name),
      held: () => storage.held(),
      distrustIndexes: () => storage.distrustIndexes(),
      leaveDoubt: (why) => storage.leaveDoubt(why),
      appendOutbox: async (items) => {
        await storage.appendOutbox(items);
        // Taken without a majority: it never stood in a journal.
        this.#sayKept(items, true);
      },
      keep: async (items) => {
        await storage.keep(items);
        this.#sayKept(items, this.#isBegunAnew);
      },
      setAside: async (items) => {
        const told = await storage.setAside(items);
        this.#said = withoutIds(
          this.#said,
          items.map(({ requestId }) => requestId),
        );
        return told;
      },
      close: () => storage.close(),
      append: async (entries, commit) => {
        // Stays when there is no room: the rows are cut off again, but a loss of power may forget the cut.
        this.#underWay = { ...this.#underWay, appending: entries };
        await storage.append(entries, commit);
        this.#underWay = { ...this.#underWay, appending: [] };
        const { chains } = this.#said;
        for (const { op, chain } of entries) chains.set(op, chain);
        this.#say({ ...this.#said, lastOp: entries.at(-1)?.op ?? this.#said.lastOp });
      },
      persist: async (durable) =>
        this.#through(
          (said) => ({ ...said, promises: durable }),
          () => storage.persist(durable),
        ),
      initialise: async (durable, entries) => {
        const made = this.onMakingAnew();
        await this.#through(
          (said) => ({ ...said, promises: durable, ...logOf(new Map(), 1, entries) }),
          () => storage.initialise(durable, entries),
        );
        made();
      },
      switchLog: async (change) =>
        this.#through(
          (said) => ({
            ...said,
            promises: change.durable,
            ...logOf(said.chains, change.from, change.entries),
            outbox: withIds(said.outbox, change.salvaged),
          }),
          () => storage.switchLog(change),
        ),
      install: async (change) =>
        this.#through(
          (said) => ({
            ...said,
            promises: change.durable,
            ...logOf(chainsUpTo(said.chains, change.offer.head.base), change.offer.head.base.op + 1, change.entries),
            outbox: withIds(said.outbox, change.salvaged),
          }),
          () => storage.install(change),
        ),
      settleOutbox: async (requestIds) => {
        // Stays when there is no room: then a later write removes them.
        this.#underWay = { ...this.#underWay, settling: [...this.#underWay.settling, ...requestIds] };
        await storage.settleOutbox(requestIds);
        const settling = this.#underWay.settling.filter((id) => !requestIds.includes(id));
        this.#underWay = { ...this.#underWay, settling };
        this.#said = withoutIds(this.#said, requestIds);
      },
    };
  }

  /** A durable transition: until it is done, a crash leaves the state before or the state after. */
  async #through(change: (said: Said) => Said, run: () => Promise<void>): Promise<void> {
    this.#underWay = { ...this.#underWay, next: change(this.#said) };
    await run();
    const said = change(this.#said);
    const appending = said.chains === this.#said.chains ? this.#underWay.appending : [];
    this.#underWay = { ...this.#underWay, next: undefined, appending };
    this.#say(said);
  }

  /** The outbox has grown; of promises and log nothing new is said. */
  #sayKept(items: readonly { readonly requestId: string }[], isOnlyThere: boolean): void {
    const { outbox, onlyThere } = this.#said;
    this.#said = {
      ...this.#said,
      outbox: withIds(outbox, items),
      onlyThere: isOnlyThere ? withIds(onlyThere, items) : onlyThere,
    };
    this.onSaid(this.facts());
  }

  #say(said: Said): void {
    this.#beforeDamage = undefined;
    this.#said = said;
    this.onSaid(this.facts());
  }
}

type Intact = Extract<Loaded, { kind: 'intact' }>;

/** Which state a folder holds: what was said, or what a transition under way would have said; else why not the first. */
function held(said: Said, underWay: UnderWay, loaded: Intact): { of: Said; why?: never } | { of?: never; why: string } {
  const why = whyNot(said, loaded, underWay.settling, underWay.appending);
  if (why === undefined) return { of: said };
  const { next } = underWay;
  return next !== undefined && whyNot(next, loaded, underWay.settling, []) === undefined ? { of: next } : { why };
}

/** Why a folder does not hold what was said, and perhaps a beginning of `appending`; undefined when it does. */
function whyNot(
  { promises, chains, lastOp, outbox, onlyThere }: Said,
  { durable, checkpoint, entries, outbox: foundOutbox, uncertain }: Intact,
  settling: readonly string[],
  appending: readonly Entry[],
): string | undefined {
  if (promises === undefined) return 'nothing had been said yet';
  if (durable.view !== promises.view || durable.logView !== promises.logView)
    return `view ${durable.view}/${durable.logView} instead of ${promises.view}/${promises.logView}`;
  if (durable.recovering !== promises.recovering) return `recovering: ${durable.recovering}`;
  const { base } = checkpoint;
  const end = base.op + entries.length;
  if (end < lastOp) return `the log ends at op ${end} instead of ${lastOp}`;
  if (base.op > 0 && chains.get(base.op) !== base.chain) return `another checkpoint at op ${base.op}`;
  for (const { op, chain } of entries) {
    const expected = op <= lastOp ? chains.get(op) : appending[op - lastOp - 1]?.chain;
    if (chain !== expected) return `op ${op} is another entry, or was never appended`;
  }
  // A damaged outbox is told, and what the journal still holds of it is handed over with it, to be kept again; but for what stood
  // nowhere else, on a disk that was harmed twice.
  const found = new Set([...foundOutbox, ...(uncertain ?? [])].map(({ requestId }) => requestId));
  const isExcused = (id: string): boolean => uncertain !== undefined && onlyThere.has(id);
  const missing = [...outbox].find((id) => !found.has(id) && !settling.includes(id) && !isExcused(id));
  return missing === undefined ? undefined : `${missing} is no longer in the outbox`;
}

/** A log that goes on with `entries` from op `from`. */
function logOf(before: ReadonlyMap<number, string>, from: number, entries: readonly Entry[]) {
  const chains = new Map([...before].filter(([op]) => op < from));
  for (const { op, chain } of entries) chains.set(op, chain);
  return { chains, lastOp: from - 1 + entries.length };
}

function chainsUpTo(before: ReadonlyMap<number, string>, { op, chain }: LogBase): Map<number, string> {
  return new Map([...before, [op, chain]]);
}

function withIds(ids: ReadonlySet<string>, items: readonly { readonly requestId: string }[]): ReadonlySet<string> {
  return new Set([...ids, ...items.map(({ requestId }) => requestId)]);
}

function withoutIds(said: Said, gone: readonly string[]): Said {
  const left = (ids: ReadonlySet<string>): ReadonlySet<string> => new Set([...ids].filter((id) => !gone.includes(id)));
  return { ...said, outbox: left(said.outbox), onlyThere: left(said.onlyThere) };
}

/** What a sound folder says; of the ops below its checkpoint, what was said before. */
function saidBy({ durable, checkpoint, entries, outbox }: Intact, before: Said): Said {
  const { base } = checkpoint;
  const chains = new Map([...before.chains].filter(([op]) => op < base.op));
  if (base.op > 0) chains.set(base.op, base.chain);
  for (const { op, chain } of entries) chains.set(op, chain);
  const ids = new Set(outbox.map(({ requestId }) => requestId));
  return { promises: durable, chains, lastOp: base.op + entries.length, outbox: ids, onlyThere: before.onlyThere };
}
