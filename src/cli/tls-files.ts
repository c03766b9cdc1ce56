import { readFileSync } from 'node:fs';
import type { ClusterTlsFiles, CustomerTlsFiles } from '../ports/configuration.js';
import { ConfigurationError } from './configuration-error.js';

/** PEM texts by the same names as their files. */
type Texts<Files> = { readonly [Name in keyof Files]: Files[Name] extends string ? Buffer : Buffer | undefined };

/** Reads what replicas, front ends and operators prove themselves by; `undefined` without. Throws ConfigurationError. */
export function clusterTlsOf({ tls }: { readonly tls?: ClusterTlsFiles }): Texts<ClusterTlsFiles> | undefined {
  if (tls === undefined) return undefined;
  const { ca, certificate, key } = tls;
  return { ca: pem(ca, 'tls.ca'), certificate: pem(certificate, 'tls.certificate'), key: pem(key, 'tls.key') };
}

/** Reads what a front end proves itself by to customers; `undefined` without. Throws ConfigurationError. */
export function customerTlsOf(
  { tls }: { readonly tls?: CustomerTlsFiles },
  field: string,
): { readonly certificate: Buffer; readonly key: Buffer } | undefined {
  if (tls === undefined) return undefined;
  return { certificate: pem(tls.certificate, `${field}.certificate`), key: pem(tls.key, `${field}.key`) };
}

/** The PEM text in `file`. Throws ConfigurationError, which names the field. */
export function pem(file: string, field: string): Buffer {
  let text: Buffer;
  try {
    text = readFileSync(file);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError([
      `${field} is ${JSON.stringify(file)}, which cannot be read (${why}); name a PEM file.`,
    ]);
  }
  if (text.includes('-----BEGIN ')) return text;
  throw new ConfigurationError([
    `${field} is ${JSON.stringify(file)}, which is no PEM file; allowed: a text with -----BEGIN.`,
  ]);
}
