import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { SERVICE_NAMES } from '../src/cli/service-names.js';
import { runCommand } from './cli/support/command-run.js';

const ROOT = path.resolve(import.meta.dirname, '..');
const PAGE = 'docs/requirements-trace.md';

/** Numbered lines of each list of requirements. */
const LINES = { S000: 24, S001: 32, S002: 18, S003: 18 } as const;

interface Row {
  readonly line: string;
  readonly shownBy: string;
}

const rows: Row[] = readFileSync(path.join(ROOT, PAGE), 'utf8')
  .split('\n')
  .flatMap((text) => {
    const [, line, , shownBy] = /^\| (S\d{3}-\d{2}) \| (.+?) \| (.+) \|$/.exec(text) ?? [];
    return line === undefined || shownBy === undefined ? [] : [{ line, shownBy }];
  });

/** The test files that a row names, each with the names of tests behind it. */
function testsIn({ shownBy }: Row): { file: string; titles: string[] }[] {
  const found: { file: string; titles: string[] }[] = [];
  for (const [, file, title] of shownBy.matchAll(/`(test\/[^`]+)`|"([^"]+)"/g)) {
    if (file !== undefined) found.push({ file, titles: [] });
    else if (title !== undefined) found.at(-1)?.titles.push(title);
  }
  return found;
}

/** The commands that a row names, as one would type them. */
function commandsIn({ shownBy }: Row, names: ReadonlySet<string>): string[] {
  return [...shownBy.matchAll(/`([^`]+)`/g)]
    .map(([, code = '']) => code)
    .filter((code) => names.has(code.split(' ')[0] ?? ''));
}

/** What `--help` says of a command: its names up to the first argument or option. */
async function helpOf(command: string): Promise<{ path: string; help: string }> {
  const words = command.split(' ');
  const end = words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
  const names = words.slice(0, end < 0 ? words.length : end);
  const { stdout } = await runCommand([...names, '--help']);
  return { path: names.join(' '), help: stdout };
}

describe(`${PAGE}`, () => {
  it('lines: each once, in order, none left out', () => {
    const expected = Object.entries(LINES).flatMap(([list, count]) =>
      Array.from({ length: count }, (_, index) => `${list}-${String(index + 1).padStart(2, '0')}`),
    );
    expect(rows.map(({ line }) => line)).to.deep.equal(expected);
  });

  let commandNames: ReadonlySet<string> = new Set();
  before(async () => {
    const { help } = await helpOf('');
    commandNames = new Set([
      ...SERVICE_NAMES,
      ...[...help.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map(([, name = '']) => name),
    ]);
  });

  for (const row of rows)
    it(`${row.line}: what it names is there`, async () => {
      const tests = testsIn(row);
      for (const { file, titles } of tests) {
        expect(existsSync(path.join(ROOT, file)), file).to.equal(true);
        expect(titles, `${file}: at least one test is named`).to.not.have.length(0);
        const source = readFileSync(path.join(ROOT, file), 'utf8');
        const named = source.split('\n').filter((line) => /\b(?:it|describe)\(/.test(line));
        for (const title of titles)
          expect(
            named.some((line) => line.includes(title)),
            `${file}: ${title}`,
          ).to.equal(true);
      }
      const commands = commandsIn(row, commandNames);
      for (const command of commands) {
        const { path: names, help } = await helpOf(command);
        expect(help, `there is no command ${names}`).to.match(new RegExp(`^Usage: just-hungry ${names} `));
        for (const [option] of command.matchAll(/--[a-z-]+/g)) expect(help, command).to.include(option);
      }
      if (!row.shownBy.startsWith('– '))
        expect(tests.length + commands.length, 'it is shown by something').to.be.above(0);
    });
});
