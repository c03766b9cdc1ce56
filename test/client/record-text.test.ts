import { expect } from 'chai';
import { fieldsShownAsJson, recordText } from '../../src/client/text/record-text.js';

const record = (fields: Readonly<Record<string, string>>) => ({
  name: 'ann',
  version: 1,
  fields: Object.entries(fields).map(([key, value]) => ({ key, value })),
  updated_at: '',
  op: 3,
});

describe('text of a record', () => {
  it('a line a field, as an update file has it', () => {
    const shown = record({ age: '40', balance: "'999'", about: 'a=b, "c"\t', picture: '', name: 'Zoë 🍕' });
    expect(recordText(shown)).to.equal('age=40\nbalance=\'999\'\nabout=a=b, "c"\t\npicture=\nname=Zoë 🍕\n');
    expect(fieldsShownAsJson(shown)).to.deep.equal([]);
  });

  it('what a line cannot bear, or a terminal would obey, is JSON', () => {
    const shown = record({ a: 'x\ny', b: '\u001b[2J', c: '\u202egnp', d: '\u2028', e: 'plain' });
    expect(recordText(shown)).to.equal('a="x\\ny"\nb="\\u001b[2J"\nc="\\u202egnp"\nd="\\u2028"\ne=plain\n');
    expect(fieldsShownAsJson(shown)).to.deep.equal(['a', 'b', 'c', 'd']);
  });
});
