import { replicaStorageContract } from '../contract/replica-storage.js';
import { onDisk, simulated } from '../support/storage-folders.js';

replicaStorageContract('node', () => onDisk());
replicaStorageContract('simulated', () => simulated());
