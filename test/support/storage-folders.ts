import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeEntry, GENESIS_CHAIN, type Chain, type Entry } from '../../src/base/entry.js';
import { op, view } from '../../src/base/numbers.js';
import type { DurableState } from '../../src/ports/storage.js';
import { nodeFileSystem } from '../../src/storage/node-file-system.js';
import type { FileSystemUnderTest } from '../contract/file-system.js';
import { SimulatedFileSystem } from './simulated-file-system.js';

/** A new folder on the real disk. */
export function onDisk(): FileSystemUnderTest {
  const folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-'));
  return { fileSystem: nodeFileSystem, folder, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A new folder on a new simulated disk. */
export function simulated(): FileSystemUnderTest & { fileSystem: SimulatedFileSystem } {
  const fileSystem = new SimulatedFileSystem();
  fileSystem.makeFolder('/replica');
  fileSystem.settle();
  return { fileSystem, folder: '/replica', dispose: () => undefined };
}

/** Promises of a test replica. */
export const promises = (ofView: number, ofLog = ofView, recovering = false): DurableState => ({
  clusterId: 'cluster-1',
  view: view(ofView),
  logView: view(ofLog),
  recovering,
});

const FIRST_TIME_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 6);

/** `count` entries that follow op `after` with chain `previous`; `update` makes each one's content. */
export function entriesAfter(
  after: number,
  previous: Chain,
  count: number,
  inView = 0,
  update = (at: number): string => `{"n":${at},"text":"a ""b"", c"}`,
): Entry[] {
  const entries: Entry[] = [];
  let chain = previous;
  for (let at = after + 1; at <= after + count; at++) {
    const entry = encodeEntry(
      {
        op: op(at),
        view: view(inView),
        timeMs: FIRST_TIME_MS + at,
        requestId: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
        service: 'ordering',
        update: update(at),
      },
      chain,
    );
    entries.push(entry);
    chain = entry.chain;
  }
  return entries;
}

/** The first entries of a log. */
export const firstEntries = (count: number, inView = 0): Entry[] => entriesAfter(0, GENESIS_CHAIN, count, inView);
