import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { PROJECT_ROOT, temporaryFolder } from './support/command-run.js';

const TOOLS = ['bash', 'cat', 'dirname', 'find', 'head', 'realpath', 'sort', 'touch', 'mkdir', 'env'];

describe('startup.sh', () => {
  let root: string;
  let checkout: string;
  let bin: string;
  beforeEach(() => {
    root = temporaryFolder();
    checkout = path.join(root, 'a checkout');
    bin = path.join(root, 'bin');
    for (const folder of ['src', 'proto', 'scripts']) mkdirSync(path.join(checkout, folder), { recursive: true });
    mkdirSync(bin);
    copyFileSync(path.join(PROJECT_ROOT, 'startup.sh'), path.join(checkout, 'startup.sh'));
    for (const file of ['package.json', 'package-lock.json', 'tsconfig.json', 'src/a.ts'])
      writeFileSync(path.join(checkout, file), '{}');
    for (const tool of TOOLS) {
      const found = ['/usr/bin', '/bin'].map((folder) => path.join(folder, tool)).find((file) => existsSync(file));
      if (found !== undefined) symlinkSync(found, path.join(bin, tool));
    }
    program('node', `[ "$1" = --version ] && { echo "\${FAKE_VERSION:-v20.20.2}"; exit; }; echo "node in $PWD: $*"`);
    program(
      'npm',
      `echo "npm $*"; [ "$FAKE_FAIL" = "$1" ] && exit 1
       if [ "$1" = ci ]; then mkdir -p node_modules && touch node_modules/.package-lock.json
       else mkdir -p dist/cli && touch dist/cli/main.js; fi`,
    );
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  const program = (name: string, script: string): void =>
    writeFileSync(path.join(bin, name), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 });
  function run(args: readonly string[] = [], env: Record<string, string> = {}) {
    const script = path.join(checkout, 'startup.sh');
    const result = spawnSync('bash', [script, ...args], { cwd: root, env: { PATH: bin, ...env }, encoding: 'utf8' });
    return { exitCode: result.status, lines: result.stdout.trim().split('\n'), stderr: result.stderr };
  }
  const started = (args: string): string => `node in ${checkout}: dist/cli/main.js start${args}`;
  /** Sets a file's time `seconds` from now, making the file if need be. */
  const age = (file: string, seconds: number): void => {
    const at = Date.now() / 1_000 + seconds;
    utimesSync(path.join(checkout, file), at, at);
  };

  it('first run: installs, builds, starts all and the client; the second only starts', () => {
    expect(run().lines).to.deep.equal([
      'Installing packages…',
      'npm ci --include=dev --no-audit --no-fund --loglevel=error',
      'Building…',
      'npm run --silent build',
      started(' --client'),
    ]);
    expect(run().lines).to.deep.equal([started(' --client')]);
  });

  it('after a change: builds again for a newer source, installs again for a newer lock', () => {
    run();
    age('src/a.ts', 5);
    expect(run().lines).to.deep.equal(['Building…', 'npm run --silent build', started(' --client')]);
    age('src/a.ts', -5);
    age('package-lock.json', 5);
    expect(run().lines.slice(0, 2)).to.deep.equal([
      'Installing packages…',
      'npm ci --include=dev --no-audit --no-fund --loglevel=error',
    ]);
  });

  it('arguments: are passed on; a configuration is found from where the person stands', () => {
    run();
    expect(run(['--no-client']).lines).to.deep.equal([started('')]);
    expect(run(['--offline', '--no-client']).lines).to.deep.equal([started(' --offline')]);
    expect(run(['--config', 'my.json', '--offline']).lines).to.deep.equal([
      started(` --client --config ${path.join(root, 'my.json')} --offline`),
    ]);
  });

  it('arguments: an unknown one is refused with the usage, exit 2; --help is none, exit 0', () => {
    const { exitCode, stderr } = run(['--nope']);
    expect(exitCode).to.equal(2);
    expect(stderr).to.contain('Usage: startup.sh').and.to.contain('startup.sh: unknown argument: --nope');
    expect(run(['--config']).exitCode).to.equal(2);
    expect(run(['--help'])).to.deep.include({ exitCode: 0, stderr: '' });
  });

  it('node: too old, or not there, is told with what to do', () => {
    for (const version of ['v18.20.4', 'v20.9.0', 'v20.18.3']) {
      const { exitCode, stderr } = run([], { FAKE_VERSION: version });
      expect(exitCode, version).to.equal(1);
      expect(stderr).to.match(/Node\.js [0-9.]+ is too old; install version 20\.19 or newer/);
    }
    for (const version of ['v20.19.0', 'v22.1.0', 'v100.0.0'])
      expect(run([], { FAKE_VERSION: version }).exitCode).to.equal(0);
    rmSync(path.join(bin, 'node'));
    expect(run()).to.deep.include({ exitCode: 1 });
    expect(run().stderr).to.contain('Node.js is not installed; install version 20.19');
  });

  it('installing or building fails: exit 1, nothing is started, and the next run tries again', () => {
    expect(run([], { FAKE_FAIL: 'ci' })).to.deep.include({ exitCode: 1 });
    expect(run([], { FAKE_FAIL: 'ci' }).stderr).to.contain('npm ci failed');
    const built = run([], { FAKE_FAIL: 'run' });
    expect(built.exitCode).to.equal(1);
    expect(built.stderr).to.contain('the build failed');
    expect(run().lines.at(-1)).to.equal(started(' --client'));
  });

  it('link: works through a link and is executable as it ships', () => {
    run();
    symlinkSync(path.join(checkout, 'startup.sh'), path.join(bin, 'start-food'));
    const result = spawnSync('bash', [path.join(bin, 'start-food'), '--no-client'], {
      env: { PATH: bin },
      encoding: 'utf8',
    });
    expect(result.stdout.trim()).to.equal(started(''));
    const listed = spawnSync('git', ['ls-files', '-s', 'startup.sh'], { cwd: PROJECT_ROOT, encoding: 'utf8' }).stdout;
    // A package without git keeps the mode of the file.
    if (listed !== '') expect(listed).to.match(/^100755 /);
    expect(readFileSync(path.join(PROJECT_ROOT, 'startup.sh'), 'utf8')).to.match(/^#!\/usr\/bin\/env bash\n/);
  });
});
