import type { Contact__Output } from '../generated/justhungry/v1/Contact.js';
import type { MakeOrderRequest__Output } from '../generated/justhungry/v1/MakeOrderRequest.js';
import type { OrderLine__Output } from '../generated/justhungry/v1/OrderLine.js';
import { WireReader } from './wire-reader.js';

/** The MakeOrderRequest of these bytes, checked and read in one pass. Throws MalformedError. */
export function readMakeOrderRequest(bytes: Buffer): MakeOrderRequest__Output {
  const reader = new WireReader(bytes);
  const lines: OrderLine__Output[] = [];
  let orderId = '';
  let userCode = '';
  let postCode = '';
  let notes = '';
  let writeConcern = '';
  let contact: Contact__Output | null = null;
  while (reader.more()) {
    switch (reader.field()) {
      case 1:
        orderId = reader.text('order_id');
        break;
      case 2:
        userCode = reader.text('user_code');
        break;
      case 3:
        lines.push(reader.message('lines', readLine));
        break;
      case 4:
        postCode = reader.text('post_code');
        break;
      case 5:
        contact = reader.message('contact', readContact);
        break;
      case 6:
        notes = reader.text('notes');
        break;
      case 7:
        writeConcern = reader.text('write_concern');
        break;
      default:
        reader.skip();
    }
  }
  return {
    order_id: orderId,
    user_code: userCode,
    lines,
    post_code: postCode,
    contact,
    notes,
    write_concern: writeConcern,
  };
}

function readLine(reader: WireReader): OrderLine__Output {
  const line = { item: '', quantity: 0, price_pence: 0 };
  while (reader.more()) {
    switch (reader.field()) {
      case 1:
        line.item = reader.text('item');
        break;
      case 2:
        line.quantity = reader.int32('quantity');
        break;
      case 3:
        line.price_pence = reader.int32('price_pence');
        break;
      default:
        reader.skip();
    }
  }
  return line;
}

function readContact(reader: WireReader): Contact__Output {
  const contact = { name: '', phone: '', address: '' };
  while (reader.more()) {
    switch (reader.field()) {
      case 1:
        contact.name = reader.text('name');
        break;
      case 2:
        contact.phone = reader.text('phone');
        break;
      case 3:
        contact.address = reader.text('address');
        break;
      default:
        reader.skip();
    }
  }
  return contact;
}
