import { expect } from 'chai';
import { prometheusText } from './prometheus-text.js';

const HEAD = '# HELP a what\n# TYPE a counter\n';
const HISTOGRAM = '# HELP h what\n# TYPE h histogram\n';

describe('prometheus text', () => {
  it('reads families, labels and values', () => {
    const text = `${HEAD}a{x="1",y="q\\"\\\\"} 1.5e3\na 2\n${HISTOGRAM}h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n`;
    expect([...prometheusText(text).values()].map(({ name, samples }) => [name, samples.length])).to.deep.equal([
      ['a', 2],
      ['h', 4],
    ]);
  });

  const refused: readonly (readonly [string, string])[] = [
    ['no end of line', `${HEAD}a 1`],
    ['a value that is none', `${HEAD}a one\n`],
    ['a value left out', `${HEAD}a \n`],
    ['a sample without its family', 'a 1\n'],
    ['a sample of another family', `${HEAD}b 1\n`],
    ['a family told twice', `${HEAD}a 1\n${HEAD}`],
    ['no TYPE', '# HELP a what\n'],
    ['a type that is none', '# HELP a what\n# TYPE a count\n'],
    ['a series twice', `${HEAD}a{x="1",y="2"} 1\na{y="2",x="1"} 1\n`],
    ['a label without quotes', `${HEAD}a{x=1} 1\n`],
    ['a label twice', `${HEAD}a{x="1",x="2"} 1\n`],
    ['a quote that is not escaped', `${HEAD}a{x="""} 1\n`],
    ['a counter below 0', `${HEAD}a -1\n`],
    ['a histogram without +Inf', `${HISTOGRAM}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`],
    ['a histogram that falls', `${HISTOGRAM}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`],
    ['a histogram with another count', `${HISTOGRAM}h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`],
  ];
  for (const [what, text] of refused)
    it(`refuses ${what}`, () => {
      expect(() => prometheusText(text)).to.throw(Error);
    });
});
