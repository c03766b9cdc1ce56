import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { NewOrder } from '../ports/ordering-client.js';
import { isUuid } from '../services/uuid.js';
import { makeFolder } from './make-folder.js';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.js';

/** An order that was, or was about to be, sent and whose outcome is not known. */
export interface PendingOrder {
  readonly order: NewOrder;
  /** Addresses of the front ends it was sent to. */
  readonly frontEnds: readonly string[];
  /** RFC 3339. */
  readonly savedAt: string;
  /** The process that took care of it last. */
  readonly owner: ProcessIdentity;
}

/** What lies in the folder, oldest first. */
export interface PendingList {
  /** Their process is gone: theirs to take who asks. */
  readonly waiting: readonly PendingOrder[];
  /** A running process still takes care of them. */
  readonly inUse: readonly PendingOrder[];
  /** Files that cannot be read as an order, with the reason. */
  readonly unreadable: readonly { readonly file: string; readonly why: string }[];
}

/** The user's orders without an outcome, one file each, so that concurrent clients never touch each other's. */
export interface PendingOrders {
  readonly folder: string;
  /** Durable when it returns. Saving an order again makes this process its owner. */
  save(order: NewOrder, frontEnds: readonly string[]): Promise<void>;
  /** Nothing happens when it is not there. */
  remove(orderId: string): Promise<void>;
  list(): Promise<PendingList>;
}

/** The folder of pending orders cannot be used; nothing was sent. The message says what to do. */
export class PendingFolderError extends Error {
  override readonly name = 'PendingFolderError';
}

const FORMAT = 1;
const line = z.object({ item: z.string(), quantity: z.int(), price_pence: z.int() });
const pendingFile = z.object({
  format: z.literal(FORMAT),
  order: z.object({
    order_id: z.string(),
    user_code: z.string(),
    lines: z.array(line),
    post_code: z.string(),
    contact: z.object({ name: z.string(), phone: z.string(), address: z.string() }).exactOptional(),
    notes: z.string().exactOptional(),
    write_concern: z.string().exactOptional(),
  }),
  front_ends: z.array(z.string()),
  saved_at: z.string(),
  owner: z.object({ host: z.string(), pid: z.int().positive(), started: z.string() }),
});

/** The folder for pending orders of this user: below $XDG_STATE_HOME or ~/.local/state. */
export function pendingFolderOf(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const configured = env['XDG_STATE_HOME'];
  // The specification says that a relative path is to be ignored.
  const state = configured !== undefined && path.isAbsolute(configured) ? configured : path.join(home, '.local/state');
  return path.join(state, 'just-hungry', 'pending-orders');
}

/** Pending orders in `folder`, which is made when first needed. */
export function createPendingOrders(folder: string): PendingOrders {
  let saves = 0;
  return {
    folder,
    async save(order, frontEnds) {
      const text = JSON.stringify({
        format: FORMAT,
        order,
        front_ends: frontEnds,
        saved_at: new Date().toISOString(),
        owner: ownIdentity(),
      });
      // A name of its own for each write: what a crash leaves of it is never taken for an order.
      const temporary = path.join(folder, `.${order.order_id}.${process.pid}.${saves++}.tmp`);
      try {
        await makeDurableFolder(folder);
        await writeSynced(temporary, `${text}\n`);
        await rename(temporary, fileOf(folder, order.order_id));
        await syncFolder(folder);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        const why = error instanceof Error ? error.message : String(error);
        throw new PendingFolderError(
          `The order was not sent: it could not be noted in ${folder} first (${why}). ` +
            'Make that folder writable, or set XDG_STATE_HOME to one that is, and order again.',
          { cause: error },
        );
      }
    },
    async remove(orderId) {
      // Not synced: if a crash brings the file back, sending the order again finds it and places nothing.
      await rm(fileOf(folder, orderId), { force: true });
    },
    async list() {
      const waiting: PendingOrder[] = [];
      const inUse: PendingOrder[] = [];
      const unreadable: { file: string; why: string }[] = [];
      for (const file of await namesIn(folder)) {
        const found = await readPending(path.join(folder, file));
        if (found === undefined) continue;
        if (typeof found === 'string') unreadable.push({ file: path.join(folder, file), why: found });
        else if (isOwn(found.owner) || !isRunning(found.owner)) waiting.push(found);
        else inUse.push(found);
      }
      const byAge = (a: PendingOrder, b: PendingOrder): number => a.savedAt.localeCompare(b.savedAt);
      return { waiting: waiting.toSorted(byAge), inUse: inUse.toSorted(byAge), unreadable };
    },
  };
}

/** Whether an order was meant for (one of) these front ends. */
export function isMeantFor(pending: PendingOrder, frontEnds: readonly string[]): boolean {
  return pending.frontEnds.some((address) => frontEnds.includes(address));
}

const fileOf = (folder: string, orderId: string): string => path.join(folder, `${orderId}.json`);
const isOwn = (owner: ProcessIdentity): boolean => JSON.stringify(owner) === JSON.stringify(ownIdentity());

async function namesIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => name.endsWith('.json') && isUuid(name.slice(0, -'.json'.length)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const why = error instanceof Error ? error.message : String(error);
    throw new PendingFolderError(`The orders without an outcome cannot be listed: ${why}. Make ${folder} readable.`, {
      cause: error,
    });
  }
}

/** The order in a file; `undefined` when another client has just removed it; text says why it cannot be read. */
async function readPending(file: string): Promise<PendingOrder | string | undefined> {
  try {
    const parsed = pendingFile.safeParse(JSON.parse(await readFile(file, 'utf8')));
    if (!parsed.success) return 'it does not hold an order as this version writes it';
    const { order, front_ends: frontEnds, saved_at: savedAt, owner } = parsed.data;
    if (order.order_id !== path.basename(file, '.json')) return 'it holds another order than its name says';
    return { order, frontEnds, savedAt, owner };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    return error instanceof Error ? error.message : String(error);
  }
}

/** Makes a folder and syncs every parent in which something new was made. */
async function makeDurableFolder(folder: string): Promise<void> {
  for (const made of makeFolder(folder, 0o700)) await syncFolder(path.dirname(made));
}

async function writeSynced(file: string, text: string): Promise<void> {
  // Contact data: for the user's eyes alone.
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
