import type { NotifyConfiguration } from './events.js';

/** The configuration of a cluster (design 7), validated; addresses are `host:port`, folders absolute paths. */
export interface ClusterConfiguration {
  readonly replicas: readonly ReplicaSettings[];
  readonly frontEnds: readonly FrontEndSettings[];
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
  /** Whom to tell of events; absent: nobody. */
  readonly notify?: NotifyConfiguration;
  /** Identity of this computer's replicas, front ends and operators; when set, they speak mutual TLS with each other. */
  readonly tls?: ClusterTlsFiles;
  /** Calls and orders that a front end takes from one user code; absent: as many as come. */
  readonly rateLimit?: {
    /** On average, above 0. */
    readonly perUserPerSecond: number;
    /** At once after a pause, 1 or more. */
    readonly burst: number;
  };
  /** Services beside food ordering that front ends serve; absent: all. Replicas hold all of them in any case. */
  readonly services?: readonly string[];
  /** Settings of the record map. */
  readonly records?: {
    /** Fields that customers may update; absent: all. */
    readonly updatable?: readonly string[];
  };
  /** Lines below this are not written. */
  readonly logLevel: LogLevel;
  /** How the log files that `start` keeps are limited. */
  readonly logFiles: LogFileLimits;
  /** Whether operators may inject faults; default false: then nothing of that can be reached. */
  readonly chaos?: boolean;
}

/** A replica; `http` is where it tells its metrics and its health. */
export interface ReplicaSettings {
  readonly id: string;
  readonly address: string;
  readonly resources: string;
  readonly http?: string;
}

/** A front end; with `tls` its customers speak TLS with it. */
export interface FrontEndSettings {
  readonly id: string;
  readonly address: string;
  readonly http?: string;
  readonly tls?: CustomerTlsFiles;
}

/** PEM files of a cluster's TLS, absolute paths. */
export interface ClusterTlsFiles {
  /** Whose signature makes a certificate one of the cluster. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** PEM files of a front end's TLS for customers, absolute paths. */
export interface CustomerTlsFiles {
  readonly certificate: string;
  readonly key: string;
  /** By which the commands know the certificate; absent: by the CAs that Node knows. */
  readonly ca?: string;
}

/** What is written to logs, from everything to faults alone. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** One of `LOG_LEVELS`. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Limits of one process's log files. */
export interface LogFileLimits {
  /** A file that would grow beyond is put aside. */
  readonly bytesMax: number;
  /** Files at most, the one in use included; the oldest goes. */
  readonly count: number;
}
