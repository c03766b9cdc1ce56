import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { ClusterConfiguration } from '../ports/configuration.js';
import { ConfigurationError } from './configuration-error.js';
import { parseConfiguration } from './configuration-schema.js';
import { readKnownToken, readOrMakeToken } from './token-file.js';

/** A configuration without its cluster's token, as customers and staff need it. */
export interface Settings extends Omit<ClusterConfiguration, 'token'> {
  /** Absolute path of the file. */
  readonly file: string;
  /** As written in the file; absent: it is in the file `token` beside it. */
  readonly token?: string;
}

/** Where the configuration may come from, most wanted first. */
export interface ConfigurationSources {
  /** `--config`, relative to `cwd`. */
  readonly option?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Root of this package: what ships is the last resort. */
  readonly packageRoot: string;
}

const DEFAULT_FILE = 'resources/cluster.json';

/** The configuration file to use, absolute. Throws ConfigurationError when it is named and not there, or none is found. */
export function findConfiguration({ option, env, cwd, packageRoot }: ConfigurationSources): string {
  const named = option ?? env['JUST_HUNGRY_CONFIG'];
  if (named !== undefined && named !== '') {
    const file = path.resolve(cwd, named);
    if (existsSync(file)) return file;
    const from = option === undefined ? 'JUST_HUNGRY_CONFIG' : '--config';
    throw new ConfigurationError([`${file}: there is no such file; ${from} must name a configuration file.`]);
  }
  const candidates = [path.resolve(cwd, DEFAULT_FILE), path.join(packageRoot, DEFAULT_FILE)];
  const found = candidates.find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new ConfigurationError([
    `No configuration: neither ${[...new Set(candidates)].join(' nor ')} is there; name one with --config FILE.`,
  ]);
}

/** Reads and checks a configuration file. Throws ConfigurationError with everything that is wrong. */
export function readSettings(file: string): Settings {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError([`${file}: cannot be read (${reasonOf(error)}); make it a readable file.`]);
  }
  let raw: unknown;
  try {
    raw = JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch (error) {
    throw new ConfigurationError([`${file}: is not valid JSON (${reasonOf(error)}); correct it there.`]);
  }
  const parsed = parseConfiguration(raw, (folder) => realPath(path.resolve(path.dirname(file), folder)));
  if ('problems' in parsed) throw new ConfigurationError(parsed.problems.map((problem) => `${file}: ${problem}`));
  return { ...parsed.settings, file };
}

/**
 * The whole configuration, for servers: the token is the file's own, or that of the file `token` beside it, which is made
 * here on the first start. Throws ConfigurationError.
 */
export function withToken(settings: Settings): ClusterConfiguration {
  const { file, token, ...rest } = settings;
  return { ...rest, token: token ?? readOrMakeToken(tokenFileOf(file)) };
}

/**
 * The same for whoever asks servers: a token made for the question would be another one than theirs, and stay. Throws ConfigurationError,
 * also where there is no token.
 */
export function withKnownToken(settings: Settings): ClusterConfiguration {
  const { file, token, ...rest } = settings;
  return { ...rest, token: token ?? readKnownToken(tokenFileOf(file)) };
}

/** Where the token is, beside the configuration, when that does not name one. */
export const tokenFileOf = (file: string): string => path.join(path.dirname(file), 'token');

/** The path with links resolved as far as it exists, so that two names of one folder are seen to be one. */
function realPath(folder: string): string {
  if (existsSync(folder)) return realpathSync(folder);
  const parent = path.dirname(folder);
  return parent === folder ? folder : path.join(realPath(parent), path.basename(folder));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
