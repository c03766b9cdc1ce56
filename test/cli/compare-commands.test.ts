import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { v7 as uuidV7 } from 'uuid';
import { createOperationsClient } from '../../src/net/operations-client.js';
import { ORDERING } from '../../src/services/ordering/ordering.js';
import { Rig, TOKEN } from '../net/support/rig.js';
import { waitingList } from '../examples/waiting-list/hosted.js';
import { runCommand, temporaryFolder } from './support/command-run.js';

const IDS = ['replica-1', 'replica-2', 'replica-3'];

/** Real servers: two replicas share one state, the third has a state of its own. */
describe('commands that compare copies', () => {
  let folder: string;
  let config: string;
  let two: Rig;
  let one: Rig;
  /** By replica. */
  let addresses: string[];

  beforeEach(async () => {
    folder = temporaryFolder();
    [two, one] = await Promise.all([Rig.start(), Rig.start()]);
    addresses = [two.replicas[0]?.address ?? '', two.replicas[1]?.address ?? '', one.replicas[2]?.address ?? ''];
    config = path.join(folder, 'cluster.json');
    writeFileSync(
      config,
      JSON.stringify({
        token: TOKEN.padEnd(20, '-'),
        frontEnds: [{ id: 'front-end-1', address: '127.0.0.1:1' }],
        replicas: IDS.map((id, at) => ({ id, address: addresses[at], resources: id })),
      }),
    );
  });
  afterEach(async () => {
    await Promise.all([two.stop(), one.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (...args: string[]) =>
    runCommand([...args, '--config', config], { inspector: (address) => createOperationsClient(address, TOKEN) });
  const json = async (...args: string[]) => {
    const { stdout, exitCode } = await run(...args, '--json');
    return { exitCode, value: JSON.parse(stdout) as Record<string, never> };
  };
  /** The same order at the same time in each rig. */
  const order = (rigs: readonly Rig[], item = 'Tomato Soup', orderId = randomUUID()): string => {
    for (const { cluster } of rigs)
      cluster.write({
        kind: 'write',
        service: ORDERING,
        request: {
          requestId: orderId,
          copiesNeeded: 2,
          body: {
            kind: 'makeOrder',
            orderId,
            userCode: 'ann',
            lines: [{ item, quantity: 1, pricePence: item === 'Tomato Soup' ? 450 : 1195 }],
            postCode: 'DH1 1JN',
            postcodeVerdict: 'valid',
            postcodeReason: '',
            notes: '',
          },
        },
        deadlineWallMs: Date.now() + 1_000,
        done: () => undefined,
      });
    return orderId;
  };

  it('verify: false first when a copy differs, who holds what, exit 1', async () => {
    order([two], 'Tomato Soup');
    order([one], 'Fish Pie');
    const { stdout, exitCode } = await run('verify');
    expect(exitCode).to.equal(1);
    expect(stdout).to.match(/^false\n/);
    expect(stdout).to.match(
      /orders\.csv differs: replica-1 and replica-2 hold \d+ bytes .*; replica-3 holds \d+ bytes/,
    );
    expect(stdout).to.match(/menu\.csv differs/);
    expect(stdout).to.match(/just-hungry diff replica-1 replica-3/);
    const { value } = await json('verify');
    expect(value).to.include({ equal: false, verdict: 'different', op: 2 });
  });

  it('verify: true first when all are equal, with counts per replica, exit 0; with --deep read from the disks', async () => {
    await one.stop();
    one = two;
    addresses[2] = two.replicas[2]?.address ?? '';
    const text = JSON.stringify({
      token: TOKEN.padEnd(20, '-'),
      frontEnds: [{ id: 'front-end-1', address: '127.0.0.1:1' }],
      replicas: IDS.map((id, at) => ({ id, address: addresses[at], resources: id })),
    });
    writeFileSync(config, text);
    order([two]);
    order([two]);
    const { stdout, exitCode } = await run('verify', '--deep');
    expect(exitCode).to.equal(0);
    expect(stdout).to.match(/^true\n\nAll 3 copies are equal at op 3\.\nRead from the disks: 3 copies/);
    expect(stdout.match(/^replica-\d +2 +0 +0 +2 +[0-9a-f]{12}$/gm)).to.have.length(3);
    const { value } = await json('verify');
    expect(value).to.deep.include({ equal: true, verdict: 'equal', differences: [] });
    await two.stopReplica(2);
    const less = await run('verify', '--wait', '1');
    expect(less.exitCode).to.equal(1);
    expect(less.stdout).to.match(/^unknown\n\nreplica-1 and replica-2 are equal at op 3; the others were not compared/);
  });

  it('diff: rows that differ, in both directions; equal copies: exit 0', async () => {
    const same = randomUUID();
    order([two], 'Tomato Soup', same);
    order([one], 'Fish Pie', same);
    const { stdout, exitCode } = await run('diff', 'replica-1', 'replica-3');
    expect(exitCode).to.equal(1);
    expect(stdout).to.match(/^replica-1 and replica-3 differ at op 2\./);
    expect(stdout).to.match(/orders\.csv: 1 row\n {2}differs in item, price, total/);
    expect(stdout).to.match(
      /menu\.csv: 1 row\n {2}differs in stock:\n.*Fish Pie,11\.95,Mains,,Fish;Milk,5\n.*Fish;Milk,4/,
    );
    const { value } = await json('diff', 'replica-3', 'replica-1');
    const files = value['files'] as unknown as { file: string; different: { a: string; columns: string[] }[] }[];
    const found = files.find(({ file }) => file === 'orders.csv');
    expect(found?.different[0]?.a).to.match(/Fish Pie/);
    expect(value['equal']).to.equal(false);
    const equal = await run('diff', 'replica-1', 'replica-2');
    expect(equal).to.include({ exitCode: 0, stdout: 'replica-1 and replica-2 are equal at op 2.\n' });
  });

  it('diff: an unknown replica, or twice the same, is wrong usage; one that cannot be had says why', async () => {
    expect(await run('diff', 'replica-1', 'replica-9')).to.include({ exitCode: 2 });
    expect(await run('diff', 'replica-1', 'replica-1')).to.include({ exitCode: 2 });
    await one.stopReplica(2);
    const { exitCode, stderr } = await run('diff', 'replica-1', 'replica-3');
    expect(exitCode).to.equal(1);
    expect(stderr).to.match(/connection refused|no folders in this test/);
  });

  it('explain: the order, its steps and copies; copies that say otherwise; exit 1 for what nobody knows', async () => {
    const both = order([two], 'Tomato Soup');
    const { stdout, exitCode } = await run('explain', both);
    expect(exitCode).to.equal(0);
    expect(stdout).to.match(new RegExp(`^Order ${both} of ann: placed\\n1 × Tomato Soup, £4\\.50`));
    expect(stdout).to.match(/No failover since it was placed|1 failover since/);
    expect(stdout).to.match(/not in its tables/);
    const { value } = await json('explain', both);
    expect(value).to.include({ found: true, answered_by: 'replica-1' });
    const unknown = await run('explain', randomUUID());
    expect(unknown).to.include({ exitCode: 1 });
    expect(unknown.stdout).to.match(/no replica knows it, up to op 2\./);
    expect(await run('explain', 'soup')).to.include({ exitCode: 2 });
  });
});

/** As above, with a service of test/examples besides food ordering. */
describe('commands that compare copies: other services', () => {
  let folder: string;
  let config: string;
  let two: Rig;
  let one: Rig;
  beforeEach(async () => {
    folder = temporaryFolder();
    [two, one] = await Promise.all([Rig.start([waitingList]), Rig.start([waitingList])]);
    config = path.join(folder, 'cluster.json');
    const addresses = [two.replicas[0]?.address, two.replicas[1]?.address, one.replicas[2]?.address];
    writeFileSync(
      config,
      JSON.stringify({
        token: TOKEN.padEnd(20, '-'),
        frontEnds: [{ id: 'front-end-1', address: '127.0.0.1:1' }],
        replicas: IDS.map((id, at) => ({ id, address: addresses[at], resources: id })),
      }),
    );
  });
  afterEach(async () => {
    await Promise.all([two.stop(), one.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });
  const run = (...args: string[]) =>
    runCommand([...args, '--config', config], { inspector: (address) => createOperationsClient(address, TOKEN) });
  const join = (rigs: readonly Rig[], name: string, requestId = uuidV7()): string => {
    for (const { cluster } of rigs)
      cluster.write({
        kind: 'write',
        service: 'waiting-list',
        request: { requestId, copiesNeeded: 2, body: { kind: 'join', name, party: 2 } },
        deadlineWallMs: Date.now() + 1_000,
        done: () => undefined,
      });
    return requestId;
  };

  it('verify: counts of each service', async () => {
    join([two], 'Ann');
    join([one], 'Bob');
    const { stdout } = await run('verify');
    expect(stdout).to.match(/^false\n/);
    expect(stdout).to.match(/waiting-list\.csv differs: replica-1 and replica-2 hold/);
    expect(stdout).to.match(/^waiting-list +guests 1, seated 0 +guests 1, seated 0 +guests 1, seated 0$/m);
    const { replicas } = JSON.parse((await run('verify', '--json')).stdout) as { replicas: Record<string, unknown>[] };
    expect(replicas[0]).to.deep.include({ services: { 'waiting-list': { guests: 1, seated: 0 } } });
    expect(replicas[0]?.['counts']).to.include({ orders: 0, menu_items: 2 });
  });

  it('diff: rows of any table, its columns by their names', async () => {
    const id = uuidV7();
    join([two], 'Ann', id);
    join([one], 'Bob', id);
    const { stdout, exitCode } = await run('diff', 'replica-1', 'replica-3');
    expect(exitCode).to.equal(1);
    expect(stdout).to.match(/waiting-list\.csv: 1 row\n {2}differs in name:\n.*Ann.*\n.*Bob/);
    expect(stdout).to.match(/waiting-list-requests\.csv: 1 row\n {2}differs in content, answer:/);
  });

  it('explain: the request of any service', async () => {
    const id = join([two], 'Ann');
    const { stdout, exitCode } = await run('explain', id);
    expect(exitCode).to.equal(0);
    expect(stdout).to.match(new RegExp(`^Request ${id} of the service waiting-list: done at op 2\\.`));
    expect(stdout).to.match(/^ *2 +0 +replica-1 +waiting-list +[0-9a-f]{32}$/m);
    expect(stdout).to.match(/journal, by .*not in its tables/);
    expect(stdout).to.match(/No failover since it was done|1 failover since it was done/);
  });
});
