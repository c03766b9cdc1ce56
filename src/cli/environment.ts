import type { EventReader } from '../operations/events/event-tail.js';
import type { BackupHead, IncomingBackup } from '../ports/backup.js';
import type { CopyProgress, ReplicaStatus, SwitchoverOutcome } from '../ports/calls.js';
import type { ReplicaEvent } from '../ports/events.js';
import type { FolderRow, RemoteInspection, StoppedFolder } from '../ports/inspection.js';
import type { ClusterConfiguration } from '../ports/configuration.js';
import type { ServiceContract } from '../base/service-contract.js';
import type { OrderingClient } from '../ports/ordering-client.js';
import type { OutboxContent } from '../ports/outbox.js';
import type { ServiceClient } from '../ports/service-client.js';

/** What the commands have of the process and of the adapters; main.ts fills it, tests fill it otherwise. */
export interface CliEnvironment {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  /** Folder that holds package.json, dist/ and the resources that ship. */
  readonly packageRoot: string;
  createOrderingClient(
    addresses: readonly string[],
    options: { readonly staffToken?: string; readonly tlsCas?: ReadonlyMap<string, Buffer | 'system'> },
  ): Promise<OrderingClient>;
  createServiceClient(
    contract: ServiceContract,
    addresses: readonly string[],
    options: { readonly staffToken?: string; readonly tlsCas?: ReadonlyMap<string, Buffer | 'system'> },
  ): Promise<ServiceClient>;
  /** `access`: what operators prove themselves by. */
  createStatusReader(address: string, access: ClusterAccess): Promise<StatusReader>;
  createEventReader(address: string, access: ClusterAccess): Promise<EventReader>;
  createInspector(address: string, access: ClusterAccess): Promise<Inspector>;
  openFolderTools(): Promise<FolderTools>;
  createReplicaControl(address: string, access: ClusterAccess): Promise<ReplicaControl>;
  openBackupTools(): Promise<BackupTools>;
  /** Starts a replica, which then keeps the process alive until it is told to stop. */
  runReplica(configuration: ClusterConfiguration, id: string, options: { readonly recover: boolean }): Promise<void>;
  /** Starts a front end, which then keeps the process alive until it is told to stop. */
  runFrontEnd(configuration: ClusterConfiguration, id: string): Promise<void>;
  /** Calls `listener` at each of these signals instead of ending the process; returns how to stop that. */
  onSignal(signals: readonly NodeJS.Signals[], listener: (signal: NodeJS.Signals) => void): () => void;
  /** Ends the process at once. */
  exit(code: number): never;
}

/** What replicas let operators in by. */
export type ClusterAccess = Pick<ClusterConfiguration, 'token' | 'tls'>;

/** Asks one replica how it is, and what waits there. */
export interface StatusReader {
  status(deadlineMs?: number): Promise<ReplicaStatus>;
  /** What waits in its outbox, oldest first. */
  outbox(deadlineMs?: number): Promise<OutboxContent>;
  close(): void;
}

/** Asks one replica what it holds. */
export interface Inspector extends RemoteInspection {
  status(deadlineMs?: number): Promise<ReplicaStatus>;
  close(): void;
}

/** Tells one replica what to do. Each rejects with an Error for people when it cannot be asked. */
export interface ReplicaControl {
  status(deadlineMs?: number): Promise<ReplicaStatus>;
  /** Hands the office of this primary to another replica. */
  switchOver(toId: string, why: string, deadlineMs?: number): Promise<SwitchoverOutcome>;
  /** Makes it throw its copy away; why it does not, for people, or undefined when it does. */
  resync(deadlineMs?: number): Promise<string | undefined>;
  /** Stops its process in order, for a supervisor to start it again. */
  restart(deadlineMs?: number): Promise<string | undefined>;
  copyProgress(deadlineMs?: number): Promise<CopyProgress>;
  /** Events after the one with this number, oldest first; the newest `limit` when it is 0. */
  events(after: number, limit: number, deadlineMs?: number): Promise<ReplicaEvent[]>;
  close(): void;
}

/** What can be done with the folders of replicas that are stopped. They reject with an Error for people. */
export interface FolderTools {
  /** Whether a folder holds a replica that remembers its promises. */
  remembers(folder: string): boolean;
  /** Reads a folder whole, as a start does. */
  survey(
    folder: string,
    replicaId: string,
  ): Promise<{ readonly view: number; readonly op: number; readonly commit: number; readonly timeMs: number }>;
  /** Reads the tables of a folder that nobody uses, as they lie there. */
  openStopped(folder: string): Promise<StoppedFolder>;
  /** The rows of a folder, which nobody may use, in which a text stands. */
  searchStopped(folder: string, text: string): Promise<readonly FolderRow[]>;
  /** Makes the folder `to` of `replicaId` from the folder `from` of another. */
  transplant(from: string, to: string, replicaId: string): Promise<void>;
}

/** What can be done with backups. All reject with an Error for people. */
export interface BackupTools {
  /** Asks the replica at an address for a backup; `close` when it was read. */
  receive(address: string, access: ClusterAccess): Promise<IncomingBackup & { close(): void }>;
  /** Writes what a replica sends to a file that is not there yet, and reads it again, all of it. `onBytes`: written, of how many. */
  write(
    file: string,
    backup: Pick<IncomingBackup, 'head' | 'pieces'>,
    onBytes: (written: number, of: number) => void,
  ): Promise<BackupReport>;
  /** Reads a backup, every byte of it. */
  verify(file: string): Promise<BackupReport>;
  /**
   * Makes the folders of these members from a backup, and reads each as a start does. Nothing is written when one of them is not
   * empty. `clusterId` is that of the new cluster.
   */
  restore(
    file: string,
    members: readonly { readonly id: string; readonly resources: string }[],
    clusterId: string,
  ): Promise<BackupReport>;
}

/** What is in a backup that was read whole. */
export interface BackupReport extends Pick<BackupHead, 'clusterId' | 'members' | 'view' | 'op' | 'timeMs'> {
  /** Size of the file. */
  readonly bytes: number;
}

/** Exit codes of every command. */
export const EXIT_DONE = 0;
/** It was not done; stderr says why and what to do. */
export const EXIT_FAILED = 1;
/** The command line or the configuration is wrong. */
export const EXIT_USAGE = 2;
/** Ctrl-C. */
export const EXIT_INTERRUPTED = 130;
