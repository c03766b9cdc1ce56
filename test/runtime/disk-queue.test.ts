import { expect } from 'chai';
import { encodeEntry, GENESIS_CHAIN, type Entry } from '../../src/base/entry.js';
import { op, view } from '../../src/base/numbers.js';
import type { OutboxItem } from '../../src/base/service.js';
import { DiskFullError } from '../../src/ports/storage.js';
import { DiskQueue } from '../../src/runtime/disk-queue.js';
import { systemTimers } from '../../src/runtime/system-timers.js';

const item = (requestId: string): OutboxItem => ({
  requestId,
  service: 'ordering',
  update: '{}',
  timeMs: 1,
  view: view(0),
  op: op(0),
});
const entry = (at: number): Entry =>
  encodeEntry({ op: op(at), view: view(0), timeMs: 1, requestId: '', service: 'x', update: '' }, GENESIS_CHAIN);

/** A queue over a disk that writes down what it is asked to, and fails as told. */
function queueOver(fail: (what: string) => Error | undefined = () => undefined) {
  const told: string[] = [];
  let underWay = 0;
  const write = async (what: string): Promise<void> => {
    told.push(what);
    expect(++underWay, 'one write at a time').to.equal(1);
    await new Promise((resolve) => setImmediate(resolve));
    underWay--;
    const error = fail(what);
    if (error !== undefined) throw error;
  };
  const queue = new DiskQueue(
    {
      append: (entries) => write(`append ${entries.map(({ op: at }) => at).join('+')}`),
      appendOutbox: (items) => write(`outbox ${items.map(({ requestId }) => requestId).join('+')}`),
    },
    {
      onAppended: (at) => told.push(`appended ${at}`),
      onTransitionDone: (number) => told.push(`done ${number}`),
      onOutboxAppended: (ids) => told.push(`in the outbox ${ids.join('+')}`),
      onOutboxFull: (ids) => told.push(`no room for ${ids.join('+')}`),
      onDiskFull: () => told.push('disk full'),
      onDiskSlow: () => undefined,
      onFailed: (error) => told.push(`failed: ${(error as Error).message}`),
    },
    systemTimers,
  );
  return { queue, told, write };
}

describe('disk queue: the outbox', () => {
  it('what waits is written as one, in its place among appends and transitions', async () => {
    const { queue, told, write } = queueOver();
    queue.append([entry(1)], op(0));
    queue.appendOutbox([item('a')]);
    queue.appendOutbox([item('b'), item('c')]);
    queue.transition(1, () => write('transition'));
    queue.appendOutbox([item('d')]);
    await queue.idle();
    expect(told).to.deep.equal([
      'append 1',
      'appended 1',
      'outbox a+b+c',
      'in the outbox a+b+c',
      'transition',
      'done 1',
      'outbox d',
      'in the outbox d',
    ]);
  });

  it('without room the rows are given up, and nothing behind them is', async () => {
    let isFull = true;
    const { queue, told } = queueOver((what) =>
      what.startsWith('outbox') && isFull ? new DiskFullError() : undefined,
    );
    queue.appendOutbox([item('a')]);
    queue.append([entry(1)], op(0));
    await queue.idle();
    isFull = false;
    queue.appendOutbox([item('b')]);
    await queue.idle();
    expect(told).to.deep.equal(['outbox a', 'no room for a', 'append 1', 'appended 1', 'outbox b', 'in the outbox b']);
  });

  it('any other error is final: nothing more is written or told', async () => {
    const { queue, told } = queueOver(() => new Error('EIO'));
    queue.appendOutbox([item('a')]);
    queue.append([entry(1)], op(0));
    await queue.idle();
    queue.appendOutbox([item('b')]);
    await queue.idle();
    expect(told).to.deep.equal(['outbox a', 'failed: EIO']);
  });
});
