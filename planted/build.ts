import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BUGS } from './bugs/index.js';
import { plant, PlantError } from './plant.js';
import { readSources } from './sources.js';

/**
 * The first half of `npm run build:planted`: writes the sources with every bug planted to dist-planted/source, for tsc to compile. The
 * shipped build never sees them.
 */

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'dist-planted');

/** As strict as the real build, but for what a choice between two pieces leaves unused or unreachable. */
const CONFIGURATION = {
  extends: '../tsconfig.json',
  compilerOptions: {
    rootDir: 'source',
    outDir: 'build',
    types: ['node', 'mocha'],
    noUnusedLocals: false,
    noUnusedParameters: false,
    allowUnreachableCode: true,
  },
  include: ['source/src', 'source/planted'],
};

function build(): void {
  rmSync(folder, { recursive: true, force: true });
  for (const [file, text] of plant(readSources(root), BUGS)) write(path.join(folder, 'source', file), text);
  for (const part of ['planted', 'test']) {
    for (const name of readdirSync(path.join(root, part), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
      write(path.join(folder, 'source', part, name), readFileSync(path.join(root, part, name), 'utf8'));
    }
  }
  write(path.join(folder, 'tsconfig.json'), JSON.stringify(CONFIGURATION, undefined, 2));
  makePackage(path.join(folder, 'build'));
}

/** What real processes look for in their package: its name, its proto files, and the code in dist. */
function makePackage(build: string): void {
  mkdirSync(build);
  for (const name of ['package.json', 'proto'])
    cpSync(path.join(root, name), path.join(build, name), { recursive: true });
  symlinkSync('src', path.join(build, 'dist'));
}

function write(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

try {
  build();
} catch (error) {
  if (!(error instanceof PlantError)) throw error;
  console.error(`build:planted: ${error.message}`);
  process.exitCode = 1;
}
