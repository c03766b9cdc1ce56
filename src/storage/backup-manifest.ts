import { hashOf } from './service-files.js';
import type { Chain } from '../base/entry.js';
import { op as makeOp, view as makeView, type OpNumber, type View } from '../base/numbers.js';

/** The last file of a backup: says what is in it. Without it the backup is not whole. */
export const MANIFEST_FILE = 'manifest.json';
/** What this program writes and reads. */
const FORMAT = 'just-hungry backup 1';

/** A file in a backup. */
export interface BackupPart {
  readonly name: string;
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

/** What is in a backup. */
export interface BackupManifest {
  readonly clusterId: string;
  /** Ids of the members of the cluster that it was taken of. */
  readonly members: readonly string[];
  readonly view: View;
  readonly op: OpNumber;
  readonly chain: Chain;
  /** Of the entry at `op`, ms since 1970. */
  readonly timeMs: number;
  /** In the order in which they stand in the file. */
  readonly parts: readonly BackupPart[];
}

/** Bytes of manifest.json: one line of JSON, whose last field is the SHA-256 of the rest. */
export function encodeManifest({ clusterId, members, view, op, chain, timeMs, parts }: BackupManifest): Buffer {
  const time = new Date(timeMs).toISOString();
  const text = JSON.stringify({ format: FORMAT, clusterId, members, view, op, chain, time, parts });
  return Buffer.from(`${text.slice(0, -1)},"sha256":"${hashOf(text)}"}\n`);
}

/** The manifest in these bytes; a text for people says why there is none. */
export function decodeManifest(bytes: Uint8Array): BackupManifest | string {
  const text = Buffer.from(bytes).toString('utf8');
  const at = text.lastIndexOf(',"sha256":"');
  const body = `${text.slice(0, at)}}`;
  if (at < 0 || text !== `${text.slice(0, at)},"sha256":"${hashOf(body)}"}\n`) return 'its manifest is damaged';
  // The hash vouches for what this program wrote.
  const { format, time, view, op, ...rest } = JSON.parse(body) as Omit<BackupManifest, 'timeMs'> &
    Record<'format' | 'time', string>;
  if (format !== FORMAT) return `it is a ${format}, this program reads ${FORMAT}`;
  return { ...rest, view: makeView(view), op: makeOp(op), timeMs: Date.parse(time) };
}
