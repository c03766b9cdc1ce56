import { expect } from 'chai';
import { median, spread } from '../../bench/statistics.js';

describe('bench statistics', () => {
  it('median: is the middle, or half way between the two in the middle, whatever the order', () => {
    expect(median([9, 1, 5])).to.equal(5);
    expect(median([10, 1, 2, 4])).to.equal(3);
    expect(median([])).to.deep.equal(NaN);
  });

  it('spread: is the lowest and the highest', () => {
    expect(spread([3, 1, 2])).to.deep.equal([1, 3]);
  });
});
