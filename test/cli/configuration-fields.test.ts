import { expect } from 'chai';
import { parseConfiguration } from '../../src/cli/configuration-schema.js';

/** Every field that there is, each with something that is allowed. */
const FULL = {
  replicas: [1, 2, 3].map((number) => ({
    id: `replica-${number}`,
    address: `127.0.0.1:740${number}`,
    resources: `replica-${number}`,
    http: `127.0.0.1:748${number}`,
  })),
  frontEnds: [
    {
      id: 'front-end-1',
      address: '127.0.0.1:7400',
      http: '127.0.0.1:7480',
      tls: { certificate: 'site.pem', key: 'site.key', ca: 'site-ca.pem' },
    },
  ],
  writeConcern: 'majority',
  quorum: 2,
  whenAlone: 'read-only',
  heartbeatMs: 100,
  postcodes: { url: 'https://api.postcodes.io', timeoutMs: 1_000, whenUnreachable: 'accept' },
  token: 'a-token-that-is-long-enough-for-anybody',
  staffToken: 'another-token-that-is-long-enough',
  notify: { webhook: 'https://example.org/hook', command: ['/bin/true'], on: ['unhealthy'] },
  tls: { ca: 'ca.pem', certificate: 'own.pem', key: 'own.key' },
  rateLimit: { perUserPerSecond: 5, burst: 20 },
  logLevel: 'info',
  logFiles: { bytesMax: 10_485_760, count: 5 },
  chaos: false,
};
const WRONG: readonly unknown[] = [null, -1, 1.5, 1e15, '', 'non\u0000sense', true, [], {}, [null], { unknown: 1 }];
const SECRET = /token|webhook/i;

type Path = readonly (string | number)[];

/** Every place in a value, itself first. */
function places(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  const inside = Array.isArray(value)
    ? value.flatMap((one, index) => places(one, [...at, index]))
    : Object.entries(value).flatMap(([name, one]) => places(one, [...at, name]));
  return [at, ...inside];
}

function replaced(value: unknown, [first, ...rest]: Path, by: unknown): unknown {
  if (first === undefined) return by;
  if (Array.isArray(value))
    return value.map((one: unknown, index) => (index === first ? replaced(one, rest, by) : one));
  const object = value as Record<string, unknown>;
  return { ...object, [first]: replaced(object[String(first)], rest, by) };
}

const nameOf = (at: Path): string =>
  at.reduce<string>(
    (name, part) => (typeof part === 'number' ? `${name}[${part}]` : `${name}${name && '.'}${part}`),
    '',
  );

describe('configuration: every field wrong once', () => {
  const parse = (raw: unknown) => parseConfiguration(raw, (folder) => folder);

  it('the whole one is right', () => {
    expect(parse(FULL)).to.have.property('settings');
  });

  for (const at of places(FULL)) {
    const name = nameOf(at) || 'the configuration';
    it(`${name}: each wrong value is refused by the name of its field, and what is allowed is told`, () => {
      let refused = 0;
      for (const wrong of WRONG) {
        const parsed = parse(replaced(FULL, at, wrong));
        if ('settings' in parsed) continue;
        refused++;
        const what = `${name} = ${JSON.stringify(wrong)}: ${parsed.problems.join('\n')}`;
        for (const problem of parsed.problems) expect(problem, what).to.match(/^.+ (?:is|are) .+; allowed: .+\.$/s);
        // What is wrong inside it is told by its own name; counts and pairs may be told by their list or partner.
        const list = name.replace(/\[\d+\]$/, '');
        const isNamed = at.length === 0 || parsed.problems.some((problem) => problem.startsWith(list));
        expect(isNamed, what).to.equal(true);
        if (SECRET.test(name) && typeof wrong === 'string' && wrong !== '') expect(what).to.not.contain(`is "${wrong}`);
      }
      expect(refused, `${name} refuses most of what is wrong`).to.be.at.least(6);
    });
  }
});
