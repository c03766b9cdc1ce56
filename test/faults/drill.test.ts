import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { until } from '../../src/operations/drill/until.js';
import { createChaosClient } from '../../src/net/chaos-client.js';
import { CLUSTER_TOKEN } from '../support/cluster.js';
import { clusterForSuite } from '../support/cluster-suite.js';
import { MAIN } from '../support/server-process.js';

describe('faults: drill', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-drill-test-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const drill = (...args: string[]) => {
    const child = spawn(process.execPath, [MAIN, 'drill', ...args], { env: { ...process.env, TMPDIR: folder } });
    const told = { stdout: '', stderr: '' };
    child.stdout.on('data', (bytes: Buffer) => (told.stdout += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (told.stderr += bytes.toString()));
    const exit = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
    return { child, told, exit };
  };

  it('one fault: a verdict for programs, exit code 0, nothing left behind', async () => {
    const { told, exit } = drill('--seconds', '1', '--faults', 'cut-primary', '--json');
    expect(await exit, told.stderr).to.equal(0);
    const report = JSON.parse(told.stdout) as Record<string, unknown>;
    expect(report).to.include({ verdict: 'good', lost: 0, duplicated: 0, stale: 0, oversold: 0, other: 0 });
    expect(report['acknowledged']).to.be.above(10);
    expect(report['faults']).to.have.nested.property('[0].fault', 'cut-primary');
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('Ctrl-C: no verdict, exit code 130, no process and no file left behind', async () => {
    const { child, told, exit } = drill('--faults', 'kill-primary');
    await until(() => told.stderr.includes('acknowledged'), 'orders are taken');
    child.kill('SIGINT');
    expect(await exit).to.equal(130);
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});

describe('faults: chaos is off unless configured', () => {
  const suite = clusterForSuite({ frontEnds: 1 });
  it('every call for faults is refused by name', async () => {
    const chaos = createChaosClient(suite.cluster.replica(0).address, CLUSTER_TOKEN);
    try {
      for (const call of [() => chaos.inject({ kind: 'kill' }), () => chaos.clear(), () => chaos.list()]) {
        const refused = await call().then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(refused).to.have.nested.property('refusal.reason', 'CHAOS_OFF');
      }
      expect(await suite.cluster.status(0), 'it lives').to.not.equal(undefined);
    } finally {
      chaos.close();
    }
  });
});
