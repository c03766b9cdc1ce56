import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect } from 'chai';
import { makeIdentity, skipWithoutOpenssl } from '../support/certificates.js';
import { freePorts } from '../support/free-ports.js';
import { type CommandRun, runCommand, temporaryFolder } from './support/command-run.js';

interface Answer {
  readonly valid: boolean;
  readonly problems?: readonly string[];
  readonly settings: readonly { readonly field: string; readonly value: string; readonly from: string }[];
  readonly findings: readonly { readonly field: string; readonly kind: string; readonly text: string }[];
}

describe('config check', () => {
  let folder: string;
  let file: string;
  let ports: number[];
  beforeEach(async () => {
    folder = temporaryFolder();
    file = path.join(folder, 'cluster.json');
    ports = await freePorts(3);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const good = (): Record<string, unknown> => ({
    replicas: [{ id: 'r1', address: `127.0.0.1:${ports[0]}`, resources: 'r1' }],
    frontEnds: [{ id: 'f1', address: `127.0.0.1:${ports[1]}`, http: `127.0.0.1:${ports[2]}` }],
  });
  const check = (content: unknown, ...more: string[]): Promise<CommandRun> => {
    writeFileSync(file, JSON.stringify(content), { mode: 0o600 });
    return runCommand(['config', 'check', '--config', file, ...more]);
  };
  const answer = async (content: unknown): Promise<Answer & { exitCode: number | undefined }> => {
    const { exitCode, stdout } = await check(content, '--json');
    return { exitCode, ...(JSON.parse(stdout) as Answer) };
  };
  const findingOf = ({ findings }: Answer, field: string) => findings.find((one) => one.field === field);

  it('usable: exit 0, says what is in force and from where, and changes nothing', async () => {
    const { exitCode, valid, settings, findings } = await answer({ ...good(), heartbeatMs: 50 });
    expect([exitCode, valid]).to.deep.equal([0, true]);
    expect(settings.find(({ field }) => field === 'heartbeatMs')).to.deep.include({ value: '50', from: 'file' });
    expect(settings.find(({ field }) => field === 'logLevel')).to.deep.include({ value: 'info', from: 'default' });
    expect(findings.filter(({ kind }) => kind === 'problem')).to.deep.equal([]);
    expect(readdirSync(folder)).to.deep.equal(['cluster.json']);
    const { stdout } = await check(good());
    expect(stdout).to.match(/The configuration can be used\.\n\nFIELD/);
  });

  it('wrong: exit 2, a line for each field with value and what is allowed', async () => {
    const content = { ...good(), quorum: 7, logLevel: 'loud', tls: { ca: 'x', pin: 1 }, colour: 'red' };
    const { exitCode, stderr } = await check(content);
    expect(exitCode).to.equal(2);
    expect(stderr).to.match(/logLevel is "loud"; allowed: "debug", "info", "warn", "error"\./);
    expect(stderr).to.match(/tls\.certificate is missing; allowed: /);
    expect(stderr).to.match(/tls\.pin is not known; allowed: ca, certificate, key\./);
    expect(stderr).to.match(/colour is not known; allowed: replicas, .*rateLimit, logLevel, logFiles/);
    const told = await answer(content);
    expect([told.exitCode, told.valid]).to.deep.equal([2, false]);
    expect(told.problems).to.have.length(stderr.trim().split('\n').length);
  });

  it('secrets: tokens are never shown', async () => {
    const { stdout } = await check({ ...good(), token: 'a-secret-of-the-cluster', staffToken: 'a-secret-of-staff' });
    expect(stdout).to.not.include('a-secret');
    expect(stdout).to.match(/staffToken\s+set, not shown/);
  });

  it('hosts and ports: an unknown host is a problem, a port in use a note', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(ports[0], '127.0.0.1', resolve));
    const content = good();
    content['frontEnds'] = [{ id: 'f1', address: 'no-such-host.invalid:7400' }];
    const told = await answer(content);
    await new Promise((resolve) => server.close(resolve));
    expect(told.exitCode).to.equal(1);
    expect(findingOf(told, 'frontEnds[0].address')).to.deep.include({ kind: 'problem' });
    expect(findingOf(told, 'frontEnds[0].address')?.text).to.match(
      /names the host no-such-host\.invalid, which is not known here/,
    );
    expect(findingOf(told, 'replicas[0].address')).to.deep.include({ kind: 'note' });
  });

  it("elsewhere: what is another computer's is not looked for here", async () => {
    const content = good();
    // Of a network that is kept for documents (RFC 5737): no computer has it.
    content['replicas'] = [{ id: 'r1', address: '192.0.2.1:7401', resources: '/no/such/folder' }];
    const told = await answer(content);
    expect(told.exitCode).to.equal(0);
    expect(findingOf(told, 'replicas[0].address')?.text).to.match(/is an address of another computer/);
    expect(findingOf(told, 'replicas[0].resources')).to.equal(undefined);
  });

  it('files: a file where a folder should be, and a token that all can read, are problems', async () => {
    writeFileSync(path.join(folder, 'r1'), '');
    writeFileSync(path.join(folder, 'token'), 'x'.repeat(32));
    chmodSync(path.join(folder, 'token'), 0o644);
    const told = await answer(good());
    expect(told.exitCode).to.equal(1);
    expect(findingOf(told, 'replicas[0].resources')?.text).to.match(/r1 cannot be written \(it is a file\)/);
    expect(findingOf(told, 'token')?.text).to.match(/can be read by other users; allowed: mode 0600/);
    rmSync(path.join(folder, 'r1'));
    mkdirSync(path.join(folder, 'r1'));
    chmodSync(path.join(folder, 'token'), 0o600);
    expect(await answer(good())).to.deep.include({ exitCode: 0, valid: true });
  });

  describe('certificates', () => {
    before(function () {
      skipWithoutOpenssl(this);
    });

    it('fit: certificate, key, CA and hosts belong together', async function () {
      this.timeout(30_000);
      const own = makeIdentity(path.join(folder, 'own'));
      const told = await answer({ ...good(), tls: own });
      expect(told.exitCode).to.equal(0);
      // By name too, which is no address.
      const named = makeIdentity(path.join(folder, 'named'), 'localhost');
      const frontEnds = [{ id: 'f1', address: `localhost:${ports[1]}`, tls: named }];
      expect((await answer({ ...good(), frontEnds })).exitCode).to.equal(0);
      // Made for two days: told in time.
      expect(findingOf(told, 'tls.certificate')?.text).to.match(/ends in [12] days/);
    });

    it('do not fit: a key, a CA, a host or a file that is not theirs is named', async function () {
      this.timeout(30_000);
      const own = makeIdentity(path.join(folder, 'own'));
      const other = makeIdentity(path.join(folder, 'other'), 'elsewhere.example');
      const problemOf = async (tls: object): Promise<string> => {
        const told = await answer({ ...good(), tls });
        expect(told.exitCode).to.equal(1);
        return told.findings
          .filter(({ kind }) => kind === 'problem')
          .map(({ field, text }) => `${field} ${text}`)
          .join('\n');
      };
      expect(await problemOf({ ...own, key: other.key })).to.match(/^tls\.key .* is not the key of/);
      expect(await problemOf({ ...own, ca: other.ca })).to.match(/^tls\.ca .* has not signed/);
      expect(await problemOf(other)).to.match(/^tls\.certificate it does not name 127\.0\.0\.1/);
      expect(await problemOf({ ...own, certificate: 'nowhere.pem' })).to.match(/nowhere\.pem.* cannot be read/);
    });
  });
});
