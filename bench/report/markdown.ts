import { headLines } from './head.js';
import type { BenchResult } from './result.js';
import { type ReportTable, reportTables } from './tables.js';

/** The result as docs/benchmarks.md shows one. */
export function markdownReport(result: BenchResult): string {
  const head = headLines(result).map((line) => `- ${line}`);
  return [head.join('\n'), ...reportTables(result).map(markdownTable)].join('\n\n') + '\n';
}

function markdownTable({ title, head, rows }: ReportTable): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [`**${title}**`, '', line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
