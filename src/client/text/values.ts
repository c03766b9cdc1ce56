import { poundsOfPence } from '../../services/ordering/money.js';

/** Pence as people read them: `£12.40`. */
export function pounds(pence: number): string {
  return `£${poundsOfPence(pence)}`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** Time of day of an RFC 3339 time in this computer's zone, `12:03:04`; the text itself when it is no time. */
export function clockTime(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Day and time of an RFC 3339 time in this computer's zone, `2026-11-21 12:03`; the text itself when it is no time. */
export function dayAndTime(time: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The first eight characters of an order's id: enough to tell a customer's orders apart. */
export function shortId(orderId: string): string {
  return orderId.slice(0, 8);
}

/** `1 order`, `2 orders`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
