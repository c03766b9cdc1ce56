import { unlinkSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { op } from '../../src/base/numbers.js';
import { DamagedFileError } from '../../src/base/service.js';
import { openReplicaStorage } from '../../src/storage/replica-storage.js';
import { firstEntries, onDisk, promises } from '../support/storage-folders.js';

describe('storage: what may not be believed', () => {
  it('load: a folder that an fsync failed in is damaged, and stays so over starts', async () => {
    const disk = onDisk();
    const { fileSystem, folder } = disk;
    const storage = openReplicaStorage(fileSystem, folder);
    await storage.load();
    await storage.initialise(promises(3), firstEntries(4));
    storage.close();

    const distrusting = openReplicaStorage(fileSystem, folder);
    const loaded = await distrusting.load('an fsync has failed');
    expect(loaded.kind).to.equal('damaged');
    expect(loaded.kind === 'damaged' && loaded.durable?.view).to.equal(3);
    distrusting.close();

    const again = openReplicaStorage(fileSystem, folder);
    expect((await again.load()).kind).to.equal('damaged');
    await again.initialise(promises(5, 0, true), []);
    again.close();
    disk.dispose();
  });

  it('append: entries fsynced to a journal that was deleted do not count', async () => {
    const disk = onDisk();
    const { fileSystem, folder } = disk;
    const storage = openReplicaStorage(fileSystem, folder);
    await storage.load();
    const [first, second, ...rest] = firstEntries(4);
    if (first === undefined || second === undefined) throw new Error('four entries were made');
    await storage.initialise(promises(0), [first]);
    await storage.append([second], op(1));
    for (const name of fileSystem.list(path.join(folder, 'journal')))
      if (name.endsWith('.csv')) unlinkSync(path.join(folder, 'journal', name));
    let thrown: unknown;
    await storage.append(rest, op(1)).catch((error: unknown) => (thrown = error));
    expect(thrown).to.be.instanceOf(DamagedFileError);
    storage.close();
    disk.dispose();
  });
});
