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

/** The candidates. */
export const PROXY_SETTINGS: readonly ProxySettings[] = [
  { name: 'default', isRaw: false, connections: 1, channel: {} },
  { name: 'raw bytes', isRaw: true, connections: 1, channel: {} },
  { name: 'raw bytes, no retries, no channelz', isRaw: true, connections: 1, channel: lean },
  { name: 'raw bytes, no retries, no channelz, 4 connections', isRaw: true, connections: 4, channel: lean },
];

/** The settings of this name. */
export function proxySettings(name: string): ProxySettings {
  const found = PROXY_SETTINGS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there are no proxy settings named ${name}`);
  return found;
}
