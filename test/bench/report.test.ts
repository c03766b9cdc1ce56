import { expect } from 'chai';
import { markdownReport } from '../../bench/report/markdown.js';
import { ratios } from '../../bench/report/ratios.js';
import type { BenchResult } from '../../bench/report/result.js';
import { targets } from '../../bench/report/targets.js';
import { textReport } from '../../bench/report/text.js';
import type { Round } from '../../bench/rounds.js';

const PROXY = 'bare proxy, raw bytes';

function aRound(content: Partial<Round> & Pick<Round, 'subject' | 'callsPerSecond'>): Round {
  const latency = { p50: 2, p90: 3, p99: 4, p999: 5, max: 6 };
  return {
    workload: 'order',
    customers: 64,
    round: 1,
    latency,
    corrected: latency,
    expectedIntervalMs: 2,
    failed: 0,
    acknowledged: 10,
    coresOfOthers: 0,
    coresIdle: 0.5,
    processes: [{ name: 'server', cpuSeconds: 1, cpuMsPerCall: 0.25, coresBusy: 0.5, rssMiB: 100 }],
    note: '',
    ...content,
  };
}

function aResult(rounds: readonly Round[]): BenchResult {
  return {
    machine: {
      commit: 'abc1234',
      date: '2026-11-21T00:00:00.000Z',
      node: 'v20',
      kernel: 'Linux',
      cpu: 'a|b',
      cores: 2,
      memoryGiB: 24,
      fdatasyncP50Ms: 0.2,
      loadAverage: 0.1,
    },
    workloads: [{ name: 'order', what: 'orders', unit: 'orders' }],
    subjects: [{ name: 'etcd', settings: 'three members' }],
    ratePerSecond: 0,
    rounds,
  };
}

const verdictOf = (rounds: readonly Round[], what: string): string | undefined =>
  targets(aResult(rounds)).find((one) => one.what.startsWith(what))?.verdict;

describe('bench report', () => {
  it('ratios: are those of rounds with the same number', () => {
    const rounds = [
      aRound({ subject: 'just-hungry', callsPerSecond: 300, round: 1 }),
      aRound({ subject: 'etcd', callsPerSecond: 100, round: 1 }),
      aRound({ subject: 'just-hungry', callsPerSecond: 100, round: 2 }),
      aRound({ subject: 'etcd', callsPerSecond: 200, round: 2 }),
      aRound({ subject: 'just-hungry', callsPerSecond: 7, round: 3 }),
      aRound({ subject: 'etcd', callsPerSecond: 1, round: 1, customers: 16 }),
    ];
    const found = ratios(rounds, { workload: 'order', customers: 64, ours: 'just-hungry', other: 'etcd' });
    expect(found).to.deep.equal([3, 0.5]);
  });

  it('targets: are reached, not reached or not measured by the median of the ratios', () => {
    const pair = (ours: number, round: number): Round[] => [
      aRound({ subject: 'just-hungry', callsPerSecond: ours, round }),
      aRound({ subject: PROXY, callsPerSecond: 100, round }),
    ];
    const what = 'unary orders ÷ bare proxy';
    expect(verdictOf([...pair(100, 1), ...pair(220, 2), ...pair(900, 3)], what)).to.equal('reached');
    expect(verdictOf([...pair(219, 1), ...pair(219, 2), ...pair(900, 3)], what)).to.equal('not reached');
    expect(verdictOf(pair(150, 1), 'unary orders ÷ puts into etcd')).to.equal('not measured');
  });

  it('targets: one customer alone may wait for the proxy, one and a half syncs and 1 ms', () => {
    const alone = (subject: string, p50: number): Round =>
      aRound({ subject, callsPerSecond: 1, customers: 1, latency: { p50, p90: 9, p99: 9, p999: 9, max: 9 } });
    const what = 'one customer alone';
    expect(verdictOf([alone('just-hungry', 2.29), alone(PROXY, 1)], what)).to.equal('reached');
    expect(verdictOf([alone('just-hungry', 2.31), alone(PROXY, 1)], what)).to.equal('not reached');
    expect(verdictOf([alone('just-hungry', 2.31)], what)).to.equal('not measured');
  });

  it('markdown: every row of a table has as many cells as its head', () => {
    const rounds = [
      aRound({ subject: 'just-hungry', callsPerSecond: 300, note: 'level after 2 s' }),
      aRound({ subject: 'etcd', callsPerSecond: 200 }),
    ];
    const tables = markdownReport(aResult(rounds))
      .split(/\n\n(?!\|)/)
      .flatMap((part) => {
        const lines = part.split('\n').filter((line) => line.startsWith('|'));
        return lines.length === 0 ? [] : [lines.map((line) => line.split(/(?<!\\)\|/).length)];
      });
    expect(tables).to.have.length(3);
    for (const counts of tables) expect(new Set(counts).size).to.equal(1);
  });

  it('text: tells the ratio, the note of a round and how a subject was set', () => {
    const rounds = [
      aRound({ subject: 'just-hungry', callsPerSecond: 300, note: 'level after 2 s' }),
      aRound({ subject: 'etcd', callsPerSecond: 200 }),
    ];
    const text = textReport(aResult(rounds));
    expect(text)
      .to.match(/etcd: three members/)
      .and.to.match(/level after 2 s/);
    expect(text).to.match(/etcd .*│ 1\.50/);
  });
});
