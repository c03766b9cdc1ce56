import { assertNever } from '../../base/assert.js';
import type { Document, ServiceFiles } from '../../base/service.js';
import { RequestTable } from '../request-table.js';
import { Menu } from './menu.js';
import { MENU_FILE, MOTD_FILE } from './menu-file.js';
import { OrderStore } from './order-store.js';
import { orderOf } from './placed-order.js';
import { RefusedTable } from './refused-table.js';
import type { SetMenuReply, SetMotdReply } from './replies.js';
import type { MenuItem } from './requests.js';
import { isoTime } from './times.js';
import type { StockLeft, Update } from './updates.js';

/** What a request of the request table was answered. */
export type RememberedAnswer = SetMenuReply | SetMotdReply;

/** Where an update stands in the log. */
export interface UpdatePlace {
  readonly op: number;
  readonly timeMs: number;
  readonly requestId: string;
}

/** The state that follows the commit number: what queries see and what the files hold. */
export class CommittedState {
  readonly orders: OrderStore;
  readonly refusals: RefusedTable;
  readonly requests = new RequestTable<RememberedAnswer>();
  menu = new Menu([]);
  /** 0 before the founding entry. */
  menuVersion = 0;
  motd = '';
  motdVersion = 0;
  /** Op of the last entry that was applied; 0 for none. */
  op = 0;
  readonly menuDocument: Document;
  readonly motdDocument: Document;

  constructor(files: ServiceFiles, indexFrameRecords?: number) {
    this.orders = new OrderStore(files, indexFrameRecords);
    this.refusals = new RefusedTable(files);
    this.menuDocument = files.document(MENU_FILE);
    this.motdDocument = files.document(MOTD_FILE);
  }

  /** Applies the update of a committed entry: memory, rows and documents. */
  apply(update: Update, place: UpdatePlace): void {
    const { op, timeMs, requestId } = place;
    this.op = op;
    switch (update.kind) {
      case 'order':
        this.orders.place(orderOf(update, place), update.limited ?? [], placingTime(update, timeMs));
        this.#setStock(update.stock);
        return;
      case 'status': {
        const { order: orderId, status, check, reason } = update;
        this.orders.change({ op, requestId, orderId, status, check, reason, at: isoTime(timeMs) });
        this.#setStock(update.stock);
        return;
      }
      case 'menu': {
        const { version, items, content } = update;
        this.setMenu(items, version);
        this.requests.commit(requestId, { op, timeMs, content, answer: { menuVersion: version } });
        return;
      }
      case 'motd': {
        const { version, motd, content } = update;
        this.setMotd(motd, version);
        this.requests.commit(requestId, { op, timeMs, content, answer: { motdVersion: version } });
        return;
      }
      case 'refused':
        this.refusals.append(op, requestId, update);
        return;
      default:
        assertNever(update);
    }
  }

  /** Replaces the menu and its document. */
  setMenu(items: readonly MenuItem[], version: number): void {
    this.menu = new Menu(items);
    this.menuVersion = version;
    this.menuDocument.write(this.menu.render());
  }

  /** Replaces the message of the day and its document. */
  setMotd(motd: string, version: number): void {
    this.motd = motd;
    this.motdVersion = version;
    this.motdDocument.write(motd);
  }

  #setStock(stock: readonly StockLeft[] | undefined): void {
    if (stock === undefined || stock.length === 0) return;
    for (const [item, left] of stock) this.menu.setStock(item, left);
    this.menuDocument.write(this.menu.render());
  }
}

/** An order that was placed has its original time in its history; a rejection happens at the entry's time. */
function placingTime({ rejected, placedMs }: { rejected?: string; placedMs?: number }, timeMs: number): string {
  return isoTime(rejected === undefined ? (placedMs ?? timeMs) : timeMs);
}
