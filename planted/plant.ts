import path from 'node:path';
import type { Edit, PlantedBug } from './bug.js';

/** A bug that does not fit the source: moved, changed, ambiguous, or in another's way. Says what to do. */
export class PlantError extends Error {
  override readonly name = 'PlantError';
}

/** A piece of one file and what runs in its place for each bug. */
interface Site {
  readonly from: number;
  readonly to: number;
  readonly kind: Edit['kind'];
  readonly choices: { readonly bug: string; readonly replace: string }[];
}

/** The module that holds the switch, by its path from the root. */
const SWITCH_MODULE = 'planted/switch.js';

/**
 * Plants all bugs into sources, given and returned by their path from the root. Each becomes a choice on its switch, so that one build
 * holds them all and the original code runs while none is on. Bugs may share a piece; pieces that overlap otherwise are refused.
 * Throws PlantError.
 */
export function plant(sources: ReadonlyMap<string, string>, bugs: readonly PlantedBug[]): Map<string, string> {
  refuseEqualNames(bugs);
  const planted = new Map(sources);
  for (const file of new Set(bugs.flatMap(({ edits }) => edits.map((edit) => edit.file)))) {
    const text = sources.get(file);
    if (text === undefined) throw new PlantError(`${file} is not among the sources; correct the bugs that name it`);
    const edits = bugs.flatMap((bug) => bug.edits.filter((edit) => edit.file === file).map((edit) => ({ bug, edit })));
    const sites: Site[] = [];
    for (const { bug, edit } of edits) addSite(sites, text, bug.name, edit);
    const imports = new Set(edits.flatMap(({ edit }) => edit.imports?.split('\n') ?? []));
    planted.set(file, [switchImport(file), ...imports, rewrite(text, sites, file)].join('\n'));
  }
  return planted;
}

function refuseEqualNames(bugs: readonly PlantedBug[]): void {
  const names = new Set<string>();
  for (const { name } of bugs) {
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))
      throw new PlantError(`'${name}' is no name of a switch: use a-z, 0-9, -`);
    if (names.has(name)) throw new PlantError(`two bugs are called ${name}; rename one`);
    names.add(name);
  }
}

function addSite(sites: Site[], text: string, bug: string, edit: Edit): void {
  const { file, find, within = text, replace, kind } = edit;
  const start = within === text ? 0 : onlyPlaceOf(text, within, bug, file);
  const from = start + onlyPlaceOf(within, find, bug, file);
  const same = sites.find((site) => site.from === from && site.to === from + find.length && site.kind === kind);
  if (same !== undefined) same.choices.push({ bug, replace });
  else sites.push({ from, to: from + find.length, kind, choices: [{ bug, replace }] });
}

function onlyPlaceOf(text: string, piece: string, bug: string, file: string): number {
  const at = text.indexOf(piece);
  const first = piece.trim().split('\n')[0] ?? '';
  if (piece === '' || at < 0)
    throw new PlantError(`${bug}: '${first}' is not in ${file} any more; bring its edit in planted/bugs up to date`);
  if (text.indexOf(piece, at + 1) >= 0)
    throw new PlantError(`${bug}: '${first}' is in ${file} more than once; give its edit a longer 'find', or 'within'`);
  return at;
}

function rewrite(text: string, sites: readonly Site[], file: string): string {
  const ordered = [...sites].sort((a, b) => a.from - b.from);
  let result = '';
  let at = 0;
  let before: Site | undefined;
  for (const site of ordered) {
    if (before !== undefined && site.from < before.to)
      throw new PlantError(
        `${namesOf(before)} and ${namesOf(site)} change overlapping pieces of ${file}; let both find the same piece`,
      );
    result += text.slice(at, site.from) + choiceOf(site, text.slice(site.from, site.to));
    at = site.to;
    before = site;
  }
  return result + text.slice(at);
}

const namesOf = ({ choices }: Site): string => choices.map(({ bug }) => bug).join(', ');

function choiceOf({ kind, choices }: Site, original: string): string {
  if (kind === 'expression') {
    const mistaken = choices.map(({ bug, replace }) => `isPlanted('${bug}') ? (${replace}) : `);
    return `(${mistaken.join('')}(${original}))`;
  }
  const mistaken = choices.map(({ bug, replace }) => `if (isPlanted('${bug}')) {\n${replace}\n} else `);
  return `${mistaken.join('')}{\n${original}\n}`;
}

function switchImport(file: string): string {
  const way = path.posix.relative(path.posix.dirname(file), SWITCH_MODULE);
  return `import { isPlanted } from '${way}';`;
}
