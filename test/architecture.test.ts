import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { breaches } from './support/architecture-rules.js';

const root = path.resolve(import.meta.dirname, '..');

/** All hand-written sources by their path from the root. */
function sources(): Map<string, string> {
  const names = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const files = names.map((name) => `src/${name.replaceAll(path.sep, '/')}`);
  const written = files.filter((file) => file.endsWith('.ts') && !file.startsWith('src/net/generated/'));
  return new Map(written.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));
}

describe('architecture', () => {
  it('src: keeps the layout (imports point one way, pure code stays pure)', () => {
    expect(breaches(sources()).join('\n')).to.equal('');
  });

  /** Plants files and expects that the only breach tells file, line, import and remedy. */
  const refused: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    [
      'vsr imports a service',
      { 'src/vsr/a.ts': `import { b } from '../services/b.js';` },
      /^src\/vsr\/a\.ts:1: .*services\/b\.js'.*effect/,
    ],
    [
      'vsr imports a package',
      { 'src/vsr/a.ts': `\nimport { z } from 'zod';` },
      /a\.ts:2: imports 'zod'.*only src\/base/,
    ],
    ['vsr imports a node module', { 'src/vsr/a.ts': `import 'node:crypto';` }, /node:crypto/],
    [
      'a service imports vsr',
      { 'src/services/a.ts': `import type { V } from '../vsr/v.js';` },
      /know nothing of the protocol/,
    ],
    ['base imports a sibling', { 'src/base/a.ts': `export * from '../ports.js';` }, /imports no sibling/],
    [
      'an adapter imports another',
      { 'src/client/a.ts': `import { b } from '../net/b.js';` },
      /adapters do not import each other/,
    ],
    ['ports import an adapter', { 'src/ports/storage.ts': `import { b } from '../net/b.js';` }, /ports are contracts/],
    ['an adapter imports cli', { 'src/net/a.ts': `const b = await import('../cli/b.js');` }, /nothing imports cli/],
    ['src imports test', { 'src/cli/a.ts': `import { b } from '../../test/b.js';` }, /nothing outside src/],
    ['files outside storage', { 'src/net/a.ts': `import { readFile } from 'node:fs/promises';` }, /src\/storage/],
    [
      'gRPC outside net',
      { 'src/front-end/a.ts': `import type {\n  Client,\n} from '@grpc/grpc-js';` },
      /stays in src\/net/,
    ],
    [
      'undici outside the front end',
      { 'src/net/a.ts': `import { request } from 'undici';` },
      /stays in src\/front-end/,
    ],
    ['inquirer outside the client', { 'src/cli/a.ts': `import inquirer from 'inquirer';` }, /stay in src\/client/],
    ['wire types outside net', { 'src/cli/a.ts': `import type { O } from '../net/generated/o.js';` }, /wire types/],
    ['an unknown part', { 'src/misc/a.ts': '' }, /no part of src/],
    [
      'a cycle',
      { 'src/vsr/a.ts': `import './b.js';`, 'src/vsr/b.ts': `import './a.js';` },
      /a cycle \(src\/vsr\/a\.ts -> src\/vsr\/b\.ts -> src\/vsr\/a\.ts\)/,
    ],
    ['Date.now in vsr', { 'src/vsr/a.ts': 'const now = Date.now();' }, /a\.ts:1: uses 'Date\.now'/],
    ['new Date() in a service', { 'src/services/a.ts': 'const now = new Date();' }, /uses 'new Date\(\)'/],
    ['Math.random in vsr', { 'src/vsr/a.ts': 'const x = `${Math.random()}`;' }, /Math\.random/],
    ['a timer in vsr', { 'src/vsr/a.ts': 'setTimeout(f, 1);' }, /tick event/],
    ['process in a service', { 'src/services/a.ts': 'const x = process.env;' }, /src\/cli reads the process/],
    ['async in vsr', { 'src/vsr/a.ts': 'const f = async () => 1;' }, /synchronous/],
  ];
  for (const [what, files, message] of refused) {
    it(`rules: refuse (${what})`, () => {
      const found = breaches(new Map(Object.entries(files)));
      expect(found).to.have.length(1);
      expect(found[0]).to.match(message);
    });
  }

  const accepted: readonly (readonly [string, Record<string, string>])[] = [
    [
      'cli composes everything',
      { 'src/cli/a.ts': `import '../net/a.js';\nimport '../storage/a.js';\nimport '../ports/a.js';` },
    ],
    [
      'a service reads CSV',
      { 'src/services/x/a.ts': `import { parse } from 'csv-parse/sync';\nimport '../../base/a.js';` },
    ],
    [
      'words in comments and strings',
      { 'src/vsr/a.ts': `// Date.now()\nconst a = 'await process.exit';\nconst b = /'async/;\n` },
    ],
    ['an import in a string', { 'src/vsr/a.ts': `const a = "import x from 'zod'";` }],
    ['a time that came in', { 'src/services/a.ts': 'export const iso = (ms: number) => new Date(ms).toISOString();' }],
    ['a field of that name', { 'src/vsr/a.ts': 'state.process.next; const s = { async: true };' }],
  ];
  for (const [what, files] of accepted) {
    it(`rules: accept (${what})`, () => {
      expect(breaches(new Map(Object.entries(files)))).to.deep.equal([]);
    });
  }
});
