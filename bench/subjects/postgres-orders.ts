import type { ClientConfig } from 'pg';

/** The database and its only user; connections are trusted, as they come over the loopback of this machine alone. */
export const DATABASE = 'postgres';
export const DATABASE_USER = 'bench';

/** An order as a table keeps it; the time is the server's. */
export const CREATE_ORDERS = `create table orders (
  order_id uuid primary key,
  user_code text not null,
  lines text not null,
  total_pence bigint not null,
  post_code text not null,
  postcode_check text not null,
  placed_at timestamptz not null default now()
)`;

/** One order: id, user code, lines as JSON, total in pence, postcode. */
export const INSERT_ORDER =
  "insert into orders (order_id, user_code, lines, total_pence, post_code, postcode_check) values ($1, $2, $3, $4, $5, 'valid')";

/** How to reach a server at HOST:PORT. */
export function connectionSettings(address: string): ClientConfig {
  const [host, port] = address.split(':');
  return { host: host ?? '', port: Number(port), user: DATABASE_USER, database: DATABASE, application_name: 'bench' };
}
