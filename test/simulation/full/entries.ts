import { encodeEntry, GENESIS_CHAIN, type Entry } from '../../../src/base/entry.js';
import { op, view } from '../../../src/base/numbers.js';
import { encodeUpdate, type Update } from '../../../src/services/ordering/updates.js';
import { MENU } from './workloads/ordering-requests.js';

/** Entries as a primary would write them, by hand: for tests of what checks them. */
export class HandWrittenLog {
  readonly entries: Entry[] = [];

  /** Adds the founding: op 1 with the menu of requests.ts, op 2. */
  found(): this {
    const seeds = { ordering: JSON.stringify({ menu: MENU, motd: 'Welcome' }) };
    this.add('', 'core', { kind: 'founding', clusterId: 'c', seeds });
    this.add('', 'core', { kind: 'founded' });
    return this;
  }

  /** Adds an update of ordering; returns its entry. */
  ordering(requestId: string, update: Update): Entry {
    return this.#add(requestId, 'ordering', encodeUpdate(update));
  }

  add(requestId: string, service: string, update: object): Entry {
    return this.#add(requestId, service, JSON.stringify(update));
  }

  #add(requestId: string, service: string, update: string): Entry {
    const at = this.entries.length + 1;
    const head = { op: op(at), view: view(1), timeMs: at * 1_000, requestId, service, update };
    const entry = encodeEntry(head, this.entries.at(-1)?.chain ?? GENESIS_CHAIN);
    this.entries.push(entry);
    return entry;
  }
}
