import { expect } from 'chai';
import { requestProblem, queryProblem } from '../../../src/services/records/validation.js';
import type { Field } from '../../../src/services/records/requests.js';
import { AWKWARD_VALUES, updateOf } from './records-driver.js';

const problemOf = (name: string, fields: readonly Field[], expectedVersion?: number): string | undefined => {
  const body = { kind: 'update', name, fields } as const;
  const problem = requestProblem(expectedVersion === undefined ? body : { ...body, expectedVersion });
  return problem === undefined ? undefined : `${problem.field} ${problem.problem}`;
};

describe('record map: the gate', () => {
  for (const name of ['a', '7', '_id', 'größe', 'isActive', 'a b', 'tags.0.', 'x'.repeat(64), '\u{20000}'.repeat(64)])
    it(`names: ${name}`, () => {
      expect(problemOf(name, [['k', 'v']])).to.equal(undefined);
    });

  for (const name of [
    '',
    ' a',
    'a ',
    '=a',
    'a=b',
    '-a',
    '@a',
    '#a',
    'a,b',
    'a"b',
    'a\nb',
    'a\u200bb',
    '😀',
    'x'.repeat(65),
  ])
    it(`names: not ${JSON.stringify(name)}`, () => {
      expect(problemOf(name, [['k', 'v']])).to.equal('name is no name');
      expect(problemOf('ann', [[name, 'v']])).to.equal('fields[0].key is no name');
      expect(queryProblem({ kind: 'get', name })?.field).to.equal('name');
    });

  it('values: any text up to 16 KiB', () => {
    for (const value of AWKWARD_VALUES)
      expect(problemOf('ann', [['k', value]]), JSON.stringify(value)).to.equal(undefined);
    expect(problemOf('ann', [['k', 'é'.repeat(8192)]])).to.equal(undefined);
    expect(problemOf('ann', [['k', `${'é'.repeat(8192)}x`]])).to.equal(
      'fields[0].value has 16385 bytes, more than 16384',
    );
    expect(problemOf('ann', [['k', 'a\ud83cb']])).to.equal('fields[0].value holds half a character (a lone surrogate)');
  });

  it('updates: 1 to 200 fields, each once, 256 KiB', () => {
    expect(problemOf('ann', [])).to.equal('fields is empty');
    const fields = Array.from({ length: 201 }, (_, index): Field => [`f${index}`, '']);
    expect(problemOf('ann', fields.slice(1))).to.equal(undefined);
    expect(problemOf('ann', fields)).to.equal('fields has 201 entries, more than 200');
    expect(problemOf('ann', [...fields.slice(0, 2), ['f1', '']])).to.equal('fields[2].key is there twice');
    const large = fields.slice(0, 16).map(([key]): Field => [key, '\u0001'.repeat(16_384)]);
    expect(problemOf('ann', large)).to.match(/^fields take \d+ bytes, more than the 262144 of a record$/);
  });

  it('expected versions and pages are whole numbers in range', () => {
    expect(problemOf('ann', [['k', 'v']], 0)).to.equal(undefined);
    expect(problemOf('ann', [['k', 'v']], 1.5)).to.match(/^expected_version is not a whole number/);
    expect(queryProblem({ kind: 'list', after: '', pageSize: 501 })?.field).to.equal('page_size');
    expect(queryProblem({ kind: 'list', after: 'a=', pageSize: 0 })?.field).to.equal('after');
    expect(queryProblem({ kind: 'list', after: 'a', pageSize: 500 })).to.equal(undefined);
    expect(requestProblem(updateOf('ann', { k: 'v' }))).to.equal(undefined);
  });
});
