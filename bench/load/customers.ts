import type { Calls, LoadOrder } from './protocol.js';

/** Hears once how a call ended: with what went wrong, or with nothing. Never called before the call returns. */
export type Done = (problem?: string) => void;

/** The customers of one measurement. */
export interface Customers {
  /** Customer `index`, 0 to `customers` × `callsEach` - 1, makes its next call; not before its last one is done. */
  call(index: number, done: Done): void;
  /** Orders and messages acknowledged so far, those of the preparation included. */
  acknowledged(): number;
  /** Gives up all connections; no call is under way. */
  close(): Promise<void>;
}

/** Connects customers and prepares what they will ask for. */
export type Connect = (load: LoadOrder) => Promise<Customers>;

/** One answer in this many is read whole; the others count by their status: the generator must not be what is measured. */
const READ_EVERY = 32;

/** A counter that says for which answers it is time to read them. */
export function readTurn(): () => boolean {
  let count = 0;
  return () => count++ % READ_EVERY === 0;
}

/** Every kind of customers; loaded when first asked for, so that a process holds only what it measures with. */
export const CUSTOMERS: Readonly<Record<Calls, () => Promise<Connect>>> = {
  order: async () => (await import('./order-customers.js')).connect,
  append: async () => (await import('./append-customers.js')).connect,
  put: async () => (await import('./put-customers.js')).connect,
  stream: async () => (await import('./stream-customers.js')).connect,
  'orders-of-user': async () => (await import('./order-readers.js')).connect,
  menu: async () => (await import('./menu-readers.js')).connect,
  mix: async () => (await import('./mixed-customers.js')).connect,
  'etcd-put': async () => (await import('./etcd-customers.js')).connect,
  'postgres-insert': async () => (await import('./postgres-customers.js')).connect,
};
