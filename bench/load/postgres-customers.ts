import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { connectionSettings, INSERT_ORDER } from '../subjects/postgres-orders.js';
import { orderRequest } from '../order.js';
import type { Connect } from './customers.js';

/** Customers who insert orders into PostgreSQL: one connection each, a prepared statement, one row and one transaction an order. */
export const connect: Connect = async ({ customers, target }) => {
  const pool = new pg.Pool({ ...connectionSettings(target.addresses[0] ?? ''), max: customers, min: customers });
  // A connection that breaks fails the call on it; without a listener it would end the process.
  pool.on('error', () => undefined);
  const clients = await Promise.all(Array.from({ length: customers }, () => pool.connect()));
  const contents = Array.from({ length: customers }, (_, index) => contentOf(index));
  let acknowledged = 0;
  return {
    call(index, done) {
      const values = [randomUUID(), ...(contents[index] ?? [])];
      const client = clients[index];
      if (client === undefined) throw new Error(`customer ${index} has no connection`);
      client.query({ name: 'make-order', text: INSERT_ORDER, values }, (error: Error | null, result) => {
        // The driver hands over `null` or nothing when all is well.
        const problem = error?.message ?? (result.rowCount === 1 ? undefined : `${result.rowCount} rows were inserted`);
        if (problem === undefined) acknowledged++;
        done(problem);
      });
    },
    acknowledged: () => acknowledged,
    async close() {
      for (const client of clients) client.release();
      await pool.end();
    },
  };
};

/** The columns of a customer's orders behind the id. */
function contentOf(customer: number): readonly (string | number)[] {
  const { user_code = '', lines = [], post_code = '' } = orderRequest(customer);
  const total = lines.reduce((sum, { quantity = 0, price_pence = 0 }) => sum + quantity * price_pence, 0);
  return [user_code, JSON.stringify(lines), total, post_code];
}
