import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { encodeEntry, GENESIS_CHAIN, type Entry } from '../../src/base/entry.js';
import { op as opNumber, view } from '../../src/base/numbers.js';
import type { NotedState } from '../../src/runtime/state-notes.js';
import { StateNotes, watchedTable } from '../../src/runtime/state-notes.js';
import { systemTimers } from '../../src/runtime/system-timers.js';
import { appendReceipt, receiptsTable } from '../../src/vsr/receipts.js';
import { MemoryFiles } from '../support/memory-files.js';

/** A replica whose only table holds its receipts; `hash` of a table may be kept back. */
function replica() {
  const files = new MemoryFiles();
  const receipts = receiptsTable(files);
  const entries: Entry[] = [];
  const state: { -readonly [Key in keyof NotedState]: NotedState[Key] } = {
    applied: opNumber(0),
    status: 'normal',
    transition: undefined,
  };
  const held: { until: Promise<unknown> } = { until: Promise.resolve() };
  const notes = new StateNotes({
    storage: {
      content: () => ({
        tables: [...files.tables.values()].map((table) => {
          const hash = createHash('sha256').update(table.text()).digest('hex');
          return { table, length: table.length, hash: () => held.until.then(() => hash) };
        }),
        documents: files.documents,
      }),
    },
    services: new Map(),
    receipts,
    timers: systemTimers,
    state: () => state,
  });
  const watched = watchedTable(receipts, () => notes.onBoundary());
  const apply = (count: number): void => {
    for (let done = 0; done < count; done++) {
      const next = opNumber(state.applied + 1);
      const head = { op: next, view: view(0), timeMs: 1, requestId: '', service: 'core', update: `${next}` };
      const entry = encodeEntry(head, entries.at(-1)?.chain ?? GENESIS_CHAIN);
      entries.push(entry);
      appendReceipt(watched, entry);
      state.applied = next;
    }
    notes.afterStep();
  };
  return { files, state, notes, apply, held };
}

describe('state notes', () => {
  it('an op in the middle of a step: what the files hold exactly there', async () => {
    const slow = replica();
    const inOneStep = replica();
    slow.apply(4);
    const expected = await slow.notes.at(4, 0);
    const waiting = inOneStep.notes.at(4, 5_000);
    inOneStep.apply(9);
    expect(expected.kind).to.equal('noted');
    const found = await waiting;
    expect(found).to.deep.equal({ ...expected, applied: 9 });
  });

  it('the last op of a step, and one that was noted before: at once', async () => {
    const { notes, apply } = replica();
    const waiting = notes.at(2, 5_000);
    apply(2);
    const first = await waiting;
    apply(3);
    expect(await notes.at(2, 0)).to.deep.equal(first);
  });

  it('an op that was passed, or leapt over by a checkpoint: said so, not something else', async () => {
    const { notes, apply, state } = replica();
    apply(5);
    expect(await notes.at(3, 0)).to.deep.equal({ kind: 'passed', applied: 5 });
    const waiting = notes.at(7, 5_000);
    state.applied = opNumber(20);
    notes.afterStep();
    expect(await waiting).to.deep.equal({ kind: 'passed', applied: 20 });
  });

  it('an op that is not reached in time: why', async () => {
    const { notes, apply } = replica();
    apply(1);
    expect(await notes.at(2, 10)).to.deep.equal({ kind: 'notReached', applied: 1, why: 'its tables end at op 1' });
  });

  it('a replica that recovers vouches for nothing', async () => {
    const { notes, apply, state } = replica();
    apply(3);
    state.status = 'recovering';
    expect(await notes.at(3, 10)).to.deep.equal({ kind: 'notReached', applied: 3, why: 'it is recovering' });
  });

  it('tables that are still being read since the start: not vouched for, until they are', async () => {
    const { notes, apply, held } = replica();
    apply(3);
    held.until = new Promise(() => undefined);
    const early = await notes.at(3, 0);
    expect(early).to.deep.include({ kind: 'notReached' });
    expect(early)
      .to.have.property('why')
      .match(/still being read/);
    held.until = Promise.resolve();
    expect(await notes.at(3, 0)).to.have.property('kind', 'noted');
  });
});
