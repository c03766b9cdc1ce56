/** What an HTTP server said. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** GET of `http://ADDRESS/PATH`, on a connection of its own; `undefined` when nobody answers. */
export async function httpGet(address: string, path: string): Promise<HttpAnswer | undefined> {
  try {
    const response = await fetch(`http://${address}${path}`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(5_000),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}

/** Names of the metrics in a text of Prometheus' format, those of a histogram's parts included. */
export function metricNames(text: string): Set<string> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Set(lines.map((line) => line.replace(/[{ ].*$/, '')));
}

/** The sum of a metric's values whose line holds all of these label texts, such as `kind="write"`. */
export function metricValue(text: string, name: string, ...labels: readonly string[]): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const held = lines.filter((line) => labels.every((label) => line.includes(label)));
  return held.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
