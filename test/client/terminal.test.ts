import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { PROJECT_ROOT, temporaryFolder } from '../cli/support/command-run.js';

const hasTmux = spawnSync('tmux', ['-V']).status === 0;

describe('client in a terminal (tmux)', function () {
  this.timeout(40_000);
  let folder: string;
  let socket: string;
  let session = 0;
  before(function () {
    if (hasTmux) return;
    console.log('    tmux is not installed: the terminal tests are skipped (Debian: apt-get install tmux)');
    this.skip();
  });
  beforeEach(() => {
    folder = temporaryFolder();
    socket = path.join(folder, 'tmux');
    session += 1;
  });
  afterEach(() => {
    spawnSync('tmux', ['-S', socket, 'kill-server']);
    rmSync(folder, { recursive: true, force: true });
  });

  const tmux = (...args: string[]): string => execFileSync('tmux', ['-S', socket, ...args], { encoding: 'utf8' });
  const target = (): string => `client-${session}`;
  const screen = (): string => tmux('capture-pane', '-p', '-t', target());
  const keys = (...names: string[]): string => tmux('send-keys', '-t', target(), ...names);
  async function shows(what: RegExp): Promise<string> {
    const endMs = performance.now() + 10_000;
    for (;;) {
      const now = screen();
      if (what.test(now)) return now;
      if (performance.now() > endMs) throw new Error(`the terminal never showed ${String(what)}:\n${now}`);
      await pause(50);
    }
  }
  /** Types into the prompt that is open and waits for what follows; inquirer drops keys typed before a prompt is up. */
  async function answer(prompt: RegExp, ...names: string[]): Promise<void> {
    await shows(prompt);
    await pause(150);
    keys(...names);
  }
  function open(argv: string, fault = ''): void {
    const script = path.join(PROJECT_ROOT, 'test/cli/support/cli-process.ts');
    // Ctrl-C reaches the shell too: it has to stay.
    const command = `trap : INT; cd ${PROJECT_ROOT} && FAKE_FAULT=${fault} XDG_STATE_HOME=${folder} ${process.execPath} --import tsx ${script} ${argv} --front-end 127.0.0.1:7400; echo "left with $?"; stty -a | grep -o -e '-\\?echo ' -e '-\\?icanon'; exec sh`;
    tmux('new-session', '-d', '-s', target(), '-x', '110', '-y', '50', 'sh', '-c', command);
  }
  const choose = async (down: number): Promise<void> =>
    answer(
      /What would you like to do\?\s*\n[❯>]? *[❯>] Show the menu|❯ Show the menu/,
      ...Array.from({ length: down }, () => 'Down'),
      'Enter',
    );
  /** The shell has its line mode, its echo and its cursor again. */
  async function expectCleanExit(code: number): Promise<string> {
    const text = await shows(new RegExp(`left with ${code}\\s+icanon\\s+echo|left with ${code}\\s+echo\\s+icanon`));
    expect(tmux('display-message', '-p', '-t', target(), '#{cursor_flag}').trim()).to.equal('1');
    expect(tmux('display-message', '-p', '-t', target(), '#{alternate_on}').trim()).to.equal('0');
    expect(text).not.to.match(/\n +at |Error:/);
    return text;
  }

  it('a visit: user code, menu, basket, order, quit', async () => {
    open('client');
    await answer(/Your user code/, 'ann', 'Enter');
    await shows(/Welcome! Today's special[\s\S]*Dal Tadka +£6\.95/);
    await choose(1);
    await answer(/❯ Dal Tadka, £6\.95/, 'Enter');
    await answer(/How many/, '2', 'Enter');
    await shows(/2 × +Dal Tadka +£13\.90/);
    await choose(3);
    await answer(/Postcode \(empty: back\)/, 'dh1 1jn', 'Enter');
    await answer(/Add a name, phone/, 'n', 'Enter');
    await answer(/Place this order for £13\.90\?/, 'y', 'Enter');
    await shows(/Ordered\.[\s\S]*Safe: on 2 disks/);
    await choose(9);
    expect(await expectCleanExit(0)).to.contain('Goodbye.');
  });

  it('Ctrl-C at a prompt: exit 130, terminal clean, no stack', async () => {
    open('client');
    await answer(/Your user code/, 'ann', 'Enter');
    await shows(/❯ Show the menu/);
    keys('C-c');
    expect(await expectCleanExit(130)).to.contain('Goodbye.');
  });

  it('Ctrl-C with an order on its way: exit 130, terminal clean, says what happens with the order', async () => {
    open('client', 'hang');
    await answer(/Your user code/, 'ann', 'Enter');
    await choose(1);
    await answer(/❯ Dal Tadka, £6\.95/, 'Enter');
    await answer(/How many/, 'Enter');
    await choose(3);
    await answer(/Postcode \(empty: back\)/, 'DH1 1JN', 'Enter');
    await answer(/Add a name, phone/, 'n', 'Enter');
    await answer(/Place this order/, 'y', 'Enter');
    await pause(500);
    keys('C-c');
    expect(await expectCleanExit(130)).to.match(/is on its way: it may have been\s+placed/);
  });

  it('Ctrl-D at a prompt: exit 0, terminal clean', async () => {
    open('client');
    await answer(/Your user code/, 'C-d');
    await expectCleanExit(0);
  });

  it('front end away: a message, and the dialogue goes on', async () => {
    open('client', 'down');
    await answer(/Your user code/, 'ann', 'Enter');
    await shows(/The restaurant cannot be reached just now: No front end can be reached\.[\s\S]*❯ Show the menu/);
    keys('C-c');
    await expectCleanExit(130);
  });

  it('kitchen: the board fills the screen; q gives the terminal back', async () => {
    open('kitchen');
    await shows(/Kitchen: 0 open orders[\s\S]*Nothing to do\.[\s\S]*q quit/);
    keys('q');
    await expectCleanExit(0);
  });
});
