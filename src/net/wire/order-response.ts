import type { Order } from '../../services/ordering/replies.js';
import type { Receipt } from '../../vsr/effect.js';
import { WIRE_VERDICT } from '../ordering-enums.js';
import { STATUS_NUMBER, VERDICT_NUMBER } from './wire-enums.js';
import { wireWriter, type WireWriter } from './wire-writer.js';

/** A MakeOrderResponse, and any other that has the order as field 1 and its receipt as field 2. */
export function writeOrderResponse(order: Order, receipt: Receipt | undefined): Buffer {
  const writer = wireWriter();
  writer.begin(1, 2);
  writeOrder(writer, order);
  writer.end();
  if (receipt !== undefined) {
    writer.begin(2);
    writeReceipt(writer, receipt);
    writer.end();
  }
  return writer.take();
}

function writeOrder(writer: WireWriter, order: Order): void {
  writer.text(1, order.orderId);
  writer.text(2, order.userCode);
  for (const { item, quantity, pricePence } of order.lines) {
    writer.begin(3);
    writer.text(1, item);
    writer.int32(2, quantity);
    writer.int32(3, pricePence);
    writer.end();
  }
  writer.natural(4, order.totalPence);
  writer.text(5, order.postCode);
  writer.int32(6, VERDICT_NUMBER[WIRE_VERDICT[order.postcodeCheck]]);
  if (order.contact !== undefined) {
    const { name, phone, address } = order.contact;
    writer.begin(7);
    writer.text(1, name);
    writer.text(2, phone);
    writer.text(3, address);
    writer.end();
  }
  writer.text(8, order.notes);
  writer.text(9, order.placedAt);
  writer.int32(10, STATUS_NUMBER[order.status]);
  writer.natural(11, order.op);
  writer.bool(12, order.unconfirmed === true);
  writer.text(13, order.reason);
}

function writeReceipt(writer: WireWriter, { op, view, copies, committed, chain }: Receipt): void {
  writer.natural(1, op);
  writer.natural(2, view);
  writer.natural(3, copies);
  writer.bool(4, committed);
  writer.text(5, chain);
}
