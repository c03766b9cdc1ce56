import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { median } from './statistics.js';

/** Where and of what a run was made. */
export interface Machine {
  readonly commit: string;
  readonly date: string;
  readonly node: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** A write of 4 KiB and its fdatasync, alone on the disk of the temporary folder. */
  readonly fdatasyncP50Ms: number;
  readonly loadAverage: number;
}

export function describeMachine(root: string): Machine {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const changed =
    git('status', '--porcelain', '--untracked-files=no', '--', 'src', 'bench', 'proto') === '' ? '' : ' with changes';
  return {
    commit: git('rev-parse', '--short', 'HEAD') + changed,
    date: new Date().toISOString(),
    node: process.version,
    kernel: `${os.type()} ${os.release()}`,
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / (1 << 30)),
    fdatasyncP50Ms: fdatasyncP50Ms(),
    loadAverage: os.loadavg()[0] ?? 0,
  };
}

const SYNCS = 200;

function fdatasyncP50Ms(): number {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'just-hungry-disk-'));
  const file = openSync(path.join(folder, 'file'), 'w');
  const block = Buffer.alloc(4096, 'x');
  const times: number[] = [];
  for (let count = 0; count < SYNCS; count++) {
    const began = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    times.push(performance.now() - began);
  }
  closeSync(file);
  rmSync(folder, { recursive: true });
  return median(times);
}
