import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { isReadByOthers, readKnownToken, readOrMakeToken } from '../../src/cli/token-file.js';
import { PROJECT_ROOT, temporaryFolder } from './support/command-run.js';

describe('token file', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = temporaryFolder();
    file = path.join(folder, 'token');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('make: 32 random bytes in hex for the owner alone, once', () => {
    const token = readOrMakeToken(file);
    expect(token).to.match(/^[0-9a-f]{64}$/);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(readOrMakeToken(file)).to.equal(token);
    expect(readdirSync(folder)).to.deep.equal(['token']);
  });

  it('make: several processes at once read the same token', async () => {
    const script = `import { isReadByOthers, readKnownToken, readOrMakeToken } from './src/cli/token-file.ts';
      while (Date.now() < Number(process.argv[1])) {}
      console.log(readOrMakeToken(process.argv[2]));`;
    const at = String(Date.now() + 2_500);
    const tokens = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const args = ['--import', 'tsx', '--input-type=module', '-e', script, at, file];
        const child = spawn(process.execPath, args, { cwd: PROJECT_ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
        const [out] = await Promise.all([text(child.stdout), once(child, 'exit')]);
        return out.trim();
      }),
    );
    expect(new Set(tokens).size).to.equal(1);
    expect(tokens[0]).to.match(/^[0-9a-f]{64}$/);
    expect(readdirSync(folder)).to.deep.equal(['token']);
  });

  it('refuse: a file that holds no token, named without its content', () => {
    writeFileSync(file, 'too short');
    expect(() => readOrMakeToken(file)).to.throw(/token: holds no token \(9 characters\); allowed: 16 to 256/);
  });

  it('known: who asks servers makes no token, and is told where there is one', () => {
    expect(() => readKnownToken(file)).to.throw(/token: there is no token of the cluster; .*Copy it from a computer/);
    expect(existsSync(file)).to.equal(false);
    const token = readOrMakeToken(file);
    expect(readKnownToken(file)).to.equal(token);
  });

  it('others: a file that they can read is known as such', () => {
    expect(isReadByOthers(file)).to.equal(false);
    readOrMakeToken(file);
    expect(isReadByOthers(file)).to.equal(false);
    chmodSync(file, 0o644);
    expect(isReadByOthers(file)).to.equal(process.platform !== 'win32');
  });

  it('refuse: a folder that is not there', () => {
    expect(() => readOrMakeToken(path.join(folder, 'x', 'token'))).to.throw(/cannot be made.*make its folder writable/);
  });
});
