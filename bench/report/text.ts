import Table from 'cli-table3';
import { headLines } from './head.js';
import type { BenchResult } from './result.js';
import { reportTables } from './tables.js';

/** The result for a terminal. */
export function textReport(result: BenchResult): string {
  const tables = reportTables(result).flatMap(({ title, head, rows }) => {
    const table = new Table({ head: [...head], style: { head: [], border: [] } });
    table.push(...rows.map((row) => [...row]));
    return [title, table.toString()];
  });
  return [...headLines(result), ...tables].join('\n');
}
