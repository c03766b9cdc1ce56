import {
  type ChannelCredentials,
  type ChannelOptions,
  credentials,
  ServerCredentials,
  type VerifyOptions,
} from '@grpc/grpc-js';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { clusterChannelOptions } from './channel-options.js';

/** What the members of a cluster prove themselves by to each other: PEM texts. With it neither side speaks to strangers. */
export interface ClusterTls {
  /** Whose signature makes a certificate one of the cluster. */
  readonly ca: Buffer;
  /** Own certificate; it names the hosts of its addresses (subjectAltName). */
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** What a front end proves itself by to customers: PEM texts. */
export interface CustomerTls {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** What a gRPC client is made with besides its address. */
export type Channel = readonly [credentials: ChannelCredentials, options: ChannelOptions];

/** How this process reaches a replica: by mutual TLS, or in plain text where none is configured. */
export function clusterChannel(address: string, tls: ClusterTls | undefined): Channel {
  if (tls === undefined) return [credentials.createInsecure(), clusterChannelOptions];
  const { verify, options } = identityOf(address);
  return [credentials.createSsl(tls.ca, tls.key, tls.certificate, verify), { ...clusterChannelOptions, ...options }];
}

/** How a replica is reached: with TLS only by holders of a certificate of the cluster's CA. */
export function clusterServer(tls: ClusterTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(tls.ca, [{ private_key: tls.key, cert_chain: tls.certificate }], true);
}

/**
 * How a front end is reached by a customer: `ca` is a PEM text of those whose certificates count, `system` the CAs that Node
 * knows; absent: plain text.
 */
export function customerChannel(address: string, ca: Buffer | 'system' | undefined, usual: ChannelOptions): Channel {
  if (ca === undefined) return [credentials.createInsecure(), usual];
  const { verify, options } = identityOf(address);
  return [credentials.createSsl(ca === 'system' ? null : ca, null, null, verify), { ...usual, ...options }];
}

/**
 * The certificate must name the host of the address. An IP address must not be sent as server name (RFC 6066; Node warns on stderr),
 * so some name is sent, and what is checked is the address.
 */
function identityOf(address: string): { verify?: VerifyOptions; options?: ChannelOptions } {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) return {};
  return {
    verify: { checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate) },
    options: { 'grpc.ssl_target_name_override': 'just.hungry' },
  };
}

/** How customers reach a front end: TLS, of which they need no certificate, or plain text. */
export function customerServer(tls: CustomerTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.certificate }], false);
}
