import { expect } from 'chai';
import type { WireMessage } from '../../src/base/service-contract.js';
import { refusal, type RefusalReason } from '../../src/base/refusal.js';
import { CallRefusedError } from '../../src/ports/ordering-client.js';
import type { ServiceClient } from '../../src/ports/service-client.js';
import { logContract } from '../../src/services/log/contract.js';
import { Driver } from '../services/log/log-driver.js';
import { type CommandRun, runCommand } from './support/command-run.js';

const ID = '018f0000-0000-7000-8000-000000000001';
const AS_OF = { op: 9, view: 1, replica: 'replica-2', time: '2026-11-21T18:30:00.125Z', complete: true };

/** The real message log behind its contract, without a network. */
class LogInMemory implements ServiceClient {
  readonly driver = new Driver();
  readonly asked: WireMessage[] = [];
  /** What the next calls are refused with; the last one stays. */
  faults: readonly (RefusalReason | undefined)[] = [];

  async call<Response extends object>(name: string, request: WireMessage): Promise<Response> {
    this.asked.push(request);
    const [fault] = this.faults;
    if (this.faults.length > 1) this.faults = this.faults.slice(1);
    if (fault !== undefined) throw new CallRefusedError(refusal(fault, 'On purpose.'), 'UNAVAILABLE');
    const method = logContract.methods.find((one) => one.name === name);
    if (method === undefined || method.kind === 'stream') throw new Error(`no call ${name}`);
    const decoded = method.decode({ from: 0, limit: 0, ...request });
    if (decoded.kind === 'refused') throw new CallRefusedError(decoded.refusal, 'INVALID_ARGUMENT');
    if (method.kind === 'read') {
      const answer = this.driver.log.query({ body: decoded.body });
      if (answer.kind === 'refused') throw new CallRefusedError(answer.refusal, 'INTERNAL');
      return { ...method.respond(answer.body), as_of: AS_OF } as unknown as Response;
    }
    const { reply } = this.driver.append(String(request['request_id']), String(request['value']));
    this.driver.commit();
    if (reply.kind === 'refused') throw new CallRefusedError(reply.refusal, 'ALREADY_EXISTS');
    const receipt = { op: this.driver.entries.length + 2, view: 1, copies: 2, committed: true, chain: 'c' };
    return { ...method.respond(reply.body), receipt } as unknown as Response;
  }

  async *stream<Response extends object>(_: string, { from }: WireMessage): AsyncGenerator<Response> {
    const { messages, nextFrom } = this.driver.list(Number(from));
    const page = { messages: messages.map((one) => ({ ...one, request_id: one.requestId })), next_from: nextFrom };
    yield page as unknown as Response;
  }

  close(): void {}
}

