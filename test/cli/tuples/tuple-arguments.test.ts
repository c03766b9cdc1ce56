import { expect } from 'chai';
import { UsageError } from '../../../src/cli/command-error.js';
import { elementsOf, pairsOfArguments, pairsOfJson } from '../../../src/cli/tuples/tuple-arguments.js';

describe('arguments of the tuple space', () => {
  it('a tuple: blanks between its elements, or a JSON list of texts', () => {
    expect(elementsOf('user 1')).to.deep.equal(['user', '1']);
    expect(elementsOf('  a   b ')).to.deep.equal(['a', 'b']);
    expect(elementsOf('["a b", "c"]')).to.deep.equal(['a b', 'c']);
    expect(elementsOf('[0-9]+ [abc]')).to.deep.equal(['[0-9]+', '[abc]']);
    expect(elementsOf('[12]'), 'a set of characters is no list of texts').to.deep.equal(['[12]']);
    expect(elementsOf('')).to.deep.equal([]);
  });

  it('pairs: key, value, key, value', () => {
    expect(pairsOfArguments(['a', '1', 'b c', '2 3'])).to.deep.equal([
      { key: ['a'], value: ['1'] },
      { key: ['b', 'c'], value: ['2', '3'] },
    ]);
    expect(() => pairsOfArguments(['a', '1', 'b'])).to.throw(UsageError, /"b" is a key without a value/);
  });

  it('a list of pairs; what is none is named', () => {
    expect(pairsOfJson('[[["a"],["1"]],[["b","c"],[]]]', 'x')).to.deep.equal([
      { key: ['a'], value: ['1'] },
      { key: ['b', 'c'], value: [] },
    ]);
    for (const [text, why] of [
      ['[', /x is malformed: it is no JSON list/],
      ['{"a": 1}', /it is no JSON list/],
      ['[[["a"],["1"]],[["b"]]]', /entry 1 is no pair\. Nothing was done/],
      ['[[["a"],["1"]],"b"]', /entry 1 is no pair/],
      ['[["a",["1"]]]', /the key of entry 0 is no list of texts/],
      ['[[["a"],[1]]]', /the value of entry 0 is no list of texts/],
    ] as const)
      expect(() => pairsOfJson(text, 'x'), text).to.throw(UsageError, why);
  });
});
