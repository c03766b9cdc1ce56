import { execFile } from 'node:child_process';
import path from 'node:path';
import { expect } from 'chai';
import type { Cluster, Replica } from '../support/cluster.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { MAIN } from '../support/server-process.js';

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command line of the built program, as an operator gives it. */
function operate(cluster: Cluster, ...args: string[]): Promise<Run> {
  const config = path.join(cluster.folder, 'front-end-1.json');
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args, '--config', config], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const linesOf = ({ stdout }: Run): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Starts replicas that end, as a supervisor does, until told to stop. */
function keepRunning(cluster: Cluster): () => void {
  let isOver = false;
  const keep = async ({ process }: Replica): Promise<void> => {
    for (;;) {
      await process.untilExit();
      if (isOver) return;
      await process.start();
    }
  };
  for (const replica of cluster.replicas) void keep(replica).catch(() => undefined);
  return () => {
    isOver = true;
  };
}

interface Told {
  readonly kind: string;
  readonly subject: string;
}

interface Shown {
  readonly last_fault: { readonly what: string } | null;
}

describe('faults: replicas that operators move, restart and copy anew', () => {
  const suite = clusterForSuite();

  /** Under orders; then nobody has seen an error, and the history is right. */
  const underOrders = async (work: (acknowledge: (count: number) => Promise<void>) => Promise<void>): Promise<void> => {
    const beginMs = performance.now();
    const customers = await suite.customers();
    await work((count) => customers.acknowledges(count));
    await customers.acknowledges(20);
    await customers.stop();
    expect(suite.history.errorsSince(beginMs)).to.deep.equal([]);
    await suite.check();
  };

  it('switchover: to each of the others and back under orders: no order fails, none is lost or placed twice', () =>
    underOrders(async (acknowledge) => {
      const { cluster } = suite;
      for (let turn = 0; turn < 4; turn++) {
        const primary = await cluster.primary();
        const target = cluster.others(primary)[turn % 2] as Replica;
        const run = await operate(cluster, 'switchover', '--to', target.id, '--json');
        expect(run.code, run.stderr).to.equal(0);
        expect(linesOf(run)[0]).to.deep.include({ from: primary.id, to: target.id });
        expect(linesOf(run)[0]?.['pause_ms']).to.be.lessThan(1_000);
        expect((await cluster.primary()).id).to.equal(target.id);
        await acknowledge(20);
        await cluster.joined(primary);
      }
    }));

  it('switchover: without --to a backup that is level takes over', () =>
    underOrders(async () => {
      const { cluster } = suite;
      const primary = await cluster.primary();
      const run = await operate(cluster, 'switchover');
      expect(run.code, run.stderr).to.equal(0);
      expect((await cluster.primary()).id).to.not.equal(primary.id);
      expect(run.stdout).to.match(/^replica-\d is primary now, in view \d+\./);
    }));

  it('switchover, safe-to-stop, resync: refused with the reason while a replica is down, and nothing changes', () =>
    underOrders(async (acknowledge) => {
      const { cluster } = suite;
      const primary = await cluster.primary();
      const [dead, other] = cluster.others(primary) as [Replica, Replica];
      await dead.process.kill();
      await acknowledge(10);
      const { view } = (await cluster.status(primary.index)) ?? {};
      const over = await operate(cluster, 'switchover', '--to', dead.id);
      expect(over.code).to.equal(1);
      expect(over.stderr).to.match(new RegExp(`${dead.id} does not answer .*: start it and wait`));
      const anew = await operate(cluster, 'resync', other.id);
      expect(anew.code).to.equal(1);
      expect(anew.stderr).to.match(new RegExp(`${other.id} keeps its copy.*Start ${dead.id}`));
      const stopping = await operate(cluster, 'safe-to-stop', other.id);
      expect(stopping.code).to.equal(1);
      expect(stopping.stdout).to.match(/^No: orders would close\.\n/);
      expect((await operate(cluster, 'safe-to-stop', dead.id)).code, 'it is down').to.equal(0);
      await acknowledge(10);
      expect((await cluster.status(primary.index))?.view).to.equal(view);
      await dead.process.start();
      await cluster.joined(dead);
    }));

  it('resync: refused for the primary', async () => {
    const primary = await suite.cluster.primary();
    const run = await operate(suite.cluster, 'resync', primary.id);
    expect(run.code).to.equal(1);
    expect(run.stderr).to.match(/is the primary: run 'just-hungry switchover' first/);
  });

  it('resync: a backup throws its copy away and has everything anew under orders; no order fails', () =>
    underOrders(async (acknowledge) => {
      const { cluster } = suite;
      const stopKeeping = keepRunning(cluster);
      try {
        const [victim] = cluster.others(await cluster.primary()) as [Replica];
        const sinceMs = Date.now();
        const run = await operate(cluster, 'resync', victim.id, '--wait', '--json');
        expect(run.code, run.stderr).to.equal(0);
        const steps = linesOf(run);
        expect(steps[0]).to.include({ replica: victim.id, phase: 'restarting' });
        expect(steps.at(-1)).to.include({ replica: victim.id, phase: 'done' });
        const told = victim.process.log().filter(({ time }) => time >= sinceMs);
        expect(
          told.some(({ kind, why }) => kind === 'recovering' && String(why).includes('an operator asked')),
          'recovering',
        ).to.equal(true);
        expect(
          told.some(({ kind }) => kind === 'recovered'),
          'recovered',
        ).to.equal(true);
        await acknowledge(20);
      } finally {
        stopKeeping();
      }
    }));

  it('resync of both backups at once: one at a time; a majority remembers all the while, and no order fails', () =>
    underOrders(async (acknowledge) => {
      const { cluster } = suite;
      const stopKeeping = keepRunning(cluster);
      let mostForgetful = 0;
      let isOver = false;
      const watch = async (): Promise<void> => {
        while (!isOver) {
          const all = await cluster.statuses();
          // One that is only slow to answer, on a busy machine, has forgotten nothing.
          const forgetful = cluster.replicas.filter(
            ({ index, process }) => !process.isRunning || all[index]?.role === 'recovering',
          ).length;
          mostForgetful = Math.max(mostForgetful, forgetful);
        }
      };
      try {
        const watched = watch();
        const [one, other] = cluster.others(await cluster.primary()) as [Replica, Replica];
        const runs = await Promise.all(
          [one, other].map(({ id }) => operate(cluster, 'resync', id, '--wait', '--json')),
        );
        isOver = true;
        await watched;
        expect(mostForgetful, 'replicas that do not remember, or are away').to.equal(1);
        expect(runs.some(({ code }) => code === 0)).to.equal(true);
        for (const { code, stderr } of runs)
          if (code !== 0) expect(stderr).to.match(/keeps its copy: .*Nothing was changed\./s);
        await acknowledge(20);
        await cluster.level();
      } finally {
        isOver = true;
        stopKeeping();
      }
    }));

  it('restart --rolling: every replica is a new process, the primary after a switchover; no order fails', () =>
    underOrders(async (acknowledge) => {
      const { cluster } = suite;
      const stopKeeping = keepRunning(cluster);
      try {
        const before = cluster.replicas.map(({ process }) => process.pid);
        const since = new Date().toISOString();
        const primary = await cluster.primary();
        const run = await operate(cluster, 'restart', '--rolling', '--json');
        expect(run.code, run.stderr).to.equal(0);
        const steps = linesOf(run);
        expect(steps.map(({ step }) => step)).to.deep.equal([
          'restarted',
          'restarted',
          'switchover',
          'restarted',
          'done',
        ]);
        expect(steps[3]?.['replica']).to.equal(primary.id);
        for (const [index, { process }] of cluster.replicas.entries()) expect(process.pid).to.not.equal(before[index]);
        const told = linesOf(await operate(cluster, 'events', '--since', since, '--json'))[0]?.['events'] as Told[];
        for (const { id } of cluster.replicas) {
          const ofIt = told.filter(({ subject }) => subject === id).map(({ kind }) => kind);
          expect(ofIt, id).to.include.members(['restarting', 'healthy']);
        }
        const status = linesOf(await operate(cluster, 'status', '--json'))[0]?.['replicas'] as Shown[];
        expect(status.map(({ last_fault: fault }) => fault?.what ?? '').join()).to.not.match(/operator|stopped/);
        await acknowledge(20);
      } finally {
        stopKeeping();
      }
    }));
});
