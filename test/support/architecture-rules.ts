import path from 'node:path';
import { importsOf, lineOf, splitSource } from './source-text.js';

const inward = ['ports', 'vsr', 'services', 'base'];

/** Which parts of src each part may import, besides itself. What is in neither column does not exist: add it here first. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  vsr: ['base'],
  services: ['base'],
  ports: ['vsr', 'services', 'base'],
  storage: inward,
  runtime: inward,
  net: inward,
  'front-end': inward,
  client: inward,
  operations: inward,
  telemetry: inward,
  cli: ['front-end', 'client', 'operations', 'telemetry', 'runtime', 'storage', 'net', ...inward],
};

const remedies: Readonly<Record<string, string>> = {
  base: 'base imports no sibling: move what you need into base, or the code out of it',
  vsr: 'the protocol imports base alone: bring what it needs in with an event, or ask for it with an effect',
  services: 'services know nothing of the protocol: what both need belongs in src/base',
  ports: 'ports are contracts only: describe what you need as an interface, the adapter implements it',
  other:
    'adapters do not import each other: declare an interface in src/ports and let src/cli pass the implementation in',
};

/** The only packages (exact name, or all below a name that ends in /) that pure code may import. */
const purePackages: Readonly<Record<string, readonly string[]>> = {
  base: ['node:buffer', 'node:crypto', 'node:zlib'],
  vsr: [],
  services: ['csv-parse', 'csv-parse/', 'csv-stringify', 'csv-stringify/', 're2js'],
};

interface Confined {
  readonly packages: RegExp;
  readonly parts: readonly string[];
  readonly remedy: string;
}

const confined: readonly Confined[] = [
  {
    packages: /^(?:node:)?fs(?:\/.*)?$/,
    parts: ['storage', 'cli', 'client'],
    remedy: 'files belong to src/storage (proto files are read by @grpc/proto-loader): use the Storage port',
  },
  {
    packages: /^(?:@grpc\/|grpc-health-check|protobufjs)/,
    parts: ['net'],
    remedy: 'gRPC stays in src/net: take the client or handler as an interface from src/ports',
  },
  {
    packages: /^undici(?:\/|$)/,
    parts: ['front-end', 'operations'],
    remedy: 'HTTP out stays in src/front-end and src/operations: take its result as an interface from src/ports',
  },
  {
    packages: /^prom-client(?:\/|$)/,
    parts: ['telemetry'],
    remedy: 'metrics stay in src/telemetry: count with src/base/distribution.ts, or take a meter of src/ports',
  },
  {
    packages: /^@?inquirer(?:\/|$)/,
    parts: ['client'],
    remedy: 'prompts stay in src/client: take the answers as arguments',
  },
];

const impure: readonly (readonly [RegExp, string])[] = [
  [
    /\bDate\s*\.\s*now\b|\bnew\s+Date\s*(?:\(\s*\)|(?!\s*\())|(?<![.\w$]|new\s+)Date\s*\(/g,
    'take the time from the event or context',
  ],
  [/(?<![.\w$])performance\s*\./g, 'take the time from the event or context'],
  [
    /\bMath\s*\.\s*random\b|\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b/g,
    'take randomness from the event or context',
  ],
  [/\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/g, 'ask with an effect, be told by a tick event'],
  [/(?<![.\w$])process\s*[.[]/g, 'take settings as arguments; the composition root in src/cli reads the process'],
  [/(?<![.\w$])(?:async|await)\b(?!\s*[:=,)}])/g, 'this code is synchronous: ask with an effect, be told by an event'],
  [/(?<![.\w$])Promise\b/g, 'this code is synchronous: ask with an effect, be told by an event'],
];

/**
 * Every breach of the layout in style "imports point one way", as `file:line: what: remedy`.
 * `files` maps paths such as `src/vsr/step.ts` to their text; generated files are left out by the caller.
 */
export function breaches(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  const graph = new Map<string, string[]>();
  for (const [file, text] of files) {
    const source = splitSource(text);
    const part = partOf(file);
    if (!(part in mayImport)) {
      found.push(`${file}: '${part}' is no part of src: add it to mayImport in test/support/architecture-rules.ts`);
      continue;
    }
    const targets: string[] = [];
    for (const { specifier, line } of importsOf(source)) {
      const target = specifier.startsWith('.') ? resolved(file, specifier) : undefined;
      const problem = target === undefined ? packageProblem(part, specifier) : siblingProblem(part, target);
      if (problem !== undefined) found.push(`${file}:${line}: imports '${specifier}': ${problem}`);
      if (target !== undefined && files.has(target)) targets.push(target);
    }
    graph.set(file, targets);
    if (part !== 'vsr' && part !== 'services') continue;
    for (const [pattern, remedy] of impure) {
      for (const match of source.codeOnly.matchAll(pattern)) {
        found.push(`${file}:${lineOf(text, match.index)}: uses '${match[0].trim()}': ${remedy}`);
      }
    }
  }
  return [...found, ...cycles(graph)];
}

function partOf(file: string): string {
  return (file.split('/')[1] ?? '').replace(/\.ts$/, '');
}

function resolved(file: string, specifier: string): string {
  return path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, '.ts');
}

function siblingProblem(part: string, target: string): string | undefined {
  if (!target.startsWith('src/'))
    return 'src imports nothing outside src: move the code into src, or the need into the test';
  const other = partOf(target);
  if (target.startsWith('src/net/generated/') && part !== 'net') {
    return 'the wire types stay in src/net: its codec turns them into the types of src/ports';
  }
  if (other === part || mayImport[part]?.includes(other)) return undefined;
  if (other === 'cli') return 'nothing imports cli, it is the composition root: move the code to the part that owns it';
  return remedies[part] ?? remedies['other'];
}

function packageProblem(part: string, specifier: string): string | undefined {
  const allowed = purePackages[part];
  if (allowed !== undefined) {
    const fits = allowed.some((name) => (name.endsWith('/') ? specifier.startsWith(name) : specifier === name));
    return fits ? undefined : `src/${part} may import only ${allowed.join(', ') || 'src/base'}: ${remedies[part]}`;
  }
  const rule = confined.find(({ packages, parts }) => packages.test(specifier) && !parts.includes(part));
  return rule?.remedy;
}

/** Each cycle once, told by the import that closes it. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) {
      const loop = [...trail.slice(start), file].join(' -> ');
      found.push(`${trail.at(-1)}: imports '${file}', a cycle (${loop}): move what both need into a third file`);
      return;
    }
    if (done.has(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}
