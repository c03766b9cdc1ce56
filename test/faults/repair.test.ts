import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect } from 'chai';
import { clusterForSuite } from '../support/cluster-suite.js';
import { STAFF_TOKEN, type Replica } from '../support/cluster.js';
import { menuOf } from '../support/customers.js';
import { FILE_DAMAGES } from '../support/file-damage.js';
import { EQUAL_TABLES, readFile } from '../support/table-files.js';
import { until } from '../support/until.js';

const MAIN = path.resolve(import.meta.dirname, '../../dist/cli/main.js');
/** ms within which a change that the file system shows must be told (design 5). */
const SEEN_WITHIN_MS = 5_000;

interface Told {
  readonly file: string;
  readonly what: string;
  readonly row?: number;
  readonly kept?: string;
  readonly advice?: string;
}

describe('faults: files of a replica that are damaged', () => {
  const suite = clusterForSuite({ frontEnds: 1 });

  const damage = (what: string, replica: Replica, file: string): void => {
    const one = FILE_DAMAGES.find((each) => each.what === what);
    if (one === undefined) throw new Error(`there is no damage called ${what}`);
    one.apply(path.join(replica.folder, file));
  };
  /** What a replica has logged of a file's damage since then. */
  const told = (replica: Replica, sinceMs: number, file: string): Told | undefined =>
    replica.process
      .log()
      .filter(({ time }) => time >= sinceMs)
      .flatMap((line) => [line['damage'], line['repaired']].flat() as (Told | undefined)[])
      .find((one) => one?.file === file);
  const untilTold = (replica: Replica, sinceMs: number, file: string): Promise<Told> =>
    until(() => told(replica, sinceMs, file), `${replica.id} tells of ${file}`);
  const aBackup = async (): Promise<Replica> => {
    const { cluster } = suite;
    const [backup] = cluster.others(await cluster.primary());
    if (backup === undefined) throw new Error('there are backups');
    return backup;
  };
  const someOrders = async (): Promise<void> => {
    const customers = await suite.customers({ writers: 3, readers: 1 });
    await customers.acknowledges(30);
    await customers.stop();
    await suite.cluster.level();
  };
  const expectEqualFiles = (): void => {
    const [first, ...others] = suite.cluster.replicas;
    for (const name of EQUAL_TABLES)
      for (const other of others)
        expect(
          readFile(other.folder, name)?.equals(readFile(first?.folder ?? '', name) ?? Buffer.alloc(0)),
          name,
        ).to.equal(true);
  };

  it('documents and outbox while running: told within 5 s, put right, and the replica goes on', async () => {
    const { cluster } = suite;
    await someOrders();
    const primary = await cluster.primary();
    const { pid } = primary.process;
    const menu = readFile(primary.folder, 'menu.csv');
    for (const [what, file] of [
      ['a row edited by hand', 'menu.csv'],
      ['deleted', 'motd.txt'],
      ['a folder in its place', 'motd.txt'],
      ['deleted', 'outbox.csv'],
    ] as const) {
      const sinceMs = Date.now();
      damage(what, primary, file);
      await untilTold(primary, sinceMs, file);
      expect(Date.now() - sinceMs, `${file} ${what}`).to.be.lessThan(SEEN_WITHIN_MS);
    }
    expect(primary.process.isRunning && primary.process.pid).to.equal(pid);
    expect(readFile(primary.folder, 'menu.csv')).to.deep.equal(menu);
    const edit = told(primary, 0, 'menu.csv');
    expect(edit?.what).to.match(/edited/);
    expect(edit?.advice).to.match(/^to make it the menu: just-hungry menu import /);

    // The command does what was said.
    const file = edit?.advice?.split(' ').at(-1) ?? '';
    const before = await menuOf(cluster);
    await execa(
      process.execPath,
      [MAIN, 'menu', 'import', file, '--config', path.join(cluster.folder, 'front-end-1.json')],
      {
        env: { JUST_HUNGRY_STAFF_TOKEN: STAFF_TOKEN, XDG_STATE_HOME: cluster.folder },
      },
    );
    const after = await menuOf(cluster);
    expect(after).to.not.deep.equal(before);
    await cluster.level();
    expectEqualFiles();
  });

  it('every other file while running: told within 5 s, nothing answered from it, equal again', async () => {
    const { cluster } = suite;
    await someOrders();
    for (const [what, file] of [
      ['a row edited by hand', 'order-status.csv'],
      ['two rows swapped', 'orders.csv'],
      ['deleted', 'replica.json'],
    ] as const) {
      const backup = await aBackup();
      const sinceMs = Date.now();
      damage(what, backup, file);
      await until(() => !backup.process.isRunning, `${backup.id} ends: ${file} ${what}`);
      expect(Date.now() - sinceMs, `${file} ${what}`).to.be.lessThan(SEEN_WITHIN_MS);
      expect(told(backup, sinceMs, file), `${file} ${what}`).to.not.equal(undefined);
      const restartedMs = Date.now();
      await backup.process.start();
      await cluster.joined(backup);
      await cluster.level();
      expectEqualFiles();
      const hasRecovered = backup.process.log().some(({ time, kind }) => time >= restartedMs && kind === 'recovering');
      // Its own journal makes a table anew: no promise is forgotten for it.
      expect(hasRecovered, `${file} ${what}`).to.equal(!file.startsWith('order'));
    }
  });

  it('the mark of the journal while running: told within 5 s, put right, and the process goes on', async () => {
    const { cluster } = suite;
    const backup = await aBackup();
    const mark = path.join(backup.folder, 'journal/synced');
    for (const what of ['deleted', 'emptied', 'one bit flipped, unseen'] as const) {
      await someOrders();
      await cluster.level();
      const sinceMs = Date.now();
      damage(what, backup, 'journal/synced');
      await until(() => told(backup, sinceMs, 'journal/synced') !== undefined, `${backup.id} tells that it is ${what}`);
      expect(Date.now() - sinceMs, what).to.be.lessThan(SEEN_WITHIN_MS);
      expect(backup.process.isRunning, what).to.equal(true);
      expect(() => JSON.parse(readFileSync(mark, 'utf8')), what).to.not.throw();
    }
    // It is believed at the next start: nothing is copied anew.
    const restartedMs = Date.now();
    await backup.process.kill();
    await backup.process.start();
    await cluster.joined(backup);
    await cluster.level();
    expect(backup.process.log().some(({ time, kind }) => time >= restartedMs && kind === 'recovering')).to.equal(false);
    expectEqualFiles();
  });

  it('at rest, many at once: each is told, none is believed, all are equal again', async () => {
    const { cluster } = suite;
    await someOrders();
    const backup = await aBackup();
    await backup.process.kill();
    await someOrdersOfTwo();
    const segment = readdirSync(path.join(backup.folder, 'journal')).find((name) => name.endsWith('.csv')) ?? '';
    const cases = [
      ['a row edited by hand', 'menu.csv'],
      ['a row duplicated', 'receipts.csv'],
      ['one bit flipped, unseen', 'orders.csv'],
      ['deleted', 'outbox.csv'],
    ] as const;
    for (const [what, file] of cases) damage(what, backup, file);
    let sinceMs = Date.now();
    await backup.process.start();
    for (const [, file] of cases) await untilTold(backup, sinceMs, file);
    expect(told(backup, sinceMs, 'receipts.csv')?.row).to.equal(3);
    await cluster.level();
    expectEqualFiles();

    await backup.process.kill();
    damage('one bit flipped, unseen', backup, `journal/${segment}`);
    sinceMs = Date.now();
    await backup.process.start();
    expect((await untilTold(backup, sinceMs, `journal/${segment}`)).row).to.equal(2);
    await cluster.joined(backup);
    await suite.check();
    expectEqualFiles();
  });

  const someOrdersOfTwo = async (): Promise<void> => {
    const customers = await suite.customers({ writers: 2, readers: 0 });
    await customers.acknowledges(10);
    await customers.stop();
  };

  it("another replica's replica.json is refused, with what to do; without it the replica copies everything", async () => {
    const { cluster } = suite;
    const backup = await aBackup();
    const other = cluster.replicas.find((one) => one !== backup) ?? backup;
    await backup.process.kill();
    cpSync(path.join(other.folder, 'replica.json'), path.join(backup.folder, 'replica.json'));
    const before = readFileSync(path.join(backup.folder, 'orders.csv'));
    let refused = '';
    await backup.process.start().catch((error: unknown) => (refused = String(error)));
    expect(refused).to.include(`is that of ${other.id}`).and.to.include('remove replica.json');
    expect(readFileSync(path.join(backup.folder, 'orders.csv')).equals(before), 'nothing is touched').to.equal(true);
    rmSync(path.join(backup.folder, 'replica.json'));
    await backup.process.start();
    await cluster.joined(backup);
    await suite.check();
  });
});
