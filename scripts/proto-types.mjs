// Writes src/net/generated from proto/. The flags mirror src/net/proto-options.ts: change both or neither.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const outDir = 'src/net/generated';
const protoFiles = readdirSync(path.join(root, 'proto'), { recursive: true })
  .filter((file) => file.endsWith('.proto'))
  .map((file) => `proto/${file.replaceAll('\\', '/')}`)
  .sort();

// The generator names one file per proto after its base name alone: a second one of that name would replace the first in silence.
const baseNames = protoFiles.map((file) => path.posix.basename(file));
const twice = baseNames.find((name, at) => baseNames.indexOf(name) !== at);
if (twice !== undefined)
  throw new Error(`Two proto files are called ${twice}: rename one, the generated types collide.`);

const loader = path.dirname(createRequire(import.meta.url).resolve('@grpc/proto-loader/package.json'));
const flags = ['--grpcLib=@grpc/grpc-js', '--importFileExtension=.js', '--includeComments'];
const shape = ['--keepCase', '--longs=Number', '--enums=String', '--defaults', '--arrays', '--oneofs'];
execFileSync(
  process.execPath,
  [
    path.join(loader, 'build/bin/proto-loader-gen-types.js'),
    ...flags,
    ...shape,
    '--includeDirs=.',
    '--includeDirs=proto',
    `--outDir=${outDir}`,
    ...protoFiles,
  ],
  { cwd: root, stdio: 'inherit' },
);

// For a proto without a service the generator still writes a client file, with unused names that tsc rightly refuses.
for (const name of baseNames) {
  const file = path.join(root, outDir, name.replace(/\.proto$/, '.ts'));
  if (!readFileSync(file, 'utf8').includes('SubtypeConstructor<typeof')) rmSync(file);
}
