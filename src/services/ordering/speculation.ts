import { assert, assertNever } from '../../base/assert.js';
import type { UpdatePlace } from './committed-state.js';
import { Menu } from './menu.js';
import type { OrderStatus } from './order-status.js';
import type { PostcodeVerdict } from './postcode-verdict.js';
import type { OrderUpdate, RefusedUpdate, StatusUpdate, Update } from './updates.js';

/** An update that is not committed yet. */
export interface SpeculativeEntry<U extends Update = Update> extends UpdatePlace {
  readonly update: U;
  /** The update as the entry holds it. */
  readonly text: string;
}

/** What may change of an order. */
export interface OrderState {
  readonly status: OrderStatus;
  readonly check: PostcodeVerdict;
}

type Decision = OrderUpdate | StatusUpdate | RefusedUpdate;

/**
 * The layer over committed state at the primary. Every value knows the op that set it last: when that op commits, the
 * value below is the same and the layer's goes.
 */
export class Speculation {
  readonly #entries = new Map<number, SpeculativeEntry>();
  readonly #decisions = new Map<string, SpeculativeEntry<Decision>>();
  readonly #orderStates = new Map<string, OrderState & { op: number }>();
  readonly #stock = new Map<string, { op: number; left: number }>();
  #menu: { op: number; menu: Menu; version: number } | undefined;
  #motdVersion: { op: number; version: number } | undefined;
  #lastOp = 0;

  /** Adds the update of the next entry. */
  add(entry: SpeculativeEntry): void {
    const { op, requestId, update } = entry;
    assert(op > this.#lastOp, 'entries are speculated in op order');
    this.#lastOp = op;
    this.#entries.set(op, entry);
    switch (update.kind) {
      case 'order': {
        this.#decisions.set(requestId, { ...entry, update });
        const status = update.rejected === undefined ? 'placed' : 'rejected';
        this.#orderStates.set(requestId, { op, status, check: update.check });
        break;
      }
      case 'status':
        this.#decisions.set(requestId, { ...entry, update });
        this.#orderStates.set(update.order, { op, status: update.status, check: update.check });
        break;
      case 'refused':
        this.#decisions.set(requestId, { ...entry, update });
        return;
      case 'menu':
        this.#menu = { op, menu: new Menu(update.items), version: update.version };
        this.#stock.clear();
        return;
      case 'motd':
        this.#motdVersion = { op, version: update.version };
        return;
      default:
        assertNever(update);
    }
    for (const [item, left] of update.stock ?? []) this.#stock.set(item, { op, left });
  }

  /** Takes the entry of an op that commits out of the layer; `undefined` when the layer is empty. */
  fold(op: number): SpeculativeEntry | undefined {
    if (this.#entries.size === 0) return undefined;
    const entry = this.#entries.get(op);
    assert(entry !== undefined, 'what commits under speculation was speculated');
    this.#entries.delete(op);
    this.#decisions.delete(entry.requestId);
    const { update } = entry;
    if (update.kind === 'menu' && this.#menu?.op === op) this.#menu = undefined;
    if (update.kind === 'motd' && this.#motdVersion?.op === op) this.#motdVersion = undefined;
    if (update.kind === 'order' || update.kind === 'status') {
      const orderId = update.kind === 'order' ? entry.requestId : update.order;
      if (this.#orderStates.get(orderId)?.op === op) this.#orderStates.delete(orderId);
      for (const [item] of update.stock ?? []) if (this.#stock.get(item)?.op === op) this.#stock.delete(item);
    }
    return entry;
  }

  /** Forgets everything. */
  drop(): void {
    this.#entries.clear();
    this.#decisions.clear();
    this.#orderStates.clear();
    this.#stock.clear();
    this.#menu = undefined;
    this.#motdVersion = undefined;
    this.#lastOp = 0;
  }

  /** The order, change or refusal that a request of this id became. */
  decision(requestId: string): SpeculativeEntry<Decision> | undefined {
    return this.#decisions.get(requestId);
  }

  /** Status and verdict of an order that this layer placed or changed. */
  orderState(orderId: string): OrderState | undefined {
    return this.#orderStates.get(orderId);
  }

  /** Portions left of an item that this layer sold or returned since its menu. */
  stockLeft(item: string): number | undefined {
    return this.#stock.get(item)?.left;
  }

  /** The menu that this layer set, with its stock as given. */
  get menu(): { readonly menu: Menu; readonly version: number } | undefined {
    return this.#menu;
  }

  /** Version of the message of the day that this layer set. */
  get motdVersion(): number | undefined {
    return this.#motdVersion?.version;
  }
}
