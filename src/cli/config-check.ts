import { X509Certificate, createPrivateKey } from 'node:crypto';
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import path from 'node:path';
import { type Settings, tokenFileOf } from './configuration.js';
import { ConfigurationError } from './configuration-error.js';
import { listenAddresses, listenError } from './supervisor/preflight.js';
import { pem } from './tls-files.js';
import { isReadByOthers, isToken, TOKEN_ALLOWED } from './token-file.js';

/** What was looked at beyond the file itself. */
export interface CheckFinding {
  /** Such as `replicas[0].address`. */
  readonly field: string;
  /** `note`: it may be meant, or be another computer's. */
  readonly kind: 'ok' | 'note' | 'problem';
  /** For people: what was found, and for a problem what to do. */
  readonly text: string;
}

const DAY_MS = 86_400_000;
/** A certificate that ends sooner is told. */
const CERTIFICATE_DAYS_MIN = 30;

/**
 * Looks at what a valid configuration names: hosts, ports, folders, the token's file, certificates. Changes nothing and starts
 * nothing. What only another computer can know is a note.
 */
export async function checkSurroundings(settings: Settings, nowMs: number): Promise<CheckFinding[]> {
  const addresses = await Promise.all(listenAddresses(settings).map(async (one) => addressFinding(one)));
  const here = new Set(addresses.flatMap(({ address, isHere }) => (isHere ? [address] : [])));
  const folders = settings.replicas.flatMap(({ address, resources }, index) =>
    here.has(address) ? [folderFinding(`replicas[${index}].resources`, resources)] : [],
  );
  return [
    ...addresses.map(({ finding }) => finding),
    ...folders,
    tokenFinding(settings),
    ...tlsFindings(settings, nowMs, here),
  ];
}

/** An address as it was found, and whether it is one of this computer. */
interface FoundAddress {
  readonly address: string;
  readonly isHere: boolean;
  readonly finding: CheckFinding;
}

async function addressFinding({ address, field }: { address: string; field: string }): Promise<FoundAddress> {
  const found = (kind: CheckFinding['kind'], text: string, isHere: boolean): FoundAddress => ({
    address,
    isHere,
    finding: { field, kind, text: `${address} ${text}` },
  });
  const host = hostOf(address);
  try {
    await lookup(host);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    const allowed = 'allowed: a name or address that this computer can resolve';
    return found('problem', `names the host ${host}, which is not known here (${why}); ${allowed}.`, false);
  }
  const code = await listenError(address);
  switch (code) {
    case undefined:
      return found('ok', 'is free', true);
    case 'EADDRINUSE':
      return found('note', 'is in use: by this cluster if it runs, else by another program', true);
    case 'EADDRNOTAVAIL':
      return found('note', 'is an address of another computer', false);
    case 'EACCES':
      return found(
        'problem',
        'may not be used by this user; allowed: a port above 1023, or a user with the right to it.',
        true,
      );
    default:
      return found('problem', `cannot be listened on (${code}); choose another.`, true);
  }
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}

