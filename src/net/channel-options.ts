import type { ChannelOptions, ServerOptions } from '@grpc/grpc-js';

/** Bytes of a message inside the cluster at most. */
export const CLUSTER_MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes of a customer's request at most: a larger one is refused at the gate, with a reason. */
export const CUSTOMER_MESSAGE_BYTES_MAX = 1024 * 1024;
/** What gRPC takes in at all, gRPC's own default: beyond, it ends the call itself, without a reason. */
const CUSTOMER_RECEIVE_BYTES_MAX = 4 * CUSTOMER_MESSAGE_BYTES_MAX;
/**
 * Calls of one customer connection at the same time. Its gRPC library holds back what goes beyond: no connection can fill a turn
 * of the front end's event loop, in which answers to others would wait. RFC 9113 (6.5.2) asks for no less than 100.
 */
const CUSTOMER_STREAMS_MAX = 128;
/** First and longest wait before a broken connection is tried again, ms: a returned process is found at once (design 3). */
export const RECONNECT_MS = { first: 50, max: 200 } as const;
/** An idle connection is asked for a sign of life this often, and given up after as long again, ms: dead TCP is cleaned up. */
const KEEPALIVE_MS = { time: 10_000, timeout: 5000 } as const;

/** What every channel sets: grpc-js would wait 1 to 120 s before it connects again. */
const channelBase = {
  'grpc.initial_reconnect_backoff_ms': RECONNECT_MS.first,
  'grpc.min_reconnect_backoff_ms': RECONNECT_MS.first,
  'grpc.max_reconnect_backoff_ms': RECONNECT_MS.max,
  'grpc.keepalive_time_ms': KEEPALIVE_MS.time,
  'grpc.keepalive_timeout_ms': KEEPALIVE_MS.timeout,
  'grpc.enable_channelz': 0,
  'grpc.enable_retries': 0,
} as const;

/** Channels inside the cluster: each has a TCP connection of its own, so that bulk never stands before heartbeats. */
export const clusterChannelOptions: ChannelOptions = {
  ...channelBase,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.max_receive_message_length': CLUSTER_MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': CLUSTER_MESSAGE_BYTES_MAX,
};

/** Channels of customers to front ends. */
export const customerChannelOptions: ChannelOptions = { ...channelBase };

const serverBase = {
  'grpc.keepalive_time_ms': KEEPALIVE_MS.time,
  'grpc.keepalive_timeout_ms': KEEPALIVE_MS.timeout,
  'grpc.enable_channelz': 0,
} as const;

/** Calls of one connection at the same time: members have a handful, and a stranger's half-open ones cost memory. */
const CLUSTER_STREAMS_MAX = 128;

/** Servers of replicas. */
export const clusterServerOptions: ServerOptions = {
  ...serverBase,
  'grpc.max_concurrent_streams': CLUSTER_STREAMS_MAX,
  'grpc.max_receive_message_length': CLUSTER_MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': CLUSTER_MESSAGE_BYTES_MAX,
};

/** Servers of front ends. */
export const customerServerOptions: ServerOptions = {
  ...serverBase,
  'grpc.max_concurrent_streams': CUSTOMER_STREAMS_MAX,
  'grpc.max_receive_message_length': CUSTOMER_RECEIVE_BYTES_MAX,
};
