import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { OrderView } from '../../src/ports/ordering-client.js';
import { FakeRestaurant, refused, unknownOutcome } from '../support/ordering-client-fake.js';
import { runCommand, temporaryFolder } from './support/command-run.js';

const ORDER = ['order', 'dal tadka=2', 'Garlic Naan', '--user', 'ann', '--postcode', 'DH1 1JN'];
const UNKNOWN_ID = '11111111-1111-4111-8111-111111111111';

describe('commands', () => {
  let folder: string;
  let restaurant: FakeRestaurant;
  let env: Record<string, string>;
  beforeEach(() => {
    folder = temporaryFolder();
    restaurant = new FakeRestaurant();
    env = { XDG_STATE_HOME: folder };
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (...argv: string[]) => runCommand(argv, { restaurant, env });
  const json = (text: string): unknown => JSON.parse(text);

  it('menu: aligned text for people (snapshot)', async () => {
    const { exitCode, stdout, stderr } = await run('menu');
    expect(stdout.split('\n')).to.deep.equal([
      'Curries',
      '  Dal Tadka                £6.95  Yellow lentils (milk)',
      '',
      'Sides',
      '  Garlic Naan              £3.10  (gluten, milk)',
      '',
      'Specials',
      '  Goan Fish Fry           £12.95  Today [3 left]',
      '  "Half & Half", for two  £18.50  [sold out]',
      '',
    ]);
    expect([exitCode, stderr]).to.deep.equal([0, '']);
    expect(restaurant.isClosed).to.equal(true);
  });

  it('menu --json: what the contract says, on one line', async () => {
    const { stdout } = await run('menu', '--json');
    expect(stdout.trimEnd().split('\n')).to.have.length(1);
    expect(json(stdout)).to.have.all.keys('items', 'menu_version', 'as_of', 'consistency');
    expect(json(stdout)).to.have.nested.property('items[0].price_pence', 695);
  });

  it('reads below a majority: fall back to any, labelled on stderr and in the JSON', async () => {
    restaurant.isAlone = true;
    for (const argv of [['menu'], ['motd'], ['orders', '--user', 'ann']]) {
      const { exitCode, stdout, stderr } = await run(...argv, '--json');
      expect(exitCode, argv[0]).to.equal(0);
      expect(json(stdout)).to.include({ consistency: 'any' });
      expect(stderr).to.match(/^as of op 2, \d\d:\d\d:\d\d, may be incomplete: Only 1 of 3/);
    }
  });

  it('reads that nothing can answer: exit 1 and one line with the reason', async () => {
    restaurant.fault = () => refused('NO_PRIMARY', 'No front end answers: start one.', 'UNAVAILABLE');
    const { exitCode, stdout, stderr } = await run('menu');
    expect([exitCode, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.equal('just-hungry: No front end answers: start one. [NO_PRIMARY]\n');
  });

  it('menu export, menu import: round trip byte for byte, also of quotes and commas', async () => {
    const file = path.join(folder, 'menu.csv');
    expect((await run('menu', 'export', file)).exitCode).to.equal(0);
    const csv = readFileSync(file, 'utf8');
    expect(csv).to.contain('"""Half & Half"", for two",18.50,Specials,,,0\r\n');
    expect((await run('menu', 'export')).stdout).to.equal(csv);
    const before = restaurant.menu;
    const { exitCode, stdout } = await run('menu', 'import', file, '--expected-version', '1', '--json');
    expect(exitCode).to.equal(0);
    expect(json(stdout)).to.deep.include({ menu_version: 2 });
    expect(restaurant.menu).to.deep.equal(before);
    const again = await run('menu', 'import', file, '--expected-version', '1');
    expect([again.exitCode, again.stderr]).to.deep.equal([
      1,
      'just-hungry: The menu has version 2. [MENU_VERSION_CHANGED]\n',
    ]);
  });

  it('menu import: a broken row names file, row and column; nothing is sent', async () => {
    const file = path.join(folder, 'mine.csv');
    writeFileSync(file, 'item,price\nDal,6.95\nNaan,cheap\n');
    const { exitCode, stderr } = await run('menu', 'import', file);
    expect(exitCode).to.equal(1);
    expect(stderr).to.contain(`${file}: the menu was not changed: row 3, column price`);
    writeFileSync(file, Buffer.from([0xff, 0xfe]));
    expect((await run('menu', 'import', file)).stderr).to.contain('UTF-8');
    expect((await run('menu', 'import', path.join(folder, 'none.csv'))).stderr).to.contain('ENOENT');
    expect(restaurant.calls.filter(({ method }) => method === 'setMenu')).to.deep.equal([]);
  });

  it('motd, motd set: shows and replaces', async () => {
    expect((await run('motd', 'set', 'Closed "today", sorry')).stdout).to.match(
      /^The message of the day is replaced \(version 2\)/,
    );
    expect((await run('motd')).stdout).to.equal('Closed "today", sorry\n');
  });

  it('postcode: exit code 1 when it cannot be delivered to', async () => {
    expect(await run('postcode', 'dh1 1jn')).to.include({ exitCode: 0, stdout: 'DH1 1JN is a valid postcode.\n' });
    expect(await run('postcode', 'AB1 0AA')).to.include({
      exitCode: 1,
      stdout: 'AB1 0AA is no longer in use (since 6/1996).\n',
    });
    expect(json((await run('postcode', 'ZZ1', '--json')).stdout)).to.deep.equal({
      verdict: 'unknown',
      normalised: 'ZZ1',
      reason: '',
    });
  });

  it('order: places at the prices of the menu and prints order and receipt', async () => {
    const { exitCode, stdout } = await run(
      ...ORDER,
      '--json',
      '--name',
      'Ann',
      '--notes',
      'ring',
      '--write-concern',
      'all',
    );
    expect(exitCode).to.equal(0);
    const { order, receipt } = json(stdout) as { order: OrderView; receipt: object };
    expect(order).to.deep.include({ user_code: 'ann', total_pence: 1700, notes: 'ring', post_code: 'DH1 1JN' });
    expect(receipt).to.have.all.keys('op', 'view', 'copies', 'committed', 'chain');
    expect(restaurant.calls.find(({ method }) => method === 'makeOrder')?.args[0]).to.include({ write_concern: 'all' });
  });

  it('order: text for people (snapshot)', async () => {
    const { stdout } = await run(...ORDER);
    const id = [...restaurant.orders.keys()][0];
    const lines = stdout.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/, 'DAY TIME').split('\n');
    expect(lines).to.deep.equal([
      `Order     ${id}`,
      'User      ann',
      'Placed    DAY TIME (op 3)',
      'Status    placed',
      'Postcode  DH1 1JN (valid)',
      '2 ×  Dal Tadka    £13.90',
      '1 ×  Garlic Naan   £3.10',
      '     Total        £17.00',
      'Safe: on 2 disks, op 3.',
      '',
    ]);
  });

  const usage: readonly (readonly [string[], RegExp])[] = [
    [[], /Usage: just-hungry/],
    [['eat'], /unknown command 'eat'/],
    [['menu', '--colour'], /unknown option '--colour'/],
    [['orders'], /--user <code>' not specified/],
    [['orders', '--user', 'a', '--page-size', '501'], /--page-size is "501"; allowed: 1 to 500/],
    [['order', '--user', 'a', '--postcode', 'b'], /Nothing to order/],
    [['order', 'Dal Tadka', '--postcode', 'b'], /--user CODE/],
    [['order', 'Dal Tadka', '--user', 'a'], /--postcode CODE/],
    [['order', 'Dal Tadka=0', '--user', 'a', '--postcode', 'b'], /quantity is "0"; allowed: 1 to 999/],
    [['order', 'Dal Tadka=-1', '--user', 'a', '--postcode', 'b'], /quantity is "-1"/],
    [['order', 'Dal Tadka=1000000000', '--user', 'a', '--postcode', 'b'], /quantity is "1000000000"/],
    [['order', 'Dal Tadka', '--user', 'a', '--postcode', 'b', '--timeout', '0'], /--timeout is "0"; allowed: 1 to 600/],
    [['track', 'x'], /"x" is no order id/],
    [['cancel', '00000000-0000-0000-0000-000000000000'], /is no order id/],
    [['kitchen', '--set', `${UNKNOWN_ID}=eaten`], /allowed: ORDER=STATUS/],
    [['menu', 'import', 'x.csv', '--config', '/no/such'], /\/no\/such: there is no such file; --config/],
    [['menu', '--front-end', 'nowhere'], /--front-end is "nowhere"; allowed: host:port/],
    [['replica', 'replica-9'], /has no replica "replica-9"; allowed: replica-1, replica-2, replica-3/],
    [['front-end', 'x'], /has no front end "x"; allowed: front-end-1/],
    [['postcodes-stand-in', '--port', '70000'], /--port is "70000"/],
  ];
  for (const [argv, message] of usage) {
    it(`usage: exit 2 (${argv.join(' ') || 'no command'})`, async () => {
      // A file in the way of menu import's own complaint: the configuration is wrong before it is read.
      const { exitCode, stdout, stderr } = await run(...argv.map((one) => (one === 'x.csv' ? menuFile(folder) : one)));
      expect([exitCode, stdout]).to.deep.equal([2, '']);
      expect(stderr)
        .to.match(message)
        .and.not.match(/\n {4}at /);
    });
  }

  it('order: what is refused names why; nothing is kept', async () => {
    expect(await run('order', 'Pizza', '--user', 'a', '--postcode', 'b')).to.include({
      exitCode: 1,
      stderr: "just-hungry: Nothing was ordered: Pizza is not on the menu; 'just-hungry menu' shows what is.\n",
    });
    const { exitCode, stderr } = await run('order', 'Goan Fish Fry=4', '--user', 'a', '--postcode', 'b');
    expect(exitCode).to.equal(1);
    expect(stderr).to.match(/order [0-9a-f-]{36} was refused: only 3 of Goan Fish Fry left\. \[SOLD_OUT\]/);
    expect((await run('order', '--resume')).stderr).to.contain('nothing to resume');
  });

  it('order, then order --resume: an unknown outcome is settled with the same id and content', async () => {
    restaurant.fault = (method) => (method === 'makeOrder' ? 'lost-answer' : undefined);
    const first = await run(...ORDER, '--timeout', '1', '--notes', 'ring');
    expect(first.exitCode).to.equal(1);
    expect(first.stderr).to.match(/is not confirmed[\s\S]*order --resume/);
    restaurant.fault = () => undefined;
    const { exitCode, stdout } = await run('order', '--resume', '--json');
    expect(exitCode).to.equal(0);
    const { order } = json(stdout) as { order: OrderView };
    expect(order).to.deep.include({ user_code: 'ann', notes: 'ring', total_pence: 1700 });
    expect([...restaurant.orders.keys()]).to.deep.equal([order.order_id]);
    expect(await run('order', '--resume', '--json')).to.include({ exitCode: 0, stdout: '' });
  });

  it('order --resume: places an order that never arrived; one of another cluster is left and named', async () => {
    restaurant.fault = (method) => (method === 'makeOrder' ? unknownOutcome() : undefined);
    await run(...ORDER, '--timeout', '1', '--front-end', '10.0.0.1:7400');
    await run(...ORDER, '--timeout', '1');
    restaurant.fault = () => undefined;
    const { exitCode, stdout, stderr } = await run('order', '--resume');
    expect(exitCode).to.equal(0);
    expect(stdout.match(/^Order /gm)).to.have.length(1);
    expect(stderr).to.match(/was sent to 10\.0\.0\.1:7400: resume it with --front-end 10\.0\.0\.1:7400/);
    expect((await run('order', '--resume', UNKNOWN_ID)).exitCode).to.equal(2);
    await run('order', '--resume', '--front-end', '10.0.0.1:7400');
    expect(restaurant.orders.size).to.equal(2);
  });

  it('orders, track, cancel: as placed, in pages, with history', async () => {
    await run(...ORDER);
    await run(...ORDER);
    const page = json((await run('orders', '--user', 'ann', '--page-size', '1', '--json')).stdout) as {
      orders: OrderView[];
      next_page_token: string;
    };
    expect(page.orders).to.have.length(1);
    const text = await run('orders', '--user', 'ann', '--page-size', '1');
    expect(text.stdout).to.match(
      /ORDER +PLACED +STATUS +TOTAL +ITEMS\n.*£17\.00 +2 × Dal Tadka, 1 × Garlic Naan\nOlder ones: --page-token 1\n/,
    );
    const id = page.orders[0]?.order_id ?? '';
    expect((await run('cancel', id.toUpperCase())).stdout).to.match(/is cancelled\. Safe/);
    expect((await run('cancel', id)).exitCode).to.equal(1);
    expect((await run('track', id)).stdout).to.match(/placed\n.*cancelled\n$/);
    expect((await run('orders', '--user', 'nobody')).stdout).to.equal('No orders.\n');
  });

  it('kitchen --set: moves orders on, in order; a step back is refused', async () => {
    const order = await restaurant.place('ann');
    const set = (status: string): string[] => ['--set', `${order.order_id}=${status}`];
    const { exitCode, stdout } = await run('kitchen', ...set('accepted'), ...set('ready'), '--json');
    expect(exitCode).to.equal(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => (json(line) as { order: OrderView }).order.status),
    ).to.deep.equal(['accepted', 'ready']);
    expect(await run('kitchen', ...set('accepted'))).to.include({ exitCode: 1 });
  });

  it('status: who is primary, how many may fail; exit 1 when no orders are taken', async () => {
    const status = (id: string, role: 'primary' | 'backup') => ({
      id,
      role,
      view: 4,
      logView: 4,
      op: 9,
      durableOp: 9,
      commit: 8,
      applied: role === 'primary' ? 8 : 6,
      chain: '',
      primaryId: 'replica-2',
      writable: role === 'primary',
      reason: role === 'primary' ? '' : 'a backup',
      peers: ['replica-1', 'replica-2', 'replica-3']
        .filter((peer) => peer !== id)
        .map((peer) => ({ id: peer, health: 'healthy' as const })),
      outbox: 0,
      takesAlone: false,
      damage: [],
      uptimeMs: 1,
      orders: 0,
      reads: 0,
      diskFreeBytes: undefined,
      lagMs: 0,
      lastFault: undefined,
    });
    const reader = (down: string) => (address: string) => ({
      status: async () => {
        const id = `replica-${address.slice(-1)}`;
        if (down.includes(address.slice(-1))) throw new Error('connection refused');
        return status(id, id === 'replica-2' ? 'primary' : 'backup');
      },
      outbox: () => Promise.reject(new Error('not asked')),
      close: () => undefined,
    });
    // The token file must not be made in the checkout.
    const config = path.join(folder, 'cluster.json');
    writeFileSync(
      config,
      JSON.stringify({ ...(json(readFileSync('resources/cluster.json', 'utf8')) as object), token: 't'.repeat(20) }),
    );
    const up = await runCommand(['status', '--config', config, '--json'], { statusReader: reader('') });
    expect(json(up.stdout)).to.deep.include({ writable: true, reason: '', may_fail: 1, view: 4, primary: 'replica-2' });
    expect(json(up.stdout)).to.have.nested.property('replicas[0].lag_ops', 2);
    const one = await runCommand(['status', '--config', config], { statusReader: reader('3') });
    expect(one.stdout).to.match(
      /^Taking orders; 0 more replicas may fail\.[\s\S]*replica-3 .* unknown +healthy .*connection refused/,
    );
    expect(one.stdout).to.match(/To do: replica-3 does not answer here, but replica-1 hears it/);
    const down = await runCommand(['status', '--config', config], { statusReader: reader('123') });
    expect(down.exitCode).to.equal(1);
    expect(down.stdout).to.match(/^Not taking orders: 0 of 3 replicas answer, 2 are needed/);
  });

  it('outbox: what waits at each replica; those that do not answer are named, exit 1 when none does', async () => {
    const config = path.join(folder, 'cluster.json');
    const shipped = json(readFileSync('resources/cluster.json', 'utf8')) as object;
    writeFileSync(config, JSON.stringify({ ...shipped, token: 't'.repeat(20) }));
    restaurant.isAlone = true;
    restaurant.keepsOrdering = true;
    await run(...ORDER);
    const [kept] = [...restaurant.orders.values()];
    if (kept === undefined) throw new Error('an order was taken');
    const reader = (down: string) => (address: string) => ({
      status: () => Promise.reject(new Error('not asked')),
      outbox: async () => {
        if (down.includes(address.slice(-1))) throw new Error('connection refused');
        const request = { service: 'log', requestId: 'id of a message', acceptedAt: '2026-11-21T18:30:00.125Z' };
        if (address.endsWith('2')) return { orders: [kept.order], others: [] };
        return { orders: [], others: address.endsWith('1') ? [request] : [] };
      },
      close: () => undefined,
    });
    const all = await runCommand(['outbox', '--config', config, '--json'], { statusReader: reader('') });
    const { order_id, user_code, lines, total_pence, placed_at } = kept.order;
    const row = { replica: 'replica-2', order_id, user_code, lines, total_pence, placed_at, state: 'waiting' };
    const other = { service: 'log', request_id: 'id of a message', accepted_at: '2026-11-21T18:30:00.125Z' };
    const others = [{ replica: 'replica-1', ...other, state: 'waiting' }];
    expect(json(all.stdout)).to.deep.equal({ orders: [row], others, unreachable: [] });
    const some = await runCommand(['outbox', '--config', config], { statusReader: reader('3') });
    expect(some.exitCode).to.equal(0);
    expect(some.stdout).to.match(
      /^1 order waiting for confirmation\.[\s\S]*replica-2 +[0-9a-f-]{36} +ann .* waiting +£17\.00 +2 × Dal Tadka, 1 × Garlic Naan/,
    );
    expect(some.stdout).to.match(
      /\n\n1 request of other services waiting for confirmation\.[\s\S]*replica-1 +log +id of a message .* waiting/,
    );
    expect(some.stderr).to.match(/replica-3 does not answer: connection refused/);
    const none = await runCommand(['outbox', '--config', config], { statusReader: reader('123') });
    expect([none.exitCode, none.stdout]).to.deep.equal([1, 'No order waits for confirmation.\n']);
  });

  it('order: one that waits for confirmation, as text and as JSON', async () => {
    restaurant.isAlone = true;
    restaurant.keepsOrdering = true;
    const text = await run(...ORDER);
    expect(text.exitCode).to.equal(0);
    expect(text.stdout).to.contain('placed (waiting for confirmation)').and.to.contain('Taken: on 1 disk');
    const { order, receipt } = json((await run(...ORDER, '--json')).stdout) as { order: OrderView; receipt: object };
    expect(order).to.include({ unconfirmed: true, op: 0 });
    expect(receipt).to.deep.equal({ op: 0, view: 0, copies: 1, committed: false, chain: '' });
    const { stdout } = await run('orders', '--user', 'ann');
    expect(stdout).to.contain('placed (waiting for confirmation)');
  });

  it('a fault of the program: no stack without JUST_HUNGRY_DEBUG', async () => {
    restaurant.getMenu = async () => {
      throw new TypeError('oops');
    };
    const { exitCode, stderr } = await run('menu');
    expect(exitCode).to.equal(1);
    expect(stderr)
      .to.match(/unexpected: oops\n.*JUST_HUNGRY_DEBUG=1/)
      .and.not.match(/\n.* at /);
  });

  it('help: exit 0, on stdout', async () => {
    const { exitCode, stdout } = await run('--help');
    expect(exitCode).to.equal(0);
    for (const command of [
      'start',
      'replica',
      'client',
      'menu',
      'order',
      'orders',
      'kitchen',
      'motd',
      'postcode',
      'status',
    ])
      expect(stdout).to.match(new RegExp(`^  ${command}\\b`, 'm'));
    expect((await run('menu', 'import', '--help')).stdout).to.contain('--expected-version');
  });
});

function menuFile(folder: string): string {
  const file = path.join(folder, 'x.csv');
  writeFileSync(file, 'item,price\nDal,1.00\n');
  return file;
}
