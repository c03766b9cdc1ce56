import { expect } from 'chai';
import { EventLog } from '../../../src/operations/events/event-log.js';
import { EventTail } from '../../../src/operations/events/event-tail.js';
import { historyOfPrimaries, inOrder } from '../../../src/operations/events/merged-events.js';
import type { EventKind, ReplicaEvent } from '../../../src/ports/events.js';
import { openLineFile } from '../../../src/storage/line-file.js';
import type { SimulatedFileSystem } from '../../support/simulated-file-system.js';
import { simulated } from '../../support/storage-folders.js';

const FILE = 'logs/events.jsonl';

describe('events: what a replica keeps', () => {
  let wallMs = 0;
  let fileSystem: SimulatedFileSystem;
  let folder: string;
  beforeEach(() => {
    wallMs = Date.parse('2026-11-21T12:00:00Z');
    ({ fileSystem, folder } = simulated());
    fileSystem.makeFolder(folder);
  });

  const open = (bytesMax?: number): EventLog =>
    new EventLog({
      replica: 'replica-1',
      file: openLineFile(fileSystem, folder, 'events.jsonl', bytesMax === undefined ? {} : { bytesMax }),
      clock: { wallMs: () => wallMs },
      keyOf: () => '',
    });
  const record = async (log: EventLog, reason: string, kind: EventKind = 'damage'): Promise<void> => {
    log.record({ kind, subject: '', reason }, { view: 1, op: 2, commit: 2 });
    await log.idle();
  };
  const reasons = (log: EventLog): string[] => log.events.map(({ reason }) => reason);
  const text = (): string => Buffer.from(fileSystem.readFile(`${folder}/${FILE}`)).toString('utf8');

  it('over restarts: everything is there, numbers rise, also when the clock stands or goes back', async () => {
    const first = open();
    await record(first, 'a');
    await record(first, 'b');
    wallMs -= 5_000;
    const second = open();
    await record(second, 'c');
    const third = open();
    expect(reasons(third)).to.deep.equal(['a', 'b', 'c']);
    const numbers = third.events.map(({ number }) => number);
    expect(numbers).to.deep.equal(numbers.toSorted((a, b) => a - b));
    expect(new Set(numbers).size).to.equal(3);
    expect(third.list(numbers[0] ?? 0, 1).map(({ reason }) => reason)).to.deep.equal(['b']);
    expect(third.list(0, 2).map(({ reason }) => reason)).to.deep.equal(['b', 'c']);
  });

  it('the file is lost: later numbers are still higher than those before', async () => {
    const first = open();
    await record(first, 'a');
    const [before] = first.events;
    fileSystem.remove(`${folder}/${FILE}`);
    wallMs += 1;
    const second = open();
    await record(second, 'b');
    expect(second.events[0]?.number).to.be.greaterThan(before?.number ?? Infinity);
  });

  it('a line that a kill has torn, and lines of something else, are passed over', async () => {
    const first = open();
    await record(first, 'a');
    const file = fileSystem.open(`${folder}/${FILE}`, false);
    file.write(file.stat().bytes, Buffer.from('{"number":1}\nnull\n{"number":17952960,"ti'));
    file.close();
    const second = open();
    await record(second, 'b');
    expect(reasons(second)).to.deep.equal(['a', 'b']);
    expect(reasons(open())).to.deep.equal(['a', 'b']);
  });

  it('a full disk: nothing throws, and what found no room is written when there is some', async () => {
    const log = open();
    await record(log, 'a');
    fileSystem.limitRoom(0);
    await record(log, 'b');
    await record(log, 'c');
    expect(reasons(log)).to.deep.equal(['a', 'b', 'c']);
    expect(reasons(open())).to.deep.equal(['a']);
    fileSystem.limitRoom(Infinity);
    await record(log, 'd');
    expect(reasons(open())).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('grows no further than two files of its size', async () => {
    const log = open(1_000);
    for (let count = 0; count < 40; count++) await record(log, `number ${count}`);
    const bytes = ['events.jsonl', 'events.1.jsonl'].map(
      (name) => fileSystem.stat(`${folder}/logs/${name}`)?.bytes ?? 0,
    );
    expect(
      bytes.every((size) => size > 0 && size < 1_300),
      String(bytes),
    ).to.equal(true);
    expect(reasons(open()).at(-1)).to.equal('number 39');
    expect(text()).to.match(/\n$/);
  });

  it('the folder is removed while it runs: it does not come back by this', async () => {
    const log = open();
    fileSystem.remove(folder);
    await record(log, 'a');
    expect(fileSystem.stat(folder)).to.equal(undefined);
  });
});

const event = (replica: string, second: number, more: Partial<ReplicaEvent> = {}): ReplicaEvent => ({
  number: second + 1,
  time: new Date(Date.parse('2026-11-21T12:00:00Z') + second * 1_000).toISOString(),
  replica,
  kind: 'view-change',
  view: 1,
  op: 1,
  commit: 1,
  subject: '',
  reason: '',
  key: '',
  ...more,
});

describe('events: of several replicas', () => {
  it('are merged by time, then view, then op', () => {
    const events = [event('b', 2), event('a', 1, { view: 2 }), event('c', 1, { op: 9 }), event('b', 1), event('a', 0)];
    expect(inOrder(events).map(({ replica, view, op }) => `${replica}${view}${op}`)).to.deep.equal([
      'a11',
      'b11',
      'c19',
      'a21',
      'b11',
    ]);
  });

  it('history of primaries: the reason is that of whoever left the view before first', () => {
    const founded = ['replica-1', 'replica-2', 'replica-3'].map((id) =>
      event(id, 0, { kind: 'founded', view: 0, op: 1, reason: 'the cluster is founded' }),
    );
    const history = historyOfPrimaries(
      [
        ...founded,
        event('replica-2', 3, { kind: 'became-primary', op: 7, reason: 'replica-3 is in view 1' }),
        event('replica-2', 2, { reason: 'replica-3 is in view 1' }),
        event('replica-3', 1, { reason: 'replica-1 refused the connection' }),
      ],
      'replica-1',
    );
    expect(history).to.deep.equal([
      { view: 0, primary: 'replica-1', from: '2026-11-21T12:00:00.000Z', op: 1, reason: 'the cluster is founded' },
      {
        view: 1,
        primary: 'replica-2',
        from: '2026-11-21T12:00:03.000Z',
        op: 7,
        reason: 'replica-1 refused the connection',
      },
    ]);
  });

  it('followed over an outage: nothing twice, nothing left out, and who cannot be asked is named', async () => {
    const kept = new Map([
      ['a', [event('a', 1)]],
      ['b', [event('b', 2)]],
    ]);
    const down = new Set<string>();
    const source = (id: string) => ({
      id,
      reader: {
        events: async (after: number, limit: number) => {
          if (down.has(id)) throw new Error('gone');
          const all = kept.get(id) ?? [];
          return after === 0 ? all.slice(-limit) : all.filter(({ number }) => number > after).slice(0, limit);
        },
        close: () => undefined,
      },
    });
    const tail = new EventTail([source('a'), source('b')], 0);
    const seen = [...(await tail.first(10)).events];
    down.add('a');
    kept.get('a')?.push(event('a', 3), event('a', 5));
    kept.get('b')?.push(event('b', 4));
    const round = await tail.next(1_000);
    expect([...round.unreachable]).to.deep.equal([['a', 'gone']]);
    // Held back a moment: the other one may bring what was earlier.
    expect(round.events).to.deep.equal([]);
    down.delete('a');
    seen.push(...(await tail.next(1_100)).events);
    seen.push(...(await tail.next(1_700)).events);
    expect(seen.map(({ replica, number }) => `${replica}${number}`)).to.deep.equal(['a2', 'b3', 'a4', 'b5', 'a6']);
    expect((await tail.next(9_000)).events).to.deep.equal([]);
  });
});
