import { createServer, type ServerResponse } from 'node:http';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { createCommand } from '../../../src/operations/notify/command.js';
import { Delivery } from '../../../src/operations/notify/delivery.js';
import { createWebhook } from '../../../src/operations/notify/webhook.js';
import { NoticeError, type Notice } from '../../../src/ports/events.js';
import { systemTimers } from '../../../src/runtime/system-timers.js';
import { freePorts } from '../../support/free-ports.js';
import { NoticeReceiver } from '../../support/notice-receiver.js';

const notice = (key: string): Notice => ({
  key,
  kind: 'damage',
  time: '2026-11-21T12:00:00.000Z',
  replica: 'replica-1',
  view: 3,
  op: 7,
  commit: 6,
  subject: '',
  reason: 'orders.csv: "it" is $HOME; missing\u00e9',
});
const never = new AbortController().signal;
/** Timers that make every pause short, as long as the order of pauses is what is looked at. */
const pauses: number[] = [];
const hasty = {
  ...systemTimers,
  after: (ms: number, run: () => void) => (pauses.push(ms), systemTimers.after(1, run)),
};

const failure = async (sent: Promise<void>): Promise<NoticeError> => {
  try {
    await sent;
  } catch (error) {
    if (error instanceof NoticeError) return error;
    throw error;
  }
  throw new Error('it was taken');
};

describe('notices: webhook', () => {
  let receiver: NoticeReceiver;
  beforeEach(async () => {
    const [port = 0] = await freePorts(1);
    receiver = await NoticeReceiver.start(port);
    pauses.length = 0;
  });
  afterEach(() => receiver.close());

  it('posts the notice as JSON, byte for byte', async () => {
    const way = createWebhook(`${receiver.url}/a/b?c=d`);
    await way.send(notice('k'), never);
    expect(receiver.notices).to.deep.equal([notice('k')]);
    expect(receiver.paths).to.deep.equal(['/a/b?c=d']);
    way.close();
  });

  it('is refused, or down: says so without the address, which may be a secret', async () => {
    const way = createWebhook(`${receiver.url}/secret-path`);
    receiver.status = 400;
    expect(await failure(way.send(notice('k'), never))).to.include({
      isRefused: true,
      message: 'the webhook answered 400',
    });
    receiver.status = 503;
    expect(await failure(way.send(notice('k'), never))).to.include({ isRefused: false });
    await receiver.stop();
    const down = await failure(way.send(notice('k'), never));
    expect(down).to.include({ isRefused: false, message: 'the webhook could not be reached (ECONNREFUSED)' });
    way.close();
  });

  const endless: readonly (readonly [string, (response: ServerResponse) => void])[] = [
    ['comes a byte at a time', (response) => void setInterval(() => response.write('x'), 20).unref()],
    ['is larger than anybody wants', (response) => response.end(Buffer.alloc(1 << 20))],
    ['does not begin', () => undefined],
  ];
  for (const [how, answer] of endless) {
    it(`an answer that ${how} holds nothing up: taken by its status, if there is one`, async () => {
      const server = createServer((_, response) => {
        if (!how.startsWith('does not')) response.writeHead(200).flushHeaders();
        answer(response);
      });
      const [port = 0] = await freePorts(1);
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      const way = createWebhook(`http://127.0.0.1:${port}`, 300);
      try {
        const sent = way.send(notice('k'), never);
        if (how.startsWith('does not')) expect((await failure(sent)).isRefused).to.equal(false);
        else await sent;
      } finally {
        way.close();
        server.closeAllConnections();
        server.close();
      }
    });
  }

  it('delivery: tries again with growing pauses until it is up, each notice once, in order', async () => {
    const delivery = new Delivery(createWebhook(receiver.url), {
      ...hasty,
      after(ms, run) {
        if (pauses.length === 8) void receiver.restart();
        return hasty.after(ms, run);
      },
    });
    await receiver.stop();
    const outcomes = await Promise.all(['a', 'b', 'c'].map((key) => delivery.tell(notice(key))));
    expect(outcomes.map(({ kind }) => kind)).to.deep.equal(['taken', 'taken', 'taken']);
    expect(receiver.notices.map(({ key }) => key)).to.deep.equal(['a', 'b', 'c']);
    expect(pauses.slice(0, 9)).to.deep.equal([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    delivery.stop();
  });

  it('delivery: what is refused as it is does not hold up what follows for ever', async () => {
    const delivery = new Delivery(createWebhook(receiver.url), hasty);
    receiver.status = 422;
    expect(await delivery.tell(notice('bad'))).to.deep.equal({ kind: 'givenUp', why: 'the webhook answered 422' });
    expect(pauses).to.have.length(5);
    receiver.status = 200;
    expect(await delivery.tell(notice('good'))).to.deep.equal({ kind: 'taken' });
    delivery.stop();
    expect(await delivery.tell(notice('late'))).to.deep.equal({ kind: 'stopped' });
  });

  it('delivery: stops in the middle of a pause', async () => {
    const delivery = new Delivery(createWebhook(receiver.url), systemTimers);
    await receiver.stop();
    const told = delivery.tell(notice('a'));
    delivery.stop();
    expect(await told).to.deep.equal({ kind: 'stopped' });
  });
});

describe('notices: command', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'just-hungry-command-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A program of these lines of JavaScript; `out` is the file that it writes. */
  const program = (text: string) => {
    const script = path.join(folder, 'program.mjs');
    const out = path.join(folder, 'out');
    writeFileSync(script, `import { readFileSync, writeFileSync } from 'node:fs';\n${text}`);
    return { argv: [process.execPath, script, out, '$(touch no); `x`'], out };
  };

  it('gets the notice on stdin and in its environment, its arguments as they are, and no secret of the replica', async () => {
    const { argv, out } = program(
      `writeFileSync(process.argv[2], JSON.stringify([readFileSync(0, 'utf8'), process.env, process.argv[3]]));`,
    );
    await createCommand(argv, { PATH: '/bin', JUST_HUNGRY_STAFF_TOKEN: 'secret' }).send(notice('k'), never);
    const [stdin, environment, argument] = JSON.parse(readFileSync(out, 'utf8')) as [
      string,
      Record<string, string>,
      string,
    ];
    expect(JSON.parse(stdin)).to.deep.equal(notice('k'));
    expect(environment).to.include({
      PATH: '/bin',
      JUST_HUNGRY_EVENT_KEY: 'k',
      JUST_HUNGRY_EVENT_KIND: 'damage',
      JUST_HUNGRY_EVENT_OP: '7',
      JUST_HUNGRY_EVENT_REASON: notice('').reason,
    });
    expect(environment).to.not.have.any.keys('JUST_HUNGRY_STAFF_TOKEN');
    expect(argument).to.equal('$(touch no); `x`');
  });

  it('fails, is not there, or reads nothing: told, or taken by its exit code alone', async () => {
    const failing = await failure(createCommand(program('process.exit(3)').argv, {}).send(notice('k'), never));
    expect(failing.message).to.equal('the command failed: exit code 3');
    const missing = await failure(createCommand([path.join(folder, 'nothing')], {}).send(notice('k'), never));
    expect(missing.message).to.equal('the command failed: ENOENT');
    await createCommand(program('process.exit(0)').argv, {}).send(notice('k'), never);
  });
});
