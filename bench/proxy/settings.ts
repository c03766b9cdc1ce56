import type { ChannelOptions } from '@grpc/grpc-js';

/** How the bare proxy is set up: the bench tries several and takes the fastest, so that it is no straw man. */
export interface ProxySettings {
  readonly name: string;
  /** Whether messages pass through as the bytes they came as, or are decoded and encoded as generated stubs do. */
  readonly isRaw: boolean;
  /** Connections to the echo server, taken in turn. */
  readonly connections: number;
  readonly channel: ChannelOptions;
}

const lean: ChannelOptions = { 'grpc.enable_retries': 0, 'grpc.enable_channelz': 0 };

const channels: readonly Omit<ProxySettings, 'isRaw'>[] = [
  { name: 'default channel', connections: 1, channel: {} },
  { name: 'no retries, no channelz', connections: 1, channel: lean },
  { name: 'no retries, no channelz, 4 connections', connections: 4, channel: lean },
];

/** The candidates of a proxy that passes bytes through, and of one made of generated stubs. */
export const PROXY_SETTINGS = {
  raw: channels.map((one) => ({ ...one, name: `raw bytes, ${one.name}`, isRaw: true })),
  decoding: channels.map((one) => ({ ...one, name: `decoding, ${one.name}`, isRaw: false })),
} as const satisfies Record<string, readonly ProxySettings[]>;

/** The settings of this name. */
export function proxySettings(name: string): ProxySettings {
  const found = Object.values(PROXY_SETTINGS)
    .flat()
    .find((one) => one.name === name);
  if (found === undefined) throw new Error(`there are no proxy settings named ${name}`);
  return found;
}
