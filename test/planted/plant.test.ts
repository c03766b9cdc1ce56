import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { expression, statements, type Edit, type PlantedBug } from '../../planted/bug.js';
import { BUGS } from '../../planted/bugs/index.js';
import { plant, PlantError } from '../../planted/plant.js';
import { readSources } from '../../planted/sources.js';

const root = path.resolve(import.meta.dirname, '../..');

const bug = (name: string, ...edits: Edit[]): PlantedBug => ({ name, clause: 'a rule', simulation: 'core', edits });

/** Plants into one small file and returns what becomes of it. */
function planted(text: string, ...bugs: readonly PlantedBug[]): string | undefined {
  return plant(new Map([['src/vsr/a.ts', text]]), bugs).get('src/vsr/a.ts');
}

const FILE = 'src/vsr/a.ts';

describe('planted bugs', () => {
  it('planted: every bug fits the sources as they are', () => {
    const sources = readSources(root);
    const result = plant(sources, BUGS);
    for (const { name, edits } of BUGS)
      for (const { file } of edits) expect(result.get(file), `${name} in ${file}`).to.include(`isPlanted('${name}')`);
    const changed = [...result].filter(([file, text]) => text !== sources.get(file)).map(([file]) => file);
    expect(changed.sort()).to.deep.equal(
      [...new Set(BUGS.flatMap(({ edits }) => edits.map((edit) => edit.file)))].sort(),
    );
  });

  it('planted: at least 25, each with its clause and its changes; what is said to be covered says by what', () => {
    expect(BUGS.filter(({ coveredBy }) => coveredBy === undefined).length).to.be.at.least(25);
    for (const { name, clause, edits, coveredBy } of BUGS) {
      expect(clause, name).to.match(/^(rule|rules|design) \d/);
      expect(edits, name).to.not.deep.equal([]);
      for (const { find, replace } of edits) expect(replace, name).to.not.equal(find);
      if (coveredBy !== undefined) expect(coveredBy.length, name).to.be.greaterThan(20);
    }
  });

  it('planted: neither src nor the shipped build knows of a switch', () => {
    for (const folder of ['src', 'dist']) {
      const names = readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' });
      const code = names.filter((name) => /\.(ts|js)$/.test(name));
      expect(code.length, folder).to.be.greaterThan(100);
      for (const name of code)
        expect(readFileSync(path.join(root, folder, name), 'utf8'), `${folder}/${name}`).to.not.match(/planted/i);
    }
  });

  it('plant: an expression becomes a choice, the original last', () => {
    const text = planted('const a = b + 1;', bug('off', expression(FILE, 'b + 1', 'b')));
    expect(text).to.equal(
      `import { isPlanted } from '../../planted/switch.js';\nconst a = (isPlanted('off') ? (b) : (b + 1));`,
    );
  });

  it('plant: statements become branches; bugs may share a piece', () => {
    const text = planted(
      'a();\nb();',
      bug('one', statements(FILE, 'a();', '')),
      bug('two', statements(FILE, 'a();', 'c();')),
    );
    expect(text).to.equal(
      [
        `import { isPlanted } from '../../planted/switch.js';`,
        `if (isPlanted('one')) {`,
        ``,
        `} else if (isPlanted('two')) {`,
        `c();`,
        `} else {`,
        `a();`,
        `}`,
        `b();`,
      ].join('\n'),
    );
  });

  it('plant: a piece that is there twice is found within a larger one', () => {
    const text = planted('f(true); g(true);', bug('off', expression(FILE, 'true', 'false', { within: 'g(true)' })));
    expect(text).to.match(/f\(true\); g\(\(isPlanted\('off'\) \? \(false\) : \(true\)\)\);$/);
  });

  const refused: readonly (readonly [string, readonly PlantedBug[], RegExp])[] = [
    ['a piece that is gone', [bug('off', expression(FILE, 'z', 'y'))], /off: 'z' is not in src\/vsr\/a\.ts any more/],
    ['a piece that is there twice', [bug('off', expression(FILE, '1', '2'))], /more than once; give .* 'within'/],
    ['an empty piece', [bug('off', expression(FILE, '', '2'))], /is not in/],
    ['a file that is gone', [bug('off', expression('src/b.ts', 'z', 'y'))], /src\/b\.ts is not among the sources/],
    [
      'pieces that overlap',
      [bug('one', expression(FILE, 'b + 1', 'b')), bug('two', expression(FILE, 'a = b', 'a'))],
      /two and one change overlapping pieces of src\/vsr\/a\.ts/,
    ],
    [
      'one piece as an expression and as statements',
      [bug('one', expression(FILE, 'b + 1', 'b')), bug('two', statements(FILE, 'b + 1', 'b;'))],
      /overlapping/,
    ],
    ['two bugs of one name', [bug('one'), bug('one')], /two bugs are called one/],
    ['a name that is no switch', [bug(`it's`)], /no name of a switch/],
  ];
  for (const [what, bugs, message] of refused) {
    it(`plant: refuse (${what})`, () => {
      expect(() => planted('const a = b + 1; const c = 1;', ...bugs)).to.throw(PlantError, message);
    });
  }
});
