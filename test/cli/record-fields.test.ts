import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { CommandFailedError, UsageError } from '../../src/cli/command-error.js';
import { fieldsOfArguments, fieldsOfFile } from '../../src/cli/record-fields.js';

const pairs = (fields: readonly { key: string; value: string }[]) => fields.map(({ key, value }) => [key, value]);

describe('fields of a record as people write them', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'record-fields-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const inFile = (content: string | Uint8Array) => {
    const file = path.join(folder, 'update_file');
    writeFileSync(file, content);
    return () => fieldsOfFile(file);
  };

  it('files: a value is all behind the first =, as it is', () => {
    const lines = ['age=40', "balance='999'", 'about=a=b, "c" ', 'picture=', 'name= Zoë 🍕\\n', 'tab=\tx'];
    const expected = [
      ['age', '40'],
      ['balance', "'999'"],
      ['about', 'a=b, "c" '],
      ['picture', ''],
      ['name', ' Zoë 🍕\\n'],
      ['tab', '\tx'],
    ];
    for (const end of ['\n', '\r\n']) {
      expect(pairs(inFile(lines.join(end))()), 'no line end at the end').to.deep.equal(expected);
      expect(pairs(inFile(`\ufeff${lines.join(end + end)}${end}`)()), 'with empty lines').to.deep.equal(expected);
    }
    expect(pairs(inFile('a=x\ry\n')()), 'a CR alone is part of the value').to.deep.equal([['a', 'x\ry']]);
  });

  it('files: what is wrong is told with its line', () => {
    for (const [content, why] of [
      ['a=1\n\nb\n', /update_file, line 3: there is no '=' in it; write key=value. Nothing was changed\.$/],
      ['a=1\nb=2\na=3\n', /line 3: a is in line 1 too; keep one of them/],
      ['\n\r\n', /there is no field in it/],
      [Buffer.from([0x61, 0x3d, 0xff, 0x0a]), /cannot be read: it is not UTF-8/],
    ] as const)
      expect(inFile(content)).to.throw(CommandFailedError, why);
    expect(() => fieldsOfFile(path.join(folder, 'absent'))).to.throw(CommandFailedError, /ENOENT/);
  });

  it('arguments: line ends too', () => {
    expect(pairs(fieldsOfArguments(['a=x\ny\r\n', 'b=', 'c==']))).to.deep.equal([
      ['a', 'x\ny\r\n'],
      ['b', ''],
      ['c', '='],
    ]);
    expect(() => fieldsOfArguments(['a=1', 'b'])).to.throw(UsageError, /"b" is no field; write key=value/);
    expect(() => fieldsOfArguments(['a=1', 'a=2'])).to.throw(UsageError, /a is there twice/);
  });
});