describe('command: log', () => {
  let log: LogInMemory;
  beforeEach(() => (log = new LogInMemory()));
  const run = (args: readonly string[], stdin?: string): Promise<CommandRun> =>
    runCommand(['log', ...args], { serviceClient: log, ...(stdin === undefined ? {} : { stdin }) });
  const lines = ({ stdout }: CommandRun): unknown[] =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);

  it('append: says the key and how safe it is; --id and --write-concern go along', async () => {
    const text = await run(['append', 'a message']);
    expect([text.exitCode, text.stdout]).to.deep.equal([0, 'Message 0. Safe: on 2 disks, op 3.\n']);
    const [line] = lines(await run(['append', 'b', '--id', ID.toUpperCase(), '--write-concern', 'all', '--json']));
    expect(line).to.deep.include({ key: 1, request_id: ID });
    expect(log.asked.at(-1)).to.deep.equal({ request_id: ID, value: 'b', write_concern: 'all' });
  });

  it('append: the id under which to repeat it is told where it may stand in the log, and only there', async () => {
    for (const [fault, isTold] of [
      ['OUTCOME_UNKNOWN', true],
      ['WRITE_CONCERN_NOT_MET', true],
      ['ID_REUSED', false],
      ['INVALID_FIELD', false],
    ] as const) {
      log.faults = [fault];
      const { exitCode, stdout, stderr } = await run(['append', 'a', '--id', ID]);
      expect([exitCode, stdout]).to.deep.equal([1, '']);
      expect(stderr).to.contain(`On purpose. [${fault}]`);
      expect(stderr.includes(`--id ${ID}`), fault).to.equal(isTold);
    }
  });

  it('append -: each line of stdin in its order, byte for byte; empty ones are passed over', async () => {
    const { exitCode, stdout } = await run(['append', '-', '--json'], 'one\n\n two \r\n王 🍕');
    expect(exitCode).to.equal(0);
    expect(stdout.trimEnd().split('\n')).to.have.length(3);
    expect(log.driver.list().messages.map(({ value }) => value)).to.deep.equal(['one', ' two \r', '王 🍕']);
    expect(new Set(log.asked.map((request) => request['request_id'])).size, 'an id each').to.equal(3);
  });

  it('append -: stops at the line that is not appended, and says which', async () => {
    log.faults = [undefined, undefined, 'NO_QUORUM'];
    const { exitCode, stderr } = await run(['append', '-'], 'one\ntwo\nthree\nfour\n');
    expect(exitCode).to.equal(1);
    expect(stderr).to.match(/stopped at line 3; 2 messages before it appended\.[\s\S]*\[NO_QUORUM\]/);
    expect(log.driver.list().count).to.equal(2);
    log = new LogInMemory();
    const bytes = await run(['append', '-'], Buffer.from([0x61, 0x0a, 0xff, 0x0a]) as unknown as string);
    expect(bytes.exitCode).to.equal(1);
    expect(bytes.stderr).to.match(/stopped at line 2; 1 message before it[\s\S]*not UTF-8/);
  });

  it('list: messages as lines, with what a terminal would obey made visible; where to go on', async () => {
    for (const value of ['plain', 'two\nlines \u001b[31m', '\u202eback', '王 "q"']) await run(['append', value]);
    const { stdout } = await run(['list', '--limit', '3']);
    expect(stdout).to.match(
      /^ {5}0 {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}plain\n.* {2}"two\\nlines \\u001b\[31m"\n.* {2}"\\u202eback"\n/,
    );
    expect(stdout).to.contain('3 of 4 messages, as of op 9 at replica-2.\nMore with --from 3.');
    expect((await run(['list', '--from', '3'])).stdout).to.contain('  王 "q"\n\n1 of 4 messages');
    expect((await run(['list', '--from', '9'])).stdout).to.match(/^No messages from key 9 on, of 4 messages/);
  });

  it('list: fresh, or labelled where that is not possible; of a named replica what that one holds', async () => {
    await run(['append', 'a']);
    const [fresh] = lines(await run(['list', '--json']));
    expect(fresh).to.deep.include({ count: 1, next_from: 1, as_of: AS_OF, consistency: 'linearizable' });
    log.faults = ['NO_QUORUM', undefined];
    const old = await run(['list', '--json']);
    expect(lines(old)[0]).to.deep.include({ consistency: 'any' });
    expect(old.stderr).to.match(/^as of op 9, .*may be incomplete: On purpose\./);
    await run(['list', '--replica', 'replica-3']);
    expect(log.asked.at(-1)).to.deep.equal({ from: 0, limit: 100, replica: 'replica-3' });
  });

  it('tail: begins with the last ten, or at a key', async () => {
    for (let number = 0; number < 25; number++) await run(['append', `message ${number}`]);
    const keys = async (...args: string[]): Promise<number[]> =>
      lines(await run(['tail', '--json', ...args])).map((line) => (line as { key: number }).key);
    expect(await keys()).to.deep.equal([15, 16, 17, 18, 19, 20, 21, 22, 23, 24]);
    expect(await keys('--from', '22')).to.deep.equal([22, 23, 24]);
    expect((await run(['tail', '--from', '24'])).stdout).to.match(/^ {4}24 {2}.* {2}message 24\n$/);
  });

  it('what cannot be meant is refused before anything is asked', async () => {
    for (const [args, why] of [
      [['append', 'a', '--id', 'x'], /--id is "x"; allowed: a UUID of version 7/],
      [['append', '-', '--id', ID], /--id goes with one message/],
      [['append', 'a', '--timeout', '0'], /--timeout is "0"; allowed: 1 to 600/],
      [['list', '--from', '-1'], /--from is "-1"/],
      [['list', '--limit', '1001'], /--limit is "1001"; allowed: 1 to 1000/],
      [['tail', '--from', 'x'], /--from is "x"/],
    ] as const) {
      const { exitCode, stderr } = await run(args, '');
      expect([exitCode, log.asked.length], args.join(' ')).to.deep.equal([2, 0]);
      expect(stderr).to.match(why);
    }
  });
});
