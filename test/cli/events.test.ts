import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { ReplicaEvent } from '../../src/ports/events.js';
import { runCommand, temporaryFolder } from './support/command-run.js';

const event = (replica: string, time: string, more: Partial<ReplicaEvent> = {}): ReplicaEvent => ({
  number: Date.parse(time),
  time,
  replica,
  kind: 'view-change',
  view: 1,
  op: 4,
  commit: 4,
  subject: '',
  reason: 'replica-1 refused the connection',
  key: '',
  ...more,
});

/** What each replica keeps; the third one is dead. */
const KEPT: Readonly<Record<string, readonly ReplicaEvent[]>> = {
  '127.0.0.1:7401': [
    event('replica-1', '2026-11-21T12:00:00.000Z', { kind: 'started', view: 0, reason: 'all is there' }),
    event('replica-1', '2026-11-21T12:00:02.000Z', { kind: 'became-primary', op: 5, reason: '' }),
  ],
  '127.0.0.1:7402': [
    event('replica-2', '2026-11-21T12:00:01.000Z'),
    event('replica-2', '2026-11-21T12:00:03.000Z', {
      kind: 'healthy',
      subject: 'replica-3',
      reason: 'it is heard again',
    }),
  ],
};

describe('events', () => {
  let folder: string;
  beforeEach(() => {
    folder = temporaryFolder();
    const replicas = [1, 2, 3].map((n) => ({ id: `replica-${n}`, address: `127.0.0.1:740${n}`, resources: `r${n}` }));
    const frontEnds = [{ id: 'front-end-1', address: '127.0.0.1:7400' }];
    writeFileSync(path.join(folder, 'cluster.json'), JSON.stringify({ replicas, frontEnds, token: 't'.repeat(20) }));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = async (...argv: string[]) =>
    runCommand(['events', '--config', path.join(folder, 'cluster.json'), ...argv], {
      eventReader: (address) => ({
        async events(after, limit) {
          const kept = KEPT[address];
          if (kept === undefined) throw new Error('connection refused');
          return after === 0 ? kept.slice(-limit) : kept.filter(({ number }) => number > after).slice(0, limit);
        },
        close: () => undefined,
      }),
    });
  const ofJson = (stdout: string) => JSON.parse(stdout) as { events: ReplicaEvent[]; unreachable: string[] };

  it('one list of all replicas, in the order of time; who does not answer is told', async () => {
    const { exitCode, stdout, stderr } = await run();
    expect(stdout.trimEnd().split('\n')).to.deep.equal([
      'TIME                      REPLICA    EVENT           ABOUT      VIEW  OP  WHY',
      '2026-11-21T12:00:00.000Z  replica-1  started                       0   4  all is there',
      '2026-11-21T12:00:01.000Z  replica-2  view-change                   1   4  replica-1 refused the connection',
      '2026-11-21T12:00:02.000Z  replica-1  became-primary                1   5',
      '2026-11-21T12:00:03.000Z  replica-2  healthy         replica-3     1   4  it is heard again',
    ]);
    expect(stderr).to.equal('just-hungry: replica-3 does not answer, its events are missing: connection refused\n');
    expect(exitCode).to.equal(0);
  });

  it('--json, --last, --since', async () => {
    const { stdout } = await run('--json', '--last', '2');
    expect(ofJson(stdout).unreachable).to.deep.equal(['replica-3']);
    expect(ofJson(stdout).events).to.deep.equal([KEPT['127.0.0.1:7401']?.[1], KEPT['127.0.0.1:7402']?.[1]]);
    const since = await run('--json', '--since', '2026-11-21T12:00:01Z');
    expect(ofJson(since.stdout).events.map(({ kind }) => kind)).to.deep.equal([
      'view-change',
      'became-primary',
      'healthy',
    ]);
    expect(ofJson((await run('--json', '--since', '1s')).stdout).events).to.deep.equal([]);
  });

  it('--primaries: who was primary, from when, and why', async () => {
    const { stdout } = await run('--primaries', '--json');
    expect(JSON.parse(stdout)).to.deep.equal({
      primaries: [
        {
          view: 1,
          primary: 'replica-1',
          from: '2026-11-21T12:00:02.000Z',
          op: 5,
          reason: 'replica-1 refused the connection',
        },
      ],
      unreachable: ['replica-3'],
    });
  });

  it('a command line that cannot be meant: what is allowed', async () => {
    for (const [argv, what] of [
      [['--since', 'yesterday'], /--since is "yesterday"; allowed: a time such as/],
      [['--last', '0'], /--last is "0"; allowed: a whole number from 1 to 1000/],
      [['--primaries', '--follow'], /leave out --follow/],
    ] as const) {
      const { exitCode, stderr } = await run(...argv);
      expect(exitCode).to.equal(2);
      expect(stderr).to.match(what);
    }
  });
});
