import { z } from 'zod';
import { majorityOf } from '../base/numbers.js';
import { LOG_LEVELS, type ClusterConfiguration } from '../ports/configuration.js';
import { EVENT_KINDS, NOTIFIED_KINDS_DEFAULT } from '../ports/events.js';
import { SERVICE_NAMES } from './service-names.js';
import { isToken, TOKEN_ALLOWED } from './token-file.js';

const REPLICAS_MAX = 9;
const FRONT_ENDS_MAX = 50;
const HEARTBEAT_MS_DEFAULT = 100;
const POSTCODES_DEFAULT = { url: 'https://api.postcodes.io', timeoutMs: 1_000, whenUnreachable: 'accept' } as const;

const LOG_FILES_DEFAULT = { bytesMax: 10 * 1024 * 1024, count: 5 } as const;
const RATE_MAX = 1_000_000;

const ID = /^[a-z0-9][a-z0-9-]{0,30}$/;
const ADDRESS = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]{2,39}\]):([0-9]{1,5})$/;

/** Whether this text is `host:port`, an IPv6 host in brackets. */
export function isAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[1] ?? 0);
  return port >= 1 && port <= 65_535;
}

/** What an address may be, for messages. */
export const ADDRESS_ALLOWED = 'host:port with a port from 1 to 65535, such as 127.0.0.1:7401';

// Every `error` says what is allowed; field and value are put before it below.
const id = z.string('a text').regex(ID, '1 to 31 lower-case letters, digits and -, the first no -');
const address = z.string('a text').refine(isAddress, ADDRESS_ALLOWED);
const folder = z.string('a text').min(1, 'the path of a folder, relative to this file').max(4_000, 'a shorter path');
const file = z.string('a text').min(1, 'the path of a PEM file, relative to this file').max(4_000, 'a shorter path');
const tokenText = z.string('a text').refine(isToken, TOKEN_ALLOWED);
const wholeBetween = (min: number, max: number) => {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.int(allowed).min(min, allowed).max(max, allowed);
};
const rateAllowed = `a number above 0, at most ${RATE_MAX}`;
const rate = z.number(rateAllowed).positive(rateAllowed).max(RATE_MAX, rateAllowed);

const ARGUMENTS_MAX = 100;
const NOT_TOLD: ReadonlySet<string> = new Set(['notified', 'not-notified']);
const kinds = EVENT_KINDS.filter((kind) => !NOT_TOLD.has(kind));
const notify = z
  .strictObject(
    {
      webhook: z
        .string('a text')
        .refine(isWebhook, 'an http or https address without user and #, such as https://example.org/hook')
        .exactOptional(),
      command: z
        .array(z.string('a text').max(4_000, 'a shorter text'), 'a list: the program and its arguments')
        .max(ARGUMENTS_MAX, `up to ${ARGUMENTS_MAX} arguments`)
        .refine(([program = '']) => program !== '', 'a list whose first text names a program, its arguments behind it')
        .exactOptional(),
      on: z
        .array(z.enum(kinds, kinds.join(', ')), 'a list of kinds of events')
        .min(1, `one or more of ${kinds.join(', ')}`)
        .default([...NOTIFIED_KINDS_DEFAULT]),
    },
    'an object with webhook, command, or both, and on',
  )
  .refine(
    ({ webhook, command }) => webhook !== undefined || command !== undefined,
    'an object with webhook, command, or both',
  );

const fieldNameAllowed = 'a text of 1 to 64 characters';

