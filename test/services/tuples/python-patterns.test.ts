import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { compilePattern } from '../../../src/services/tuples/python/pattern.js';

const folder = new URL('.', import.meta.url);
const SCRIPT = new URL('../../../scripts/python-patterns.py', folder).pathname;

/** What Python says of a pattern: the inputs that match as a whole, or why it refuses it. */
interface Line {
  readonly pattern: string;
  readonly matched?: readonly string[];
  readonly error?: string;
}

interface Table {
  readonly inputs: readonly string[];
  readonly patterns: readonly Line[];
}

/** What is refused here though Python takes it, by what the refusal names. */
const UNSUPPORTED =
  /^not supported: (lookahead|lookbehind|backreferences|conditionals|atomic groups|possessive repeats|named characters)/;
/** How such a pattern looks, so that nothing else is refused under their names. */
const LOOKS_UNSUPPORTED = /\(\?<?[=!]|\\[1-9]|\(\?P=|\(\?\(|\(\?>|[*+?}]\+|\\N\{/;

/** A repeat of many can come to more than is taken. */
const REPEATED = /\{[^}]*[0-9]{2,}\}/;

/** How the answers here differ from Python's; empty when they do not. */
function differences({ inputs, patterns }: Table): string[] {
  const different: string[] = [];
  for (const { pattern, matched, error } of patterns) {
    const compiled = compilePattern(pattern);
    const found = compiled.kind === 'pattern' ? inputs.filter((input) => compiled.pattern.matches(input)) : undefined;
    const told = `${JSON.stringify(pattern)}: python ${error ?? JSON.stringify(matched)}`;
    if (compiled.kind === 'unsupported') {
      const isNamed = UNSUPPORTED.test(compiled.problem) && LOOKS_UNSUPPORTED.test(pattern);
      const isTooLarge = compiled.problem.startsWith('it comes to') && REPEATED.test(pattern);
      if (!isNamed && !isTooLarge) different.push(`${told}, here ${compiled.problem}`);
    } else if (compiled.kind === 'malformed') {
      if (error === undefined) different.push(`${told}, here malformed: ${compiled.problem}`);
    } else if (JSON.stringify(found) !== JSON.stringify(matched))
      different.push(`${told}, here ${JSON.stringify(found)}`);
  }
  return different;
}

describe('patterns of Python', () => {
  const table = JSON.parse(readFileSync(new URL('python-patterns.json', folder), 'utf8')) as Table;

  it('the table: every answer is that of re.fullmatch', () => {
    const { patterns, inputs } = table;
    expect(patterns.length).to.be.at.least(150);
    expect(patterns.filter(({ error }) => error !== undefined)).to.have.length.above(50);
    expect(patterns.filter(({ matched }) => (matched?.length ?? 0) > 0)).to.have.length.above(150);
    expect(inputs).to.have.length.above(60);
    expect(differences(table).join('\n')).to.equal('');
  });

  it('patterns made by chance: every answer is that of re.fullmatch (where there is Python 3.11)', function () {
    this.timeout(120_000);
    if (!isPython311()) return this.skip();
    const seed = Math.floor(Math.random() * 2 ** 31);
    const made = execFileSync('python3', [SCRIPT, '--fuzz', String(seed), '3000'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    const answers = JSON.parse(made) as Table;
    expect(answers.patterns).to.have.length.above(2500);
    expect(differences(answers).join('\n'), `scripts/python-patterns.py --fuzz ${seed} 3000`).to.equal('');
  });

  // name, pattern, what the refusal says
  const refused: readonly (readonly [string, string, 'malformed' | 'unsupported', RegExp])[] = [
    ['lookahead', 'a(?=b)b', 'unsupported', /^not supported: lookahead/],
    ['lookbehind', '(?<!a)b', 'unsupported', /^not supported: lookbehind/],
    ['a lookbehind of any width', '(?<=a*)b', 'malformed', /fixed-width/],
    ['a backreference', '(a)\\1', 'unsupported', /^not supported: backreferences/],
    ['a backreference to nothing', '\\1', 'malformed', /invalid group reference 1/],
    ['a condition', '(a)?(?(1)b|c)', 'unsupported', /^not supported: conditionals/],
    ['an atomic group', '(?>a)', 'unsupported', /^not supported: atomic groups/],
    ['a possessive repeat', 'a++', 'unsupported', /^not supported: possessive repeats/],
    ['a named character', '\\N{DIGIT ONE}', 'unsupported', /^not supported: named characters/],
    ['two at once', '(?=a)(a)\\1', 'unsupported', /lookahead .*, backreferences/],
    ['malformed behind what is not supported', '(?=a)(', 'malformed', /unterminated subpattern/],
    ['too long', 'a'.repeat(1001), 'unsupported', /1001 characters, more than 1000/],
    ['too large', '(?:a?b?){600}|(?:(?:a?){40}){40}', 'unsupported', /repeats are written out/],
    ['too deep', `${'('.repeat(101)}a${')'.repeat(101)}`, 'unsupported', /more than 100 deep/],
    [
      'too deep behind conditions',
      `(a)${'(?(1)'.repeat(101)}${'('.repeat(240)}${')'.repeat(240)}`,
      'unsupported',
      /100 deep/,
    ],
    ['nothing to repeat', 'a|*', 'malformed', /nothing to repeat \(at about character 3\)/],
  ];
  for (const [name, pattern, kind, why] of refused)
    it(`refused by name: ${name}`, () => {
      const compiled = compilePattern(pattern);
      expect(compiled).to.include({ kind });
      expect(compiled).to.have.property('problem').that.matches(why);
    });

  it('at their limits they are taken', () => {
    for (const pattern of [
      'a'.repeat(1000),
      `${'('.repeat(100)}a${')'.repeat(100)}`,
      'a?'.repeat(500),
      'a{4294967294}',
    ])
      expect(compilePattern(pattern).kind, pattern).to.equal('pattern');
  });

  it('what is one text is known as one', () => {
    const literal = (pattern: string) => {
      const compiled = compilePattern(pattern);
      return compiled.kind === 'pattern' ? compiled.pattern.literal : undefined;
    };
    for (const pattern of [
      'user1',
      '^user1$',
      '\\Auser1\\Z',
      '\\buser1\\b',
      'us(?:er)1',
      '[u]ser1',
      '(?x) user 1',
      'u\\x73er1',
    ])
      expect(literal(pattern), pattern).to.equal('user1');
    for (const pattern of ['(?i)user1', 'user.', 'user1?', 'user1|user2', '', 'é', 'a^b'])
      expect(literal(pattern), pattern).to.equal(undefined);
  });

  it('what brings other engines down is answered', () => {
    const texts = ['a'.repeat(64), 'ab'.repeat(32), `${'a'.repeat(63)}b`];
    for (const pattern of [
      '(a+)+c',
      '(a|aa)+c',
      '(a|a?)+c',
      '(.*)*(.*)*(.*)*c',
      '(?:a?){64}a{64}c',
      '((a*)*)*c',
      '([a-z]+)*[0-9]',
    ])
      for (const text of texts) {
        const compiled = compilePattern(pattern);
        expect(compiled.kind === 'pattern' && compiled.pattern.matches(text), `${pattern} ${text}`).to.equal(false);
      }
  });
});

function isPython311(): boolean {
  try {
    return execFileSync('python3', ['--version'], { encoding: 'utf8' }).startsWith('Python 3.11.');
  } catch {
    return false;
  }
}
