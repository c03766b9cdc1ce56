import { expect } from 'chai';
import { OutboxFile, readOutbox } from '../../src/storage/outbox-file.js';
import { itemOf } from '../contract/replica-storage.js';
import { firstEntries, simulated } from '../support/storage-folders.js';

describe('outbox file', () => {
  it('outbox: adds and settles one after the other (both asked for at once, any order of the disk)', async () => {
    const items = firstEntries(3).map(itemOf);
    const [first, second, third] = items.map(({ requestId }) => requestId);
    for (const isLastFirst of [false, true]) {
      const { fileSystem, folder } = simulated();
      const outbox = new OutboxFile(fileSystem, folder, [], true);
      await outbox.add(items.slice(0, 2));
      fileSystem.holdAsync = true;
      let isDone = false;
      const both = Promise.allSettled([outbox.settle([first ?? '']), outbox.add(items.slice(2))]).finally(() => {
        isDone = true;
      });
      while (!isDone) {
        // Everything that can go on without the disk does; then the disk ends one call.
        await new Promise((resolve) => setImmediate(resolve));
        const call = isLastFirst ? fileSystem.pending.pop() : fileSystem.pending.shift();
        call?.release();
      }
      for (const { status } of await both) expect(status).to.equal('fulfilled');
      const ids = readOutbox(fileSystem, folder).items.map(({ requestId }) => requestId);
      expect(ids).to.deep.equal([second, third]);
    }
  });
});
