import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';

const root = path.resolve(import.meta.dirname, '../..');
const folder = 'test/examples/waiting-list';
const page = readFileSync(path.join(root, 'docs/writing-a-service.md'), 'utf8');

/** The code on the page by the file that it is said to be. */
const shown = new Map(
  [...page.matchAll(/<!-- (\S+) -->\n```[a-z]+\n([\s\S]*?)\n```/g)].map(([, file = '', code = '']) => [file, code]),
);

describe('docs/writing-a-service.md', () => {
  const files = readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}`);

  it('shows every file of the example', () => {
    expect([...shown.keys()].sort()).to.deep.equal(files.sort());
  });

  for (const file of files) {
    it(`shows it as it is: ${file}`, () => {
      expect(`${shown.get(file)}\n`).to.equal(readFileSync(path.join(root, file), 'utf8'));
    });
  }
});
