import { CUSTOMERS } from './customers.js';
import { measureCalls } from './measurement.js';
import type { LoadMessage, LoadOrder } from './protocol.js';

/**
 * The load generator, a process of its own: the same customers for whatever is measured. Takes LoadOrders over IPC, one at a time,
 * and answers each with LoadMessages, of which `result` or `failed` is the last.
 */

const tell = (message: LoadMessage): void => {
  process.send?.(message);
};

async function run(load: LoadOrder): Promise<void> {
  const connect = await CUSTOMERS[load.calls]();
  const customers = await connect(load);
  try {
    tell({ kind: 'result', result: await measureCalls(customers, load, tell) });
  } finally {
    await customers.close();
  }
}

process.on('disconnect', () => process.exit(0));
process.on('message', (load: LoadOrder) => {
  run(load).catch((error: unknown) => tell({ kind: 'failed', why: String((error as Error).stack) }));
});
