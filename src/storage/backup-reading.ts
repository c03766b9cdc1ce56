import { createHash } from 'node:crypto';
import path from 'node:path';
import { decodeEntry, JOURNAL_HEADER, type Entry } from '../base/entry.js';
import type { LogBase } from '../base/checkpoint.js';
import { decodeManifest, MANIFEST_FILE, type BackupManifest, type BackupPart } from './backup-manifest.js';
import { BackupError, type BackupBytes } from './backup-media.js';
import { CHECKPOINT_FOLDER, checkpointName, decodeHead, HEAD_FILE, type Head } from './checkpoint-head.js';
import { GENESIS } from './checkpoint.js';
import { JOURNAL_FOLDER } from './journal-mark.js';
import { HEADER_BYTES, segmentName } from './journal-segment.js';
import { isServiceFileName } from './service-files.js';
import { readTarHeader, TAR_BLOCK_BYTES, tarPadding } from './tar.js';
import { nextOp } from '../base/numbers.js';

/** A file in a backup, and where its bytes stand. */
export interface PlacedPart extends BackupPart {
  readonly at: number;
}

/** A backup of which every byte was read and found right. */
export interface Backup {
  readonly manifest: BackupManifest;
  /** Bytes of the whole file. */
  readonly bytes: number;
  /** Its checkpoint; `undefined`: it begins before op 1. */
  readonly checkpoint: Head | undefined;
  readonly base: LogBase;
  /** From `base` to the manifest's op. */
  readonly entries: readonly Entry[];
  /** By the name of the file in a checkpoint. */
  readonly files: ReadonlyMap<string, PlacedPart>;
}

const READ_BYTES = 1024 * 1024;

/**
 * Reads a backup whole: every file against its SHA-256 in the manifest and in the checkpoint's head, every row of the log against its
 * checksum and chain, up to the op that the manifest names. Throws BackupError, which says what is wrong.
 */
export function readBackup(source: BackupBytes): Backup {
  const members = membersOf(source);
  const last = members.pop();
  if (last?.name !== MANIFEST_FILE) throw wrong(source, 'it has no manifest at its end: it is not whole, or no backup');
  const manifest = decodeManifest(source.read(last.at, last.bytes));
  if (typeof manifest === 'string') throw wrong(source, manifest);
  const isListed =
    members.length === manifest.parts.length &&
    members.every(
      ({ name, bytes }, index) => name === manifest.parts[index]?.name && bytes === manifest.parts[index].bytes,
    );
  if (!isListed) throw wrong(source, 'other files are in it than its manifest names');
  const parts = manifest.parts.map((part, index): PlacedPart => ({ ...part, at: members[index]?.at ?? 0 }));
  for (const part of parts)
    if (sha256Of(source, part) !== part.sha256) throw wrong(source, `${part.name} in it is damaged`);
  const { checkpoint, files } = checkpointOf(source, parts);
  const base = checkpoint?.base ?? GENESIS.base;
  const journal = parts.find(
    ({ name }) => name === path.posix.join(JOURNAL_FOLDER, segmentName(manifest.view, nextOp(base.op))),
  );
  if (journal === undefined || parts.length !== files.size + (checkpoint === undefined ? 1 : 2))
    throw wrong(source, 'the files in it are not those of a checkpoint and the log after it');
  const entries = entriesOf(source, journal, base);
  const end = entries.at(-1) ?? base;
  if (end.op !== manifest.op || end.chain !== manifest.chain)
    throw wrong(source, `its log ends at op ${end.op}, not at op ${manifest.op} as its manifest says`);
  return { manifest, bytes: source.bytes, checkpoint, base, entries, files };
}

function wrong({ file }: BackupBytes, what: string): BackupError {
  return new BackupError(`${file} is no sound backup: ${what}. Take another one`);
}

function membersOf(source: BackupBytes): { name: string; bytes: number; at: number }[] {
  const found: { name: string; bytes: number; at: number }[] = [];
  for (let at = 0; ;) {
    const member = readTarHeader(source.read(at, TAR_BLOCK_BYTES));
    if (member === undefined) throw wrong(source, `no file begins at byte ${at} of it`);
    if (member === 'end') return found;
    at += TAR_BLOCK_BYTES;
    found.push({ ...member, at });
    at += member.bytes + tarPadding(member.bytes);
    if (at > source.bytes) throw wrong(source, `it ends inside ${member.name}`);
  }
}

function sha256Of(source: BackupBytes, { at, bytes }: PlacedPart): string {
  const hash = createHash('sha256');
  forEachPiece(source, { at, bytes }, (piece) => void hash.update(piece));
  return hash.digest('hex');
}

/** Gives a part's bytes to `use`, a megabyte at a time. */
export function forEachPiece(
  source: BackupBytes,
  { at, bytes }: Pick<PlacedPart, 'at' | 'bytes'>,
  use: (piece: Uint8Array, offset: number) => void,
): void {
  for (let offset = 0; offset < bytes;) {
    const piece = source.read(at + offset, Math.min(READ_BYTES, bytes - offset));
    if (piece.length === 0) throw wrong(source, 'it became shorter while it was read');
    use(piece, offset);
    offset += piece.length;
  }
}

/** The checkpoint with its files: each is there with the length and hash that the head names. */
function checkpointOf(
  source: BackupBytes,
  parts: readonly PlacedPart[],
): { checkpoint: Head | undefined; files: Map<string, PlacedPart> } {
  const files = new Map<string, PlacedPart>();
  const part = parts.find(
    ({ name }) => name.startsWith(`${CHECKPOINT_FOLDER}/`) && path.posix.basename(name) === HEAD_FILE,
  );
  if (part === undefined) return { checkpoint: undefined, files };
  const checkpoint = decodeHead(source.read(part.at, part.bytes));
  if (checkpoint === undefined) throw wrong(source, `${part.name} in it is damaged`);
  const folder = path.posix.join(CHECKPOINT_FOLDER, checkpointName(checkpoint.base.op));
  for (const { name, kind, length, hash } of checkpoint.files) {
    const place = kind === 'table' ? name : path.posix.join(folder, name);
    const found = parts.find((one) => one.name === place);
    if (!isServiceFileName(name) || found?.bytes !== length || found.sha256 !== hash)
      throw wrong(source, `${name} in it is not that of its checkpoint`);
    files.set(name, found);
  }
  return { checkpoint, files };
}

function entriesOf(source: BackupBytes, part: PlacedPart, base: LogBase): Entry[] {
  const bytes = source.read(part.at, part.bytes);
  if (!Buffer.from(JOURNAL_HEADER).equals(bytes.subarray(0, HEADER_BYTES)))
    throw wrong(source, 'its log has no header');
  const entries: Entry[] = [];
  for (let at = HEADER_BYTES, { op, chain } = base; at < bytes.length;) {
    const decoded = decodeEntry(bytes, at, chain);
    if (decoded.kind !== 'entry' || decoded.entry.op !== op + 1)
      throw wrong(source, `its log is damaged after op ${op}`);
    entries.push(decoded.entry);
    ({ op, chain } = decoded.entry);
    at = decoded.end;
  }
  return entries;
}
