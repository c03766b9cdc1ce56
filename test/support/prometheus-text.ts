/** One sample of a text of Prometheus' exposition format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric family: what HELP and TYPE say, and its samples. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
const NUMBER = /^(?:[+-]Inf|NaN|[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;
const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);

/**
 * Reads a text of Prometheus' exposition format 0.0.4, as strictly as `promtool check metrics` (which is not there): HELP and TYPE once and
 * before the samples of a family, all of which stand together; no series twice; histograms whole and rising. Throws with the
 * line that is wrong.
 */
export function prometheusText(text: string): Map<string, Family> {
  const families = new Map<string, { name: string; help: string; type: string; samples: Sample[] }>();
  const series = new Set<string>();
  let open: string | undefined;
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  for (const line of text.slice(0, -1).split('\n')) {
    const wrong = (why: string): Error => new Error(`${why}: ${line}`);
    if (line === '') continue;
    if (line.startsWith('#')) {
      const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
      if (kind === undefined || !NAME.test(name)) throw wrong('neither HELP nor TYPE');
      if (kind === 'HELP') {
        if (families.has(name)) throw wrong('a family told twice');
        families.set(name, { name, help: rest, type: '', samples: [] });
      } else {
        const family = families.get(name);
        if (family === undefined || family.type !== '' || !TYPES.has(rest)) throw wrong('TYPE out of place, or none');
        family.type = rest;
      }
      open = name;
      continue;
    }
    const [, name = '', labelText = '', valueText = ''] = SAMPLE.exec(line) ?? [];
    if (name === '' || !NUMBER.test(valueText)) throw wrong('no sample');
    const family = open === undefined ? undefined : families.get(open);
    if (family === undefined || family.type === '' || !isOf(family.name, family.type, name))
      throw wrong(`a sample that is not of ${String(open)}`);
    const labels = labelsOf(labelText);
    if (labels === undefined) throw wrong('labels that cannot be read');
    const key = `${name} ${JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
    if (series.has(key)) throw wrong('a series twice');
    series.add(key);
    const value = Number(valueText.replace(/inf/i, 'Infinity'));
    if (family.type === 'counter' && !(value >= 0)) throw wrong('a counter below 0');
    family.samples.push({ name, labels, value });
  }
  for (const family of families.values()) {
    if (family.type === '') throw new Error(`${family.name} has no TYPE`);
    if (family.type === 'histogram') checkHistogram(family);
  }
  return families;
}

function isOf(family: string, type: string, name: string): boolean {
  if (type === 'histogram') return [`${family}_bucket`, `${family}_sum`, `${family}_count`].includes(name);
  if (type === 'summary') return [family, `${family}_sum`, `${family}_count`].includes(name);
  return name === family;
}

function labelsOf(text: string): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  for (let at = 0; at < text.length;) {
    LABEL.lastIndex = at;
    const [whole, name = '', value = ''] = LABEL.exec(text) ?? [];
    if (whole === undefined || name in labels) return undefined;
    labels[name] = value;
    at += whole.length;
  }
  return labels;
}

function checkHistogram({ name, samples }: Family): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = JSON.stringify(Object.entries(sample.labels).filter(([label]) => label !== 'le'));
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, group] of groups) {
    const wrong = (why: string): Error => new Error(`histogram ${name} ${key}: ${why}`);
    const buckets = group.filter((one) => one.name.endsWith('_bucket'));
    const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('+Inf', 'Infinity')));
    const rises = (all: readonly number[], isStrict: boolean): boolean =>
      all.every((one, at) => at === 0 || (isStrict ? one > (all[at - 1] ?? NaN) : one >= (all[at - 1] ?? NaN)));
    if (!rises(bounds, true) || bounds.at(-1) !== Infinity) throw wrong('its bounds do not rise to +Inf');
    const values = buckets.map(({ value }) => value);
    if (!rises(values, false)) throw wrong('its buckets fall');
    const count = group.find((one) => one.name.endsWith('_count'));
    if (count?.value !== values.at(-1)) throw wrong('its count is not its last bucket');
    if (!group.some((one) => one.name.endsWith('_sum'))) throw wrong('it has no sum');
  }
}
