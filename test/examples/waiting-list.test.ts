import { expect } from 'chai';
import fc from 'fast-check';
import { v7 } from 'uuid';
import { encodeEntry, type Entry, GENESIS_CHAIN } from '../../src/base/entry.js';
import { op, view } from '../../src/base/numbers.js';
import { DamagedFileError } from '../../src/base/service.js';
import { MemoryFiles } from '../support/memory-files.js';
import type { WaitingListReply, WaitingListRequest } from './waiting-list/requests.js';
import { WaitingList } from './waiting-list/waiting-list.js';

/** A primary with what it has decided, and backups that follow when they are told. */
class Replicated {
  readonly files = new MemoryFiles();
  readonly backupFiles = new MemoryFiles();
  readonly primary = new WaitingList(this.files);
  readonly backup = new WaitingList(this.backupFiles);
  readonly entries: Entry[] = [];
  committed = 0;

  constructor() {
    this.primary.restore();
    this.backup.restore();
  }

  ask(body: WaitingListRequest, requestId = v7()): WaitingListReply | string {
    const head = { op: op(this.entries.length + 1), view: view(0), timeMs: this.entries.length };
    const execution = this.primary.execute({ requestId, body, copiesNeeded: 2 }, { ...head, replicaCount: 3 });
    if (execution.kind === 'refused') return execution.refusal.reason;
    if (execution.kind === 'entry') {
      const { update } = execution;
      const entry = encodeEntry(
        { ...head, requestId, service: 'waiting-list', update },
        this.entries.at(-1)?.chain ?? GENESIS_CHAIN,
      );
      this.entries.push(entry);
      this.primary.speculate(entry);
    }
    return execution.reply.kind === 'done' ? (execution.reply.body as WaitingListReply) : execution.reply.kind;
  }

  commit(count: number): void {
    for (const entry of this.entries.slice(this.committed, this.committed + count)) {
      this.primary.commit(entry);
      this.backup.commit(entry);
      this.committed++;
    }
  }

  /** The view is left: what is not committed is cut, and never was. */
  leave(): void {
    this.primary.dropSpeculation();
    this.entries.length = this.committed;
  }
}

const bytesOf = ({ tables }: MemoryFiles): Record<string, string> =>
  Object.fromEntries([...tables].map(([name, table]) => [name, table.text()]));

describe('waiting list', () => {
  it('requests: a repeat has its first answer, another content is refused', () => {
    const list = new Replicated();
    const id = v7();
    const first = list.ask({ kind: 'join', name: 'Ann', party: 2 }, id);
    expect(list.ask({ kind: 'join', name: 'Ann', party: 2 }, id), 'before it commits').to.deep.equal(first);
    list.commit(1);
    expect(list.ask({ kind: 'join', name: 'Ann', party: 2 }, id), 'after').to.deep.equal(first);
    expect(list.ask({ kind: 'join', name: 'Bob', party: 2 }, id)).to.equal('ID_REUSED');
    const nobody = v7();
    list.ask({ kind: 'seat' });
    expect(list.ask({ kind: 'seat' }, nobody)).to.deep.equal({ guest: null });
    list.ask({ kind: 'join', name: 'Cid', party: 1 });
    expect(list.ask({ kind: 'seat' }, nobody), 'a repeat seats nobody who came later').to.deep.equal({ guest: null });
  });

  it('replicas: the same bytes whatever is committed when; first come, first seated; a restart makes the same of it', () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('join' as const),
        name: fc.string({ minLength: 1, unit: 'binary' }),
        party: fc.nat(20),
      }),
      fc.constant({ kind: 'seat' as const }),
      fc.record({ kind: fc.constant('commit' as const), count: fc.nat(5) }),
      fc.constant({ kind: 'leave' as const }),
    );
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const list = new Replicated();
      for (const one of steps) {
        if (one.kind === 'commit') list.commit(one.count);
        else if (one.kind === 'leave') list.leave();
        else list.ask(one);
      }
      list.commit(Infinity);
      expect(bytesOf(list.files)).to.deep.equal(bytesOf(list.backupFiles));
      const restarted = new WaitingList(list.backupFiles);
      restarted.restore();
      for (const body of [{ kind: 'list' }, { kind: 'events', fromOp: 0 }])
        expect(restarted.query({ body })).to.deep.equal(list.primary.query({ body }));
      expect(restarted.counts()).to.deep.equal(list.primary.counts());
      for (const { requestId } of list.entries) expect(restarted.hasCommitted(requestId)).to.equal(true);
    });
    fc.assert(property);
  });

  it('damage: a row that cannot be right is told and never answered from', () => {
    const list = new Replicated();
    list.ask({ kind: 'join', name: 'Ann', party: 2 });
    list.commit(1);
    const table = list.files.tables.get('waiting-list.csv');
    table?.replace(table.text().replace('joined,1', 'joined,7'));
    expect(() => new WaitingList(list.files).restore()).to.throw(DamagedFileError, /row 2: guest 7 joined/);
  });
});