const schema = z.strictObject(
  {
    replicas: z
      .array(
        z.strictObject(
          { id, address, resources: folder, http: address.exactOptional() },
          'an object with id, address and resources',
        ),
        'a list',
      )
      .min(1, `1 to ${REPLICAS_MAX} replicas`)
      .max(REPLICAS_MAX, `1 to ${REPLICAS_MAX} replicas`),
    frontEnds: z
      .array(
        z.strictObject(
          {
            id,
            address,
            http: address.exactOptional(),
            tls: z
              .strictObject(
                { certificate: file, key: file, ca: file.exactOptional() },
                'an object with certificate and key',
              )
              .exactOptional(),
          },
          'an object with id and address',
        ),
        'a list',
      )
      .min(1, `1 to ${FRONT_ENDS_MAX} front ends`)
      .max(FRONT_ENDS_MAX, `1 to ${FRONT_ENDS_MAX} front ends`),
    writeConcern: z.string('a text').default('majority'),
    quorum: z.int('a whole number').optional(),
    whenAlone: z.enum(['read-only', 'keep-ordering'], '"read-only" or "keep-ordering"').default('read-only'),
    heartbeatMs: wholeBetween(20, 5_000).default(HEARTBEAT_MS_DEFAULT),
    postcodes: z
      .strictObject(
        {
          url: z
            .string('a text')
            .refine(isHttpUrl, 'an http or https address without query, such as https://api.postcodes.io')
            .default(POSTCODES_DEFAULT.url),
          timeoutMs: wholeBetween(10, 60_000).default(POSTCODES_DEFAULT.timeoutMs),
          whenUnreachable: z
            .enum(['accept', 'refuse'], '"accept" or "refuse"')
            .default(POSTCODES_DEFAULT.whenUnreachable),
        },
        'an object with url, timeoutMs and whenUnreachable',
      )
      .default(POSTCODES_DEFAULT),
    token: tokenText.exactOptional(),
    staffToken: tokenText.exactOptional(),
    notify: notify.exactOptional(),
    tls: z
      .strictObject({ ca: file, certificate: file, key: file }, 'an object with ca, certificate and key')
      .exactOptional(),
    services: z
      .array(z.enum(SERVICE_NAMES, SERVICE_NAMES.join(', ')), 'a list of names of services')
      .refine((names) => new Set(names).size === names.length, 'each service once')
      .exactOptional(),
    records: z
      .strictObject(
        {
          updatable: z
            .array(z.string('a text').min(1, fieldNameAllowed).max(64, fieldNameAllowed), 'a list of names of fields')
            .min(1, '1 to 200 names of fields')
            .max(200, '1 to 200 names of fields')
            .exactOptional(),
        },
        'an object with updatable',
      )
      .exactOptional(),
    rateLimit: z
      .strictObject(
        { perUserPerSecond: rate, burst: wholeBetween(1, RATE_MAX) },
        'an object with perUserPerSecond and burst',
      )
      .exactOptional(),
    logLevel: z.enum(LOG_LEVELS, LOG_LEVELS.map((level) => `"${level}"`).join(', ')).default('info'),
    logFiles: z
      .strictObject(
        {
          bytesMax: wholeBetween(65_536, 2 ** 40).default(LOG_FILES_DEFAULT.bytesMax),
          count: wholeBetween(1, 100).default(LOG_FILES_DEFAULT.count),
        },
        'an object with bytesMax and count',
      )
      .default(LOG_FILES_DEFAULT),
    chaos: z.boolean('true or false').exactOptional(),
  },
  'an object in braces',
);

type Written = z.infer<typeof schema>;
type Parsed = Omit<ClusterConfiguration, 'token'> & { readonly token?: string };
type FieldPath = readonly PropertyKey[];

/**
 * Checks a configuration as read from JSON. `resolveFolder` turns a path of the file into an absolute one. Returns the
 * settings with defaults filled in, or a line for everything that is wrong: field, value, what is allowed.
 */
export function parseConfiguration(
  raw: unknown,
  resolveFolder: (folder: string) => string,
): { settings: Parsed } | { problems: string[] } {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) return { problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, raw)) };
  const written = parsed.data;
  const replicas = written.replicas.map((replica) => ({ ...replica, resources: resolveFolder(replica.resources) }));
  const frontEnds = written.frontEnds.map(({ tls, ...frontEnd }) =>
    tls === undefined ? frontEnd : { ...frontEnd, tls: resolvedFiles(tls, resolveFolder) },
  );
  const { tls, ...settings } = written;
  const problems = [
    ...duplicates(identifiers(written), raw, 'an id that no other replica or front end has'),
    ...duplicates(addresses(written), raw, 'an address that nothing else has'),
    ...duplicates(
      replicas.map(({ resources }, index) => [['replicas', index, 'resources'], resources] as const),
      raw,
      'a folder that no other replica has',
    ),
    ...countProblems(written),
  ];
  if (problems.length > 0) return { problems };
  const clusterTls = tls === undefined ? {} : { tls: resolvedFiles(tls, resolveFolder) };
  const quorum = written.quorum ?? majorityOf(replicas.length);
  return { settings: { ...settings, replicas, frontEnds, quorum, ...clusterTls } };
}

function resolvedFiles<Files extends Readonly<Record<string, string>>>(
  files: Files,
  resolve: (file: string) => string,
): Files {
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, resolve(file)])) as Files;
}

function problemsOf(issue: z.core.$ZodIssue, raw: unknown): string[] {
  if (issue.code !== 'unrecognized_keys') return [problem(issue.path, raw, issue.message)];
  return issue.keys.map(
    (key) => `${fieldName([...issue.path, key])} is not known; allowed: ${knownFields(issue.path)}.`,
  );
}

