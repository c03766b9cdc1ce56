/** The configuration of a cluster (design 7), validated; addresses are `host:port`, folders absolute paths. */
export interface ClusterConfiguration {
  readonly replicas: readonly { readonly id: string; readonly address: string; readonly resources: string }[];
  readonly frontEnds: readonly { readonly id: string; readonly address: string; readonly http?: string }[];
  /** Default of a request that names none: "1" … "N", "majority" or "all". */
  readonly writeConcern: string;
  /** Replicas that must be reachable for writes, majority … N. */
  readonly quorum: number;
  /** What a replica below a majority does with orders: refuses them, or keeps them in its outbox until there is a majority. */
  readonly whenAlone: 'read-only' | 'keep-ordering';
  /** ms between the primary's heartbeats, 20 … 5,000. */
  readonly heartbeatMs: number;
  readonly postcodes: {
    readonly url: string;
    readonly timeoutMs: number;
    readonly whenUnreachable: 'accept' | 'refuse';
  };
  /** The cluster's token: replicas, front ends and operators present it. */
  readonly token: string;
  /** Staff calls need it when set. */
  readonly staffToken?: string;
  /** Whether operators may inject faults; default false: then nothing of that can be reached. */
  readonly chaos?: boolean;
}
