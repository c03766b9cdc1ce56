import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { makeFolder } from '../../client/make-folder.js';
import type { Settings } from '../configuration.js';

/** An address that will be listened on, and who will. */
export interface ListenAddress {
  readonly name: string;
  readonly address: string;
  /** Where it can be changed, such as `replicas[0].address`. */
  readonly field: string;
}

/** Every address on which the processes of a cluster listen. */
export function listenAddresses({ replicas, frontEnds }: Settings): ListenAddress[] {
  return [
    ...replicas.map(({ id, address }, index) => ({ name: id, address, field: `replicas[${index}].address` })),
    ...frontEnds.map(({ id, address }, index) => ({ name: id, address, field: `frontEnds[${index}].address` })),
    ...httpAddresses('replicas', replicas),
    ...httpAddresses('frontEnds', frontEnds),
  ];
}

function httpAddresses(
  list: string,
  members: readonly { readonly id: string; readonly http?: string }[],
): ListenAddress[] {
  return members.flatMap(({ id, http }, index) =>
    http === undefined ? [] : [{ name: `${id}, metrics`, address: http, field: `${list}[${index}].http` }],
  );
}

/** What keeps the folders from being used, a line each; makes those that are missing. */
export function folderProblems(folders: readonly string[]): string[] {
  return folders.flatMap((folder) => {
    try {
      makeFolder(folder);
      if (!statSync(folder).isDirectory()) return [`${folder} is a file, not a folder; move it away.`];
      accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
      return [];
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? String(error);
      return [`${folder} cannot be written (${why}); make it a folder that this user may write.`];
    }
  });
}

/** A line when the program is not built. */
export function buildProblems(mainFile: string): string[] {
  return existsSync(mainFile) ? [] : [`${mainFile} is missing: the program is not built; run npm run build.`];
}

/** A line for each address that cannot be listened on. */
export async function addressProblems(addresses: readonly ListenAddress[], file: string): Promise<string[]> {
  const problems = await Promise.all(addresses.map(async (one) => addressProblem(one, file)));
  return problems.flatMap((problem) => problem ?? []);
}

async function addressProblem({ name, address, field }: ListenAddress, file: string): Promise<string | undefined> {
  const code = await listenError(address);
  if (code === undefined) return undefined;
  const remedy = `or change ${field} in ${file}.`;
  switch (code) {
    case 'EADDRINUSE':
      return `${address} (${name}) is in use by another program; stop that, ${remedy}`;
    case 'EACCES':
      return `${address} (${name}) may not be used by this user; choose a port above 1023: change ${field} in ${file}.`;
    default:
      return `${address} (${name}) cannot be listened on (${code}); it must be an address of this computer: change ${field} in ${file}.`;
  }
}

/** Node's code of the error of listening there; `undefined` when it can be done. */
export async function listenError(address: string): Promise<string | undefined> {
  const at = address.lastIndexOf(':');
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // Exclusive: never shares the port with another process.
      server.listen(
        { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)), exclusive: true },
        resolve,
      );
    });
    await new Promise((resolve) => server.close(resolve));
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** A free port of 127.0.0.1, for something that is told where to listen. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
