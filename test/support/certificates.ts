import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Names of the PEM files of one identity. */
export interface IdentityFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** An identity as PEM texts. */
export interface Identity {
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** Whether certificates can be made here: Node alone cannot, it takes the openssl program. */
export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Skips the tests of a suite where no certificates can be made, and says so. */
export function skipWithoutOpenssl(context: Mocha.Context): void {
  if (hasOpenssl()) return;
  console.error('    openssl is not installed: the tests of TLS are skipped');
  context.skip();
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** A CA of its own and a certificate that it signed, for 127.0.0.1 or `host`, made in `folder` now. */
export function makeIdentity(folder: string, host = '127.0.0.1'): IdentityFiles {
  mkdirSync(folder, { recursive: true });
  const file = (name: string): string => path.join(folder, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=test CA',
  );
  openssl('req', '-new', ...newKey, '-keyout', file('own.key'), '-out', file('own.csr'), '-subj', '/CN=member');
  writeFileSync(file('own.ext'), `subjectAltName = ${/^[0-9.]+$/.test(host) ? 'IP' : 'DNS'}:${host}\n`);
  const signedBy = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'];
  openssl(
    'x509',
    '-req',
    '-in',
    file('own.csr'),
    ...signedBy,
    '-out',
    file('own.pem'),
    '-days',
    '2',
    '-extfile',
    file('own.ext'),
  );
  return { ca: file('ca.pem'), certificate: file('own.pem'), key: file('own.key') };
}

/** The PEM texts of an identity. */
export function readIdentity({ ca, certificate, key }: IdentityFiles): Identity {
  return { ca: readFileSync(ca), certificate: readFileSync(certificate), key: readFileSync(key) };
}
