import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { v7 as uuidV7 } from 'uuid';
import { readWithFallback } from '../../client/fallback-read.js';
import { repeatedWrite } from '../../client/repeated-write.js';
import { menuText } from '../../client/text/menu-text.js';
import { receiptText } from '../../client/text/order-text.js';
import { counted } from '../../client/text/values.js';
import type { MenuItemView } from '../../ports/ordering-client.js';
import { InvalidFileError, MENU_HEADER, parseMenu, rowOfMenuItem } from '../../services/ordering/menu-file.js';
import type { MenuItem } from '../../services/ordering/requests.js';
import type { Cli, ClientOptions } from '../cli.js';
import { CommandFailedError, UsageError } from '../command-error.js';

/** `menu`, `menu import FILE`, `menu export [FILE]`. */
export function addMenuCommand(program: Command, cli: Cli): void {
  const menu = cli.withClientOptions(program.command('menu').description('show the menu'));
  menu.action(async (options: ClientOptions) => {
    await cli.withClient(options, async ({ client }) => {
      const read = await readWithFallback((readOptions) => client.getMenu(readOptions));
      cli.printRead(options, read, (answer) => menuText(answer.items, cli.paint));
    });
  });

  cli
    .withClientOptions(menu.command('import').description('replace the menu, stock included, by that of a CSV file'))
    .argument('<file>', 'columns item,price,category,description,allergens,stock; price in pounds')
    .option('--expected-version <n>', 'replace only this version of the menu')
    .action(async (name: string, _: unknown, command: Command) => {
      // The parent `menu` has options of the same names and takes them: all together.
      const options = command.optsWithGlobals<ClientOptions & { expectedVersion?: string }>();
      const file = path.resolve(cli.environment.cwd, name);
      const items = readMenuFile(file);
      const expected = options.expectedVersion === undefined ? undefined : versionOf(options.expectedVersion);
      await cli.withClient(options, async ({ client }) => {
        const requestId = uuidV7();
        const result = await repeatedWrite(() => client.setMenu(requestId, items, expected));
        const text = `The menu has ${counted(items.length, 'item')} now (version ${result.menu_version}). ${receiptText(result.receipt)}`;
        cli.print(options, result, text);
      });
    });

  cli
    .withClientOptions(menu.command('export').description('write the menu as CSV, to stdout or a file'))
    .argument('[file]', 'replaced if it is there')
    .action(async (name: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ClientOptions>();
      await cli.withClient(options, async ({ client }) => {
        const { answer, consistency, whyNotFresh } = await readWithFallback((read) => client.getMenu(read));
        const csv = MENU_HEADER + answer.items.map((item) => rowOfMenuItem(fromView(item))).join('');
        const { as_of, menu_version } = answer;
        if (name === undefined) {
          cli.printRead(options, { answer: { menu_version, csv, as_of }, consistency, whyNotFresh }, () => csv);
          return;
        }
        const file = path.resolve(cli.environment.cwd, name);
        writeMenuFile(file, csv);
        const text = `${file} has ${counted(answer.items.length, 'item')} (version ${menu_version}).`;
        cli.printRead(options, { answer: { menu_version, file, as_of }, consistency, whyNotFresh }, () => text);
      });
    });
}

function readMenuFile(file: string): MenuItemView[] {
  let text: string;
  try {
    // Strict: a replacement character would stand on the menu for ever.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
  } catch (error) {
    const why = error instanceof TypeError ? 'it is not UTF-8; save it as UTF-8' : String((error as Error).message);
    throw new CommandFailedError(`${file}: the menu was not changed: ${why}.`);
  }
  try {
    const items = parseMenu(text);
    if (items.length === 0)
      throw new CommandFailedError(`${file}: the menu was not changed: the file holds no items; give at least one.`);
    return items.map(toView);
  } catch (error) {
    if (!(error instanceof InvalidFileError)) throw error;
    throw new CommandFailedError(`${file}: the menu was not changed: ${error.detail}.`);
  }
}

function writeMenuFile(file: string, csv: string): void {
  try {
    writeFileSync(file, csv);
  } catch (error) {
    throw new CommandFailedError(`${file}: the menu was not exported: ${String((error as Error).message)}.`);
  }
}

function versionOf(text: string): number {
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text);
  throw new UsageError(`--expected-version is ${JSON.stringify(text)}; allowed: a whole number from 1.`);
}

function toView({ pricePence, ...item }: MenuItem): MenuItemView {
  return { ...item, price_pence: pricePence };
}

function fromView({ price_pence: pricePence, ...item }: MenuItemView): MenuItem {
  return { ...item, pricePence };
}
