import type { IndexFile } from '../../src/base/service.js';
import { MemoryFiles } from './memory-files.js';

/** Files in memory with one index file, which outlives whoever uses it. */
export class IndexedFiles extends MemoryFiles {
  bytes: Uint8Array = new Uint8Array(0);

  index(): IndexFile {
    // The accessors below are those of the file, not of this.
    const files = this as IndexedFiles;
    return {
      get length() {
        return files.bytes.length;
      },
      read: (offset, length) => Uint8Array.from(files.bytes.subarray(offset, offset + length)),
      cut: (length) => void (files.bytes = files.bytes.slice(0, length)),
      append(bytes) {
        files.bytes = Buffer.concat([files.bytes, bytes]);
        return true;
      },
    };
  }

  /** What a checkpoint and a crash leave: the tables as they are, and the index. */
  left(index = this.bytes): IndexedFiles {
    const left = new IndexedFiles(Object.fromEntries(this.documents));
    for (const [name, table] of this.copy().tables) left.tables.set(name, table);
    left.bytes = index;
    return left;
  }
}