function folderFinding(field: string, folder: string): CheckFinding {
  const present = nearestPresent(folder);
  try {
    if (!statSync(present).isDirectory()) throw new Error('it is a file');
    accessSync(present, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    return {
      field,
      kind: 'problem',
      text: `${present} cannot be written (${why}); allowed: a folder that this user may write.`,
    };
  }
  if (present !== folder) return { field, kind: 'note', text: `${folder} does not exist yet: it is made at the start` };
  if (!existsSync(path.join(folder, 'menu.csv')))
    return { field, kind: 'note', text: `${folder} holds no menu.csv: the replica copies the others' menu` };
  return { field, kind: 'ok', text: `${folder} can be written` };
}

function nearestPresent(folder: string): string {
  return existsSync(folder) || path.dirname(folder) === folder ? folder : nearestPresent(path.dirname(folder));
}

function tokenFinding({ file, token }: Settings): CheckFinding {
  if (token !== undefined) {
    const text = `the token is in ${file}; keep that file from other users (mode 0600)`;
    return { field: 'token', kind: isReadByOthers(file) ? 'note' : 'ok', text };
  }
  const tokenFile = tokenFileOf(file);
  if (!existsSync(tokenFile))
    return { field: 'token', kind: 'note', text: `${tokenFile} does not exist yet: it is made at the first start` };
  try {
    if (!isToken(readFileSync(tokenFile, 'utf8').trim()))
      return { field: 'token', kind: 'problem', text: `${tokenFile} holds no token; allowed: ${TOKEN_ALLOWED}.` };
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    return {
      field: 'token',
      kind: 'problem',
      text: `${tokenFile} cannot be read (${why}); make it readable for this user.`,
    };
  }
  if (isReadByOthers(tokenFile))
    return {
      field: 'token',
      kind: 'problem',
      text: `${tokenFile} can be read by other users; allowed: mode 0600 (chmod 600).`,
    };
  return { field: 'token', kind: 'ok', text: `${tokenFile} holds a token that only its owner can read` };
}

function tlsFindings({ tls, frontEnds, replicas }: Settings, nowMs: number, here: ReadonlySet<string>): CheckFinding[] {
  const hostsHere = (members: readonly { readonly address: string }[]): string[] =>
    members.filter(({ address }) => here.has(address)).map(({ address }) => hostOf(address));
  // A front end, or an operator, needs a certificate that names nothing.
  const cluster = tls === undefined ? [] : certificateFindings('tls', tls, nowMs, hostsHere(replicas));
  const customers = frontEnds.flatMap((frontEnd, index) =>
    frontEnd.tls === undefined || !here.has(frontEnd.address)
      ? []
      : certificateFindings(`frontEnds[${index}].tls`, frontEnd.tls, nowMs, namedHosts(frontEnd.address)),
  );
  return [...cluster, ...customers];
}

/** The host of an address by which others reach it; none for an address that stands for all of a computer's. */
function namedHosts(address: string): string[] {
  const host = hostOf(address);
  return ['0.0.0.0', '::'].includes(host) ? [] : [host];
}

/** Certificate, key and CA belong together, hold now, and name the hosts. */
function certificateFindings(
  field: string,
  files: { readonly certificate: string; readonly key: string; readonly ca?: string },
  nowMs: number,
  hosts: readonly string[],
): CheckFinding[] {
  const problem = (name: string, text: string): CheckFinding => ({ field: `${field}.${name}`, kind: 'problem', text });
  let certificate: X509Certificate;
  let ca: X509Certificate | undefined;
  try {
    certificate = new X509Certificate(pem(files.certificate, `${field}.certificate`));
    if (!certificate.checkPrivateKey(createPrivateKey(pem(files.key, `${field}.key`))))
      return [problem('key', `${files.key} is not the key of ${files.certificate}; name the key it was made with.`)];
    ca = files.ca === undefined ? undefined : new X509Certificate(pem(files.ca, `${field}.ca`));
  } catch (error) {
    if (error instanceof ConfigurationError) return [{ field, kind: 'problem', text: error.message }];
    return [{ field, kind: 'problem', text: `a file cannot be read as PEM (${String((error as Error).message)}).` }];
  }
  const findings: CheckFinding[] = [];
  const daysLeft = Math.floor((Date.parse(certificate.validTo) - nowMs) / DAY_MS);
  if (Date.parse(certificate.validFrom) > nowMs)
    findings.push(problem('certificate', `it counts from ${certificate.validFrom} only.`));
  if (daysLeft < 0) findings.push(problem('certificate', `it has ended (${certificate.validTo}); make a new one.`));
  else if (daysLeft < CERTIFICATE_DAYS_MIN)
    findings.push({
      field: `${field}.certificate`,
      kind: 'note',
      text: `it ends in ${daysLeft} days (${certificate.validTo})`,
    });
  if (ca !== undefined && !(certificate.checkIssued(ca) && certificate.verify(ca.publicKey)))
    findings.push(problem('ca', `${files.ca} has not signed ${files.certificate}; name the CA that has.`));
  const isNamed = (host: string): boolean =>
    (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
  const unnamed = hosts.filter((host) => !isNamed(host));
  if (unnamed.length > 0)
    findings.push(
      problem('certificate', `it does not name ${unnamed.join(', ')} (subjectAltName); make one that does.`),
    );
  if (findings.length > 0) return findings;
  return [{ field, kind: 'ok', text: `certificate, key and CA fit; it counts until ${certificate.validTo}` }];
}
