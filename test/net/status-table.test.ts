import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { expect } from 'chai';
import { REFUSAL_REASONS, refusal } from '../../src/base/refusal.js';
import { callRefusedError, refusalOf, statusOf } from '../../src/net/error-details.js';
import { STATUS_TABLE, statusRow } from '../../src/net/status-table.js';

const asError = (ended: ReturnType<typeof statusOf>): ServiceError =>
  Object.assign(new Error(ended.details), ended) as ServiceError;

describe('status table', () => {
  for (const reason of REFUSAL_REASONS) {
    it(`round trip: ${reason}`, () => {
      const given = refusal(reason, 'What happened; what to do.', { price_pence: '450' });
      const error = callRefusedError(asError(statusOf(given)));
      const { retryDelayMs } = statusRow(reason);
      expect(error.refusal).to.deep.equal(retryDelayMs === undefined ? given : { ...given, retryDelayMs });
      expect(error.status).to.equal(status[statusRow(reason).status]);
    });
  }

  it('statuses: those of the public contract (design 6)', () => {
    const of = (code: status) => REFUSAL_REASONS.filter((reason) => STATUS_TABLE[reason].status === code);
    expect(of(status.ALREADY_EXISTS)).to.deep.equal(['ID_REUSED']);
    expect(of(status.NOT_FOUND)).to.deep.equal(['UNKNOWN_ITEM', 'UNKNOWN_ORDER', 'UNKNOWN_RECORD']);
    expect(of(status.DEADLINE_EXCEEDED)).to.deep.equal(['WRITE_CONCERN_NOT_MET', 'OUTCOME_UNKNOWN']);
    expect(of(status.UNAVAILABLE)).to.include.members(['NO_QUORUM', 'NO_PRIMARY']);
    expect(of(status.UNAUTHENTICATED)).to.deep.equal(['TOKEN_MISSING']);
    expect(of(status.PERMISSION_DENIED)).to.deep.equal(['TOKEN_WRONG']);
  });

  for (const retryDelayMs of [1, 200, 999, 1_000, 2_000, 2_001]) {
    it(`retry delay: ${retryDelayMs} ms`, () => {
      const given = { ...refusal('OVERLOADED', 'What happened; what to do.'), retryDelayMs };
      expect(refusalOf(asError(statusOf(given)))).to.deep.equal(given);
    });
  }

  it('details: long and broken texts fit into a trailer', () => {
    const details = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, 'v'.repeat(5000)]));
    const ended = statusOf(refusal('SOLD_OUT', `half a pair \ud83c ${'x'.repeat(5000)}`, details));
    expect(() => encodeURI(ended.details)).not.to.throw();
    const [bytes] = ended.metadata.get('grpc-status-details-bin');
    expect(bytes?.length).to.be.below(8000);
  });

  it('details: another server’s, or garbage, are no refusal', () => {
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from([0xff, 0xff]));
    expect(refusalOf({ details: 'x', metadata })).to.equal(undefined);
    const error = Object.assign(new Error('x'), { code: status.UNAVAILABLE, details: 'x', metadata }) as ServiceError;
    expect(callRefusedError(error)).to.deep.include({ status: 'UNAVAILABLE' });
  });
});
