import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import type { WireMessage } from '../../src/base/service-contract.js';
import { refusal, type RefusalReason } from '../../src/base/refusal.js';
import { createServiceClient } from '../../src/net/service-client.js';
import { CallRefusedError } from '../../src/ports/ordering-client.js';
import type { ServiceClient } from '../../src/ports/service-client.js';
import { hostedServices } from '../../src/cli/services.js';
import { recordsContract } from '../../src/services/records/contract.js';
import { requestIdOf } from '../services/records/records-driver.js';
import { Rig, STAFF_TOKEN } from '../net/support/rig.js';
import { type CommandRun, runCommand, temporaryFolder } from './support/command-run.js';

/** Which calls are refused on purpose, and with what; others go through. */
type Fault = (method: string, request: WireMessage) => RefusalReason | undefined;

describe('command: records', () => {
  let rig: Rig;
  let address = '';
  before(async () => {
    rig = await Rig.start(hostedServices({ records: { updatable: ['age', 'about'] } }));
    address = (await rig.frontEnd()).address;
  });
  after(() => rig.stop());

  /** Runs a command against the front end. */
  const run = (args: readonly string[], fault: Fault = () => undefined): Promise<CommandRun> => {
    const client = createServiceClient(recordsContract(), [address], { staffToken: STAFF_TOKEN });
    const serviceClient: ServiceClient = {
      async call(method, request, options) {
        const reason = fault(method, request);
        if (reason !== undefined) throw new CallRefusedError(refusal(reason, 'On purpose.'), 'UNAVAILABLE');
        return client.call(method, request, options);
      },
      stream: (...of) => client.stream(...of),
      close: () => client.close(),
    };
    return runCommand(['records', ...args], { serviceClient });
  };

  it('import, update from a file, get: the record whole, as text and as JSON', async () => {
    const imported = await run(['import', 'ann', 'id=1', 'address=Main Street\nDurham', 'age=39']);
    expect(imported.stdout).to.match(
      /^id=1\naddress="Main Street\\nDurham"\nage=39\n\nann has version 1 \(op \d+\)\. Safe: on \d disks, op \d+\.\n$/,
    );
    expect(imported.stderr).to.equal(
      'Shown as JSON, because a line cannot bear it: address; --json has the exact text.\n',
    );
    const file = path.join(temporaryFolder(), 'update_file');
    writeFileSync(file, 'age=40\r\nabout=a=b, "c"\r\n');
    const updated = JSON.parse((await run(['update', 'ann', '--file', file, '--json'])).stdout) as {
      record: { version: number; fields: unknown };
    };
    expect(updated.record.version).to.equal(2);
    expect(updated.record.fields).to.deep.equal([
      { key: 'id', value: '1' },
      { key: 'address', value: 'Main Street\nDurham' },
      { key: 'age', value: '40' },
      { key: 'about', value: 'a=b, "c"' },
    ]);
    const read = await run(['get', 'ann']);
    expect(read.stdout).to.equal('id=1\naddress="Main Street\\nDurham"\nage=40\nabout=a=b, "c"\n');
    expect(read.stderr).to.match(/^ann has version 2 \(op \d+\)\. Read from \w+, as of op \d+\.\n/);
    const named = JSON.parse((await run(['get', 'ann', '--replica', 'two', '--json'])).stdout) as WireMessage;
    expect(named).to.deep.include({ consistency: 'any', record: updated.record });
    expect(named['as_of']).to.include({ replica: 'two' });
    const since = JSON.parse((await run(['get', 'ann', '--min-op', '1', '--json'])).stdout) as WireMessage;
    expect(since).to.deep.include({ consistency: 'session', record: updated.record });
  });

  it('refused: a field by name, a version that has passed; exit 1, nothing on stdout', async () => {
    for (const [args, why] of [
      [['update', 'ann', 'age=1', 'id=2'], /id cannot be updated; allowed: age, about\. .*\[FIELD_NOT_UPDATABLE\]/],
      [['update', 'ann', 'age=1', '--expected-version', '1'], /has version 2, not 1: .*\[RECORD_VERSION_CHANGED\]/],
      [['get', 'nobody'], /no record nobody\..*\[UNKNOWN_RECORD\]/],
      [['get', 'ann', '--replica', 'four'], /replica is no replica of.*\[INVALID_FIELD\]/s],
    ] as const) {
      const { exitCode, stdout, stderr } = await run(args);
      expect([exitCode, stdout], args.join(' ')).to.deep.equal([1, '']);
      expect(stderr).to.match(why);
    }
  });

  it('list: oldest first, in pages, and how to go on', async () => {
    await run(['update', 'bob', 'age=1']);
    const first = await run(['list', '--limit', '1']);
    expect(first.stdout).to.match(/^ann {2}\(version 2, op \d+\)\n$/);
    expect(first.stderr).to.equal("There are more: --after 'ann'.\n");
    const { stdout } = await run(['list', '--after', 'ann', '--json']);
    expect(JSON.parse(stdout)).to.deep.include({ has_more: false, consistency: 'linearizable' });
    expect((await run(['list', '--after', 'bob'])).stdout).to.equal('There are no more records.\n');
  });

  it('an outcome that is not known: says under which id to give the command again, which does it once', async () => {
    const lost = await run(['update', 'bob', 'age=2'], (_, { request_id: id }) => {
      expect(id).to.be.a('string');
      return 'OUTCOME_UNKNOWN';
    });
    expect(lost.exitCode).to.equal(1);
    expect(lost.stderr).to.match(/--request-id [0-9a-f-]{36}: it is done once/);
    const again = ['update', 'bob', 'age=2', '--request-id', requestIdOf(5), '--json'];
    const [first, second] = [await run(again), await run(again)].map(({ stdout }) => JSON.parse(stdout) as WireMessage);
    expect(second?.['record']).to.deep.equal(first?.['record']);
    const settled = await run(['update', 'bob', 'age=2'], () => 'RECORD_TOO_LARGE');
    expect(settled.stderr).to.not.include('--request-id');
  });

  it('below a majority: the record as it is there, labelled', async () => {
    const stale: Fault = (_, { consistency }) => (consistency === 'linearizable' ? 'NO_QUORUM' : undefined);
    const { stdout, stderr } = await run(['get', 'ann'], stale);
    expect(stdout).to.include('age=40\n');
    expect(stderr).to.match(/^as of op \d+, may be incomplete: On purpose\.\n/);
  });

  it('what cannot be meant is refused before anything is asked', async () => {
    const never: Fault = () => {
      throw new Error('it was asked');
    };
    for (const [args, why] of [
      [['update', 'ann'], /Nothing to set/],
      [['update', 'ann', 'age'], /"age" is no field/],
      [['update', 'ann', 'age=1', '--file', 'x'], /not from both/],
      [['update', 'ann', 'age=1', '--expected-version', '-1'], /--expected-version is "-1"/],
      [['get', 'ann', '--min-op', 'x'], /--min-op is "x"/],
      [['list', '--limit', '0'], /--limit is 0/],
      [['get'], /missing required argument/],
    ] as const) {
      const { exitCode, stderr } = await run(args, never);
      expect(exitCode, args.join(' ')).to.equal(2);
      expect(stderr).to.match(why);
    }
  });
});