function problem(field: FieldPath, raw: unknown, allowed: string): string {
  return `${fieldName(field)} is ${shown(field, raw)}; allowed: ${allowed}.`;
}

/** The same value twice, told at the second place. */
function duplicates(values: readonly (readonly [FieldPath, string])[], raw: unknown, allowed: string): string[] {
  const first = new Map<string, FieldPath>();
  return values.flatMap(([field, value]) => {
    const before = first.get(value);
    if (before === undefined) {
      first.set(value, field);
      return [];
    }
    return [`${fieldName(field)} is ${shown(field, raw)}, as is ${fieldName(before)}; allowed: ${allowed}.`];
  });
}

function identifiers({ replicas, frontEnds }: Written): (readonly [FieldPath, string])[] {
  return [
    ...replicas.map((replica, index) => [['replicas', index, 'id'], replica.id] as const),
    ...frontEnds.map((frontEnd, index) => [['frontEnds', index, 'id'], frontEnd.id] as const),
  ];
}

function addresses({ replicas, frontEnds }: Written): (readonly [FieldPath, string])[] {
  const own = (text: string): string => text.toLowerCase().replace(/^localhost:/, '127.0.0.1:');
  return [
    ...replicas.map((replica, index) => [['replicas', index, 'address'], own(replica.address)] as const),
    ...frontEnds.map((frontEnd, index) => [['frontEnds', index, 'address'], own(frontEnd.address)] as const),
    ...httpAddresses('replicas', replicas, own),
    ...httpAddresses('frontEnds', frontEnds, own),
  ];
}

function httpAddresses(
  list: 'replicas' | 'frontEnds',
  members: readonly { readonly http?: string }[],
  own: (text: string) => string,
): (readonly [FieldPath, string])[] {
  return members.flatMap(({ http }, index) =>
    http === undefined ? [] : [[[list, index, 'http'], own(http)] as const],
  );
}

/** What depends on the number of replicas. */
function countProblems({ replicas, quorum, writeConcern }: Written): string[] {
  const count = replicas.length;
  const problems: string[] = [];
  const majority = majorityOf(count);
  if (quorum !== undefined && (quorum < majority || quorum > count))
    problems.push(problem(['quorum'], { quorum }, `a whole number from ${majority} (a majority) to ${count} (all)`));
  const concerns = ['majority', 'all', ...Array.from({ length: count }, (_, index) => String(index + 1))];
  if (!concerns.includes(writeConcern))
    problems.push(problem(['writeConcern'], { writeConcern }, concerns.map((name) => `"${name}"`).join(', ')));
  return problems;
}

/** `replicas[1].address`. */
function fieldName(field: FieldPath): string {
  let name = '';
  for (const part of field) name += typeof part === 'number' ? `[${part}]` : `${name === '' ? '' : '.'}${String(part)}`;
  return name === '' ? 'the configuration' : name;
}

const SECRET: ReadonlySet<PropertyKey | undefined> = new Set(['token', 'staffToken', 'webhook']);
const SHOWN_LENGTH_MAX = 100;

/** The value of a field for a message: as JSON, short, and never a secret. */
function shown(field: FieldPath, raw: unknown): string {
  let value = raw;
  for (const part of field) value = (value as Record<PropertyKey, unknown> | undefined)?.[part];
  if (value === undefined) return 'missing';
  if (SECRET.has(field.at(-1)))
    return typeof value === 'string' ? `a secret of ${value.length} characters, not shown` : 'no text';
  const text = JSON.stringify(value);
  return text.length <= SHOWN_LENGTH_MAX ? text : `${text.slice(0, SHOWN_LENGTH_MAX)}…`;
}

const FIELDS_OF: Readonly<Record<string, readonly string[]>> = {
  replicas: ['id', 'address', 'resources', 'http'],
  frontEnds: ['id', 'address', 'http', 'tls'],
  'frontEnds.tls': ['certificate', 'key', 'ca'],
  postcodes: ['url', 'timeoutMs', 'whenUnreachable'],
  notify: ['webhook', 'command', 'on'],
  tls: ['ca', 'certificate', 'key'],
  rateLimit: ['perUserPerSecond', 'burst'],
  records: ['updatable'],
  logFiles: ['bytesMax', 'count'],
};

function knownFields(parent: FieldPath): string {
  const name = parent.filter((part) => typeof part !== 'number').join('.');
  return (FIELDS_OF[name] ?? Object.keys(schema.shape)).join(', ');
}

/** A path or query may be the secret by which a service knows who may post. */
function isWebhook(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hash, username, password } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && hash === '' && username === '' && password === '';
}

function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, search, hash, username } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && search === '' && hash === '' && username === '';
}
