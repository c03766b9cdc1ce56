import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { alignedTable } from '../../client/text/table.js';
import type { Cli, CommonOptions } from '../cli.js';
import { type CheckFinding, checkSurroundings } from '../config-check.js';
import { ConfigurationError } from '../configuration-error.js';
import type { Settings } from '../configuration.js';
import { effectiveSettings } from '../effective-settings.js';
import { EXIT_FAILED, EXIT_USAGE } from '../environment.js';

/**
 * `config check`: exit code 0 when the cluster can be started with it, 1 when something that it names does not fit, 2 when the file
 * itself is wrong.
 */
export function addConfigCommand(program: Command, cli: Cli): void {
  const config = program.command('config').description('look at the configuration');
  cli
    .withCommonOptions(
      config.command('check').description('check the configuration and what it names; changes nothing'),
    )
    .action(async (options: CommonOptions) => {
      let settings: Settings;
      try {
        settings = cli.settings(options);
      } catch (error) {
        if (!(error instanceof ConfigurationError) || options.json !== true) throw error;
        cli.print(options, { valid: false, problems: error.problems }, '');
        cli.exitCode = EXIT_USAGE;
        return;
      }
      const findings = await checkSurroundings(settings, Date.now());
      const problems = findings.filter(({ kind }) => kind === 'problem');
      const fields = effectiveSettings(settings, JSON.parse(readText(settings.file)) as object);
      const valid = problems.length === 0;
      cli.print(
        options,
        { valid, file: settings.file, settings: fields, findings },
        text(settings.file, fields, findings),
      );
      if (!valid) cli.exitCode = EXIT_FAILED;
    });
}

/** The file has just been read and parsed: a second time it is what it was. */
function readText(file: string): string {
  const text = readFileSync(file, 'utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function text(file: string, fields: ReturnType<typeof effectiveSettings>, findings: readonly CheckFinding[]): string {
  const settings = alignedTable(
    [{ heading: 'FIELD' }, { heading: 'VALUE' }, { heading: 'FROM' }],
    fields.map(({ field, value, from }) => [field, value, from]),
  );
  const checks = alignedTable(
    [{ heading: 'CHECK' }, { heading: '' }, { heading: 'FOUND' }],
    findings.map(({ kind, field, text: found }) => [field, kind === 'problem' ? 'PROBLEM' : kind, found]),
  );
  const count = findings.filter(({ kind }) => kind === 'problem').length;
  const verdict =
    count === 0 ? 'The configuration can be used.' : `${count === 1 ? '1 problem' : `${count} problems`}: see below.`;
  return `${file}\n${verdict}\n\n${settings.trimEnd()}\n\n${checks}`;
}
