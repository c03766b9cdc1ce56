import path from 'node:path';
import { assert } from '../base/assert.js';
import { JOURNAL_HEADER, type Chain, type Entry } from '../base/entry.js';
import { op as makeOp, view as makeView, type OpNumber, type View } from '../base/numbers.js';
import type { FileSystem } from '../ports/file-system.js';
import { writeWhole } from './durable-file.js';
import type { LogShape } from './replica-file.js';

/** Size of the header row in bytes: where the first entry of a segment begins. */
export const HEADER_BYTES = Buffer.byteLength(JOURNAL_HEADER);

/** A file of the journal: entries from `firstOp` on, begun while the replica held the log of `logView`. */
export interface Segment {
  readonly name: string;
  readonly logView: View;
  readonly firstOp: OpNumber;
}

const SEGMENT_NAME = /^([0-9]{10})-([0-9]{16})\.csv$/;
const CUT_NAME = /^([0-9]{10})-([0-9]{16})\.csv\.cut-[0-9]+$/;
const UNFINISHED_NAME = /\.new(?:-[0-9]+)?$/;

/** Name of the segment that begins with `firstOp`. */
export function segmentName(logView: View, firstOp: OpNumber): string {
  return `${String(logView).padStart(10, '0')}-${String(firstOp).padStart(16, '0')}.csv`;
}

/** Name under which the segment of switch `number` is written until replica.json has committed that switch. */
export const unfinishedName = (segment: string, number: number): string => `${segment}.new-${number}`;

function parse(name: string, pattern: RegExp): Segment | undefined {
  const match = pattern.exec(name);
  if (match === null) return undefined;
  return { name, logView: makeView(Number(match[1])), firstOp: makeOp(Number(match[2])) };
}

/**
 * The segments that make up the log, first to last, and those that a switch has cut off whole. From the highest (logView,
 * first op) down, each reaches up to the first op of the next; rows of it from that op on are cut.
 */
export function segmentsOf(names: readonly string[]): { log: Segment[]; cut: Segment[] } {
  const all = names.map((name) => parse(name, SEGMENT_NAME)).filter((segment) => segment !== undefined);
  all.sort((a, b) => b.logView - a.logView || b.firstOp - a.firstOp);
  const log: Segment[] = [];
  const cut: Segment[] = [];
  for (const segment of all) {
    const next = log[0];
    if (next === undefined || segment.firstOp < next.firstOp) log.unshift(segment);
    else cut.push(segment);
  }
  return { log, cut };
}

/** Names of what switches have cut off, each with the first op that it held. */
export function cutSegmentsOf(names: readonly string[]): Segment[] {
  return names.map((name) => parse(name, CUT_NAME)).filter((segment) => segment !== undefined);
}

/** Names of every file with rows of a log in it, cut or not. */
export const allSegmentNames = (names: readonly string[]): string[] =>
  names.filter((name) => SEGMENT_NAME.test(name) || CUT_NAME.test(name));

/** Where a log stands: the last entry, or what comes before the first. */
export interface LogEnd {
  readonly op: OpNumber;
  readonly chain: Chain;
}

/**
 * Writes the segment of switch `number` beside the journal, durably. It becomes part of the log when replica.json names
 * the shape that is returned, and not before. `before` is where the log stands that it follows.
 */
export async function writeUnfinished(
  fileSystem: FileSystem,
  folder: string,
  next: { number: number; logView: View; before: LogEnd; entries: readonly Entry[]; checkpoint: OpNumber | null },
): Promise<LogShape> {
  const { number, before, entries } = next;
  const firstOp = makeOp(before.op + 1);
  const last = entries.at(-1) ?? before;
  assert(last.op === before.op + entries.length, 'the entries of a switch are gap-free');
  const bytes = Buffer.concat([Buffer.from(JOURNAL_HEADER), ...entries.map((entry) => entry.row)]);
  const segment = segmentName(next.logView, firstOp);
  await writeWhole(fileSystem, path.join(folder, unfinishedName(segment, number)), bytes);
  await fileSystem.syncFolder(folder);
  return {
    number,
    segment,
    firstOp,
    op: last.op,
    bytes: bytes.length,
    chain: last.chain,
    checkpoint: next.checkpoint,
  };
}

/**
 * Puts the segment of a committed switch in its place and what it replaces out of the way (kept as `.cut-<number>`: it may
 * hold what had been promised). With a checkpoint it replaces all: rows below that may be of ops that were never committed. Done again after a crash as long as it was not done durably, so it needs no fsync: the next
 * switch fsyncs the folder before it commits.
 */
export async function finishSwitch(fileSystem: FileSystem, folder: string, shape: LogShape): Promise<void> {
  const unfinished = path.join(folder, unfinishedName(shape.segment, shape.number));
  if (fileSystem.stat(unfinished) === undefined) return;
  const { log, cut } = segmentsOf(fileSystem.list(folder));
  const isAnew = shape.checkpoint !== null;
  const replaced = [...log, ...cut].filter(({ firstOp }) => isAnew || firstOp >= shape.firstOp);
  const logView = parse(shape.segment, SEGMENT_NAME)?.logView;
  for (const { name } of replaced) {
    fileSystem.rename(path.join(folder, name), path.join(folder, `${name}.cut-${shape.number}`));
  }
  // A segment of the same logView could be taken for a later part of this log, one before a checkpoint for an earlier part: they
  // must be gone first.
  if (replaced.some((segment) => isAnew || segment.logView === logView)) await fileSystem.syncFolder(folder);
  fileSystem.rename(unfinished, path.join(folder, shape.segment));
}

/** Removes what unfinished switches (or only that of `number`) and new segments have left in the journal's folder. */
export function removeUnfinished(fileSystem: FileSystem, folder: string, number?: number): void {
  for (const name of fileSystem.list(folder)) {
    const isMeant = number === undefined ? UNFINISHED_NAME.test(name) : name.endsWith(unfinishedName('', number));
    if (isMeant) fileSystem.remove(path.join(folder, name));
  }
}
