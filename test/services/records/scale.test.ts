import { expect } from 'chai';
import { Records } from '../../../src/services/records/records.js';
import { Driver, get, list, requestIdOf, updateOf } from './records-driver.js';

const RECORDS = 10_000;
const CACHE_BYTES_MAX = 1 << 20;

describe('record map: many records', function () {
  this.timeout(60_000);

  it('10,000 records that do not fit into memory: each is found, listed and restored', () => {
    const driver = new Driver(undefined, { cacheBytesMax: CACHE_BYTES_MAX });
    const body = 'x'.repeat(1_000);
    for (let number = 0; number < RECORDS; number++) {
      driver.update(requestIdOf(number), updateOf(`r${number}`, { body, number: String(number) }));
      driver.commit();
    }
    for (let number = 0; number < RECORDS; number += 7) {
      driver.update(requestIdOf(RECORDS + number), updateOf(`r${number}`, { number: `${number} again` }));
      driver.commit();
    }
    const restored = new Records(driver.files.copy(), { cacheBytesMax: CACHE_BYTES_MAX });
    restored.restore(driver.records.snapshot());
    for (const records of [driver.records, restored]) {
      for (let number = 0; number < RECORDS; number++) {
        const { version, fields } = get(records, `r${number}`);
        const isAgain = number % 7 === 0;
        expect([version, fields[1]?.[1]]).to.deep.equal(isAgain ? [2, `${number} again`] : [1, String(number)]);
      }
      const names: string[] = [];
      for (let page = list(records, '', 500); ; page = list(records, names.at(-1), 500)) {
        names.push(...page.records.map(({ name }) => name));
        if (!page.hasMore) break;
      }
      expect(names).to.have.length(RECORDS);
      expect(names.at(-1)).to.equal(`r${RECORDS - 1}`);
    }
  });
});
