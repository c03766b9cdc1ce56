import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { ConfigurationError } from '../../src/cli/configuration-error.js';
import { findConfiguration, readSettings, withToken } from '../../src/cli/configuration.js';
import { PROJECT_ROOT, temporaryFolder } from './support/command-run.js';

interface Written {
  replicas: Record<string, unknown>[];
  frontEnds: Record<string, unknown>[];
  [field: string]: unknown;
}

const good = (): Written => ({
  replicas: [1, 2, 3].map((n) => ({ id: `replica-${n}`, address: `127.0.0.1:740${n}`, resources: `replica-${n}` })),
  frontEnds: [{ id: 'front-end-1', address: '127.0.0.1:7400' }],
});

describe('configuration', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = temporaryFolder();
    file = path.join(folder, 'cluster.json');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (content: unknown): void =>
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  const problems = (): readonly string[] => {
    try {
      readSettings(file);
      return [];
    } catch (error) {
      if (error instanceof ConfigurationError) return error.problems;
      throw error;
    }
  };

  it('read: fills in defaults and makes folders absolute', () => {
    write(good());
    const settings = readSettings(file);
    expect(settings).to.deep.include({ writeConcern: 'majority', quorum: 2, whenAlone: 'read-only', heartbeatMs: 100 });
    expect(settings.postcodes).to.deep.equal({
      url: 'https://api.postcodes.io',
      timeoutMs: 1000,
      whenUnreachable: 'accept',
    });
    expect(settings.replicas[1]?.resources).to.equal(path.join(folder, 'replica-2'));
  });

  it('read: takes the cluster that ships', () => {
    const settings = readSettings(path.join(PROJECT_ROOT, 'resources/cluster.json'));
    expect(settings.replicas.map(({ address }) => address)).to.deep.equal(
      ['7401', '7402', '7403'].map((port) => `127.0.0.1:${port}`),
    );
    expect(settings.frontEnds).to.deep.equal([
      { id: 'front-end-1', address: '127.0.0.1:7400', http: '127.0.0.1:7480' },
    ]);
  });

  it('read: takes five replicas, a quorum of all, names of hosts, IPv6, a BOM', () => {
    const content = good();
    content.replicas = [1, 2, 3, 4, 5].map((n) => ({
      id: `r${n}`,
      address: `host-${n}.example:1`,
      resources: `r${n}`,
    }));
    content.frontEnds = [{ id: 'f', address: '[::1]:65535' }];
    write(`\ufeff${JSON.stringify({ ...content, quorum: 5, writeConcern: '5' })}`);
    expect(readSettings(file).quorum).to.equal(5);
  });

  it('read: takes TLS, a rate limit, a log level and addresses for metrics; paths of files become absolute', () => {
    const content = good();
    change(content, 'replicas', 0, 'http', '127.0.0.1:7481');
    change(content, 'frontEnds', 0, 'tls', { certificate: 'f.pem', key: '/elsewhere/f.key' });
    const tls = { ca: 'ca.pem', certificate: 'own.pem', key: 'own.key' };
    write({
      ...content,
      tls,
      rateLimit: { perUserPerSecond: 0.5, burst: 3 },
      services: ['log'],
      records: { updatable: ['price'] },
      logLevel: 'warn',
      logFiles: { count: 2 },
    });
    const settings = readSettings(file);
    expect([settings.services, settings.records]).to.deep.equal([['log'], { updatable: ['price'] }]);
    const at = (name: string): string => path.join(folder, name);
    expect(settings.tls).to.deep.equal({ ca: at('ca.pem'), certificate: at('own.pem'), key: at('own.key') });
    expect(settings.frontEnds[0]?.tls).to.deep.equal({ certificate: at('f.pem'), key: '/elsewhere/f.key' });
    expect(settings.replicas.map(({ http }) => http)).to.deep.equal(['127.0.0.1:7481', undefined, undefined]);
    expect(settings.rateLimit).to.deep.equal({ perUserPerSecond: 0.5, burst: 3 });
    expect([settings.logLevel, settings.logFiles]).to.deep.equal(['warn', { bytesMax: 10_485_760, count: 2 }]);
  });

  /** What is changed, and what the one line about it must hold besides the file. */
  const refused: readonly (readonly [string, (content: Written) => unknown, readonly string[]])[] = [
    ['no JSON', () => '{ "replicas": [', ['not valid JSON']],
    [
      'an http address twice',
      (c) => change(c, 'replicas', 1, 'http', '127.0.0.1:7400'),
      ['replicas[1].http is "127.0.0.1:7400", as is frontEnds[0].address'],
    ],
    ['TLS without a key', (c) => ({ ...c, tls: { ca: 'a', certificate: 'b' } }), ['tls.key is missing', 'a text']],
    [
      "an unknown field of a front end's TLS",
      (c) => change(c, 'frontEnds', 0, 'tls', { certificate: 'a', key: 'b', pin: 'c' }),
      ['frontEnds[0].tls.pin is not known', 'certificate, key, ca'],
    ],
    [
      'a rate of 0',
      (c) => ({ ...c, rateLimit: { perUserPerSecond: 0, burst: 1 } }),
      ['rateLimit.perUserPerSecond is 0', 'above 0'],
    ],
    ['no burst', (c) => ({ ...c, rateLimit: { perUserPerSecond: 1 } }), ['rateLimit.burst is missing', '1 to 1000000']],
    [
      'a service that there is not',
      (c) => ({ ...c, services: ['log', 'queue'] }),
      ['services[1] is "queue"', 'log, tuples, records'],
    ],
    [
      'a service twice',
      (c) => ({ ...c, services: ['log', 'log'] }),
      ['services is ["log","log"]', 'each service once'],
    ],
    [
      'no field that may be updated',
      (c) => ({ ...c, records: { updatable: [] } }),
      ['records.updatable is []', '1 to 200'],
    ],
    [
      'a field of records without a name',
      (c) => ({ ...c, records: { updatable: [''] } }),
      ['records.updatable[0] is ""', '1 to 64 characters'],
    ],
    [
      'another setting of records',
      (c) => ({ ...c, records: { fields: 1 } }),
      ['records.fields is not known', 'updatable'],
    ],
    ['a loud log', (c) => ({ ...c, logLevel: 'loud' }), ['logLevel is "loud"', '"debug", "info", "warn", "error"']],
    ['tiny log files', (c) => ({ ...c, logFiles: { bytesMax: 1 } }), ['logFiles.bytesMax is 1', 'from 65536']],
    ['a list', () => [], ['the configuration is []', 'object']],
    ['no replicas', ({ frontEnds }) => ({ frontEnds }), ['replicas is missing', 'a list']],
    ['an empty list of replicas', (c) => ({ ...c, replicas: [] }), ['replicas is []', '1 to 9']],
    ['no front ends', ({ replicas }) => ({ replicas }), ['frontEnds is missing', 'a list']],
    ['a replica that is a text', (c) => ({ ...c, replicas: ['x'] }), ['replicas[0] is "x"', 'object']],
    ['no id', (c) => change(c, 'replicas', 1, 'id', undefined), ['replicas[1].id is missing', 'a text']],
    [
      'an id with a blank',
      (c) => change(c, 'replicas', 1, 'id', 'Replica 1'),
      ['replicas[1].id is "Replica 1"', 'lower-case'],
    ],
    [
      'an address without port',
      (c) => change(c, 'replicas', 2, 'address', '127.0.0.1'),
      ['replicas[2].address is "127.0.0.1"', 'host:port'],
    ],
    ['port 0', (c) => change(c, 'replicas', 2, 'address', 'h:0'), ['replicas[2].address is "h:0"', '1 to 65535']],
    [
      'port 65536',
      (c) => change(c, 'frontEnds', 0, 'address', 'h:65536'),
      ['frontEnds[0].address is "h:65536"', '65535'],
    ],
    [
      'an address of a number',
      (c) => change(c, 'frontEnds', 0, 'address', 7400),
      ['frontEnds[0].address is 7400', 'a text'],
    ],
    [
      'an http address without port',
      (c) => change(c, 'frontEnds', 0, 'http', 'h'),
      ['frontEnds[0].http is "h"', 'host:port'],
    ],
    ['empty resources', (c) => change(c, 'replicas', 0, 'resources', ''), ['replicas[0].resources is ""', 'folder']],
    [
      'an id twice',
      (c) => change(c, 'replicas', 2, 'id', 'replica-1'),
      ['replicas[2].id is "replica-1", as is replicas[0].id'],
    ],
    [
      'an id of a replica and a front end',
      (c) => change(c, 'frontEnds', 0, 'id', 'replica-1'),
      ['frontEnds[0].id is "replica-1"', 'no other'],
    ],
    [
      'an address twice',
      (c) => change(c, 'replicas', 2, 'address', 'localhost:7401'),
      ['replicas[2].address is "localhost:7401", as is replicas[0].address'],
    ],
    [
      'an http address that is taken',
      (c) => change(c, 'frontEnds', 0, 'http', '127.0.0.1:7403'),
      ['frontEnds[0].http is "127.0.0.1:7403"'],
    ],
    [
      'a folder twice',
      (c) => change(c, 'replicas', 1, 'resources', './replica-3/../replica-1'),
      ['replicas[1].resources is "./replica-3/../replica-1"', 'replicas[0].resources'],
    ],
    ['an unknown field', (c) => ({ ...c, colour: 'red' }), ['colour is not known', 'heartbeatMs']],
    [
      'an unknown field of a replica',
      (c) => change(c, 'replicas', 0, 'port', 1),
      ['replicas[0].port is not known', 'id, address, resources'],
    ],
    [
      'an unknown field of postcodes',
      (c) => ({ ...c, postcodes: { uri: 'x' } }),
      ['postcodes.uri is not known', 'timeoutMs'],
    ],
    [
      'a write concern above N',
      (c) => ({ ...c, writeConcern: '4' }),
      ['writeConcern is "4"', '"majority", "all", "1", "2", "3"'],
    ],
    ['a write concern of a number', (c) => ({ ...c, writeConcern: 2 }), ['writeConcern is 2', 'a text']],
    ['a quorum below a majority', (c) => ({ ...c, quorum: 1 }), ['quorum is 1', '2 (a majority) to 3']],
    ['a quorum above N', (c) => ({ ...c, quorum: 4 }), ['quorum is 4', '3 (all)']],
    ['a quorum of 2.5', (c) => ({ ...c, quorum: 2.5 }), ['quorum is 2.5', 'whole']],
    [
      'whenAlone of another word',
      (c) => ({ ...c, whenAlone: 'keep-going' }),
      ['whenAlone is "keep-going"', '"read-only" or "keep-ordering"'],
    ],
    ['a heartbeat too short', (c) => ({ ...c, heartbeatMs: 5 }), ['heartbeatMs is 5', '20 to 5000']],
    ['a heartbeat of a text', (c) => ({ ...c, heartbeatMs: '100' }), ['heartbeatMs is "100"', '20 to 5000']],
    ['postcodes of ftp', (c) => ({ ...c, postcodes: { url: 'ftp://x' } }), ['postcodes.url is "ftp://x"', 'http']],
    [
      'whenUnreachable of another word',
      (c) => ({ ...c, postcodes: { whenUnreachable: 'maybe' } }),
      ['postcodes.whenUnreachable is "maybe"', '"accept" or "refuse"'],
    ],
    [
      'a notify that tells nobody',
      (c) => ({ ...c, notify: { on: ['damage'] } }),
      ['notify is {"on":["damage"]}', 'an object with webhook, command, or both'],
    ],
    [
      'a notify of an unknown kind',
      (c) => ({ ...c, notify: { webhook: 'https://x', on: ['damage', 'fire'] } }),
      ['notify.on[1] is "fire"', 'unhealthy', 'became-primary'],
    ],
    [
      'a command as one text, which would need a shell',
      (c) => ({ ...c, notify: { command: 'mail ops' } }),
      ['notify.command is "mail ops"', 'the program and its arguments'],
    ],
    ['a command of nothing', (c) => ({ ...c, notify: { command: [] } }), ['notify.command is []', 'names a program']],
    [
      'an unknown field of notify',
      (c) => ({ ...c, notify: { mail: 'x', command: ['a'] } }),
      ['notify.mail is not known', 'webhook, command, on'],
    ],
    ['a time limit of 0', (c) => ({ ...c, postcodes: { timeoutMs: 0 } }), ['postcodes.timeoutMs is 0', '10 to 60000']],
  ];
  for (const [what, changed, parts] of refused) {
    it(`refuse: ${what}`, () => {
      write(changed(good()));
      const found = problems();
      expect(found).to.have.length(1);
      for (const part of [file, ...parts]) expect(found[0]).to.contain(part);
      expect(found[0]).to.match(/\.$/);
    });
  }

  it('refuse: a token that is too short, without showing it', () => {
    write({ ...good(), token: 'hunter2', staffToken: 'also secret' });
    expect(problems().join('\n')).to.match(/token is a secret of 7 characters, not shown; allowed: 16 to 256/);
    expect(problems().join('\n')).not.to.match(/hunter2|also secret/);
  });

  it('refuse: an address of a webhook that cannot be, without showing it', () => {
    write({ ...good(), notify: { webhook: 'https://user:hunter2@hooks.example/T0/secret' } });
    expect(problems().join('\n')).to.match(
      /notify\.webhook is a secret of \d+ characters, not shown; allowed: an http/,
    );
    expect(problems().join('\n')).not.to.match(/hunter2|T0/);
  });

  it('read: notify tells of what fails and is well again unless it says of what', () => {
    write({ ...good(), notify: { command: ['/usr/bin/mail', '-s', 'x', 'ops'] } });
    expect(readSettings(file).notify?.command).to.deep.equal(['/usr/bin/mail', '-s', 'x', 'ops']);
    expect(readSettings(file).notify?.on).to.include.members(['unhealthy', 'read-only', 'damage', 'disk-full']);
    expect(readSettings(file).notify?.on).to.not.include('suspected');
    write({ ...good(), notify: { webhook: 'https://hooks.example/a?b=c', on: ['suspected'] } });
    expect(readSettings(file).notify).to.deep.equal({ webhook: 'https://hooks.example/a?b=c', on: ['suspected'] });
  });

  it('read: whenAlone says what a replica below a majority does', () => {
    write({ ...good(), whenAlone: 'keep-ordering' });
    expect(readSettings(file).whenAlone).to.equal('keep-ordering');
  });

  it('refuse: everything at once, a line each', () => {
    write({ ...good(), heartbeatMs: 1, colour: 1, whenAlone: 'x' });
    expect(problems()).to.have.length(3);
  });

  it('refuse: two links to one folder', () => {
    mkdirSync(path.join(folder, 'replica-1'));
    symlinkSync('replica-1', path.join(folder, 'link'));
    write(change(good(), 'replicas', 1, 'resources', 'link'));
    expect(problems()[0]).to.contain('replicas[1].resources is "link"');
  });

  it('find: --config before JUST_HUNGRY_CONFIG before the folder before the package', () => {
    const packageRoot = PROJECT_ROOT;
    const env = { JUST_HUNGRY_CONFIG: 'b.json' };
    for (const name of ['a.json', 'b.json']) writeFileSync(path.join(folder, name), '{}');
    expect(findConfiguration({ option: 'a.json', env, cwd: folder, packageRoot })).to.equal(
      path.join(folder, 'a.json'),
    );
    expect(findConfiguration({ env, cwd: folder, packageRoot })).to.equal(path.join(folder, 'b.json'));
    const shipped = path.join(PROJECT_ROOT, 'resources/cluster.json');
    expect(findConfiguration({ env: {}, cwd: folder, packageRoot })).to.equal(shipped);
    mkdirSync(path.join(folder, 'resources'));
    writeFileSync(path.join(folder, 'resources/cluster.json'), '{}');
    const own = path.join(folder, 'resources/cluster.json');
    expect(findConfiguration({ env: {}, cwd: folder, packageRoot })).to.equal(own);
    expect(() => findConfiguration({ option: 'c.json', env, cwd: folder, packageRoot })).to.throw(
      ConfigurationError,
      /c\.json: there is no such file; --config/,
    );
    expect(() => findConfiguration({ env: { JUST_HUNGRY_CONFIG: 'c' }, cwd: folder, packageRoot })).to.throw(
      ConfigurationError,
      /JUST_HUNGRY_CONFIG/,
    );
    expect(() => findConfiguration({ env: {}, cwd: '/nowhere', packageRoot: '/nowhere' })).to.throw(
      ConfigurationError,
      /name one with --config/,
    );
  });

  it('token: is taken as written, else made beside the file', () => {
    write({ ...good(), token: 'a'.repeat(16) });
    expect(withToken(readSettings(file)).token).to.equal('a'.repeat(16));
    write(good());
    const { token } = withToken(readSettings(file));
    expect(token).to.match(/^[0-9a-f]{64}$/);
    expect(readFileSync(path.join(folder, 'token'), 'utf8').trim()).to.equal(token);
    expect(withToken(readSettings(file))).not.to.have.property('file');
  });
});

function change(content: Written, list: 'replicas' | 'frontEnds', at: number, field: string, value: unknown): Written {
  const entry = content[list][at];
  if (entry !== undefined) entry[field] = value;
  return content;
}
