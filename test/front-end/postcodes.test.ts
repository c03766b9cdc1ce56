import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  createPostcodeChecker,
  type PostcodeAnswer,
  type PostcodeChecker,
  type PostcodeCheckerOptions,
} from '../../src/front-end/postcodes/checker.js';
import {
  createPostcodeStandIn,
  type Misbehaviour,
  type PostcodeStandIn,
} from '../../src/front-end/postcodes/stand-in.js';
import { knownPostcodes } from '../../src/front-end/postcodes/stand-in-postcodes.js';
import { present } from '../../src/base/assert.js';

/** Long enough that a healthy stand-in on a busy machine answers; tests of time-outs set their own. */
const patientMs = 5000;
/** Upper bound for what has to be quick; only a hang exceeds it. */
const notHangingMs = 4000;
const never = Infinity;

describe('postcodes', () => {
  let service: PostcodeStandIn;
  const open: PostcodeChecker[] = [];

  beforeEach(async () => {
    service = await createPostcodeStandIn();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((checker) => checker.close()));
    await service.close();
  });

  function checker(options: Partial<PostcodeCheckerOptions> = {}): PostcodeChecker {
    const made = createPostcodeChecker({ url: service.url, timeoutMs: patientMs, ...options });
    open.push(made);
    return made;
  }

  describe('verdicts', () => {
    const cases: readonly (readonly [string, PostcodeAnswer['verdict'], string, RegExp, number])[] = [
      ['DH1 1JN', 'valid', 'DH1 1JN', /in use/, 1],
      ['dh11jn', 'valid', 'DH1 1JN', /in use/, 1],
      ['  sw1a   2aa\t', 'valid', 'SW1A 2AA', /in use/, 1],
      ['DH1 9ZZ', 'unknown', 'DH1 9ZZ', /no postcode DH1 9ZZ.*check/, 1],
      ['e1w1uu', 'terminated', 'E1W 1UU', /since February 2015/, 1],
      ['', 'malformed', '', /nothing.*DH1 1JN/, 0],
      ['DH1%1JN', 'malformed', 'DH1%1JN', /'DH1%1JN'.*example/, 0],
      ['Durham', 'malformed', 'DURHAM', /not written like/, 0],
      ['a very long text that is no postcode', 'malformed', 'A VERY LONG TEXT', /not written like/, 0],
      ['straßßßßßßßßßßßßßßßßße', 'malformed', 'STRASSSSSSSSSSSS', /not written like/, 0],
      ['a\u{1b}[2J\u{202e}b', 'malformed', 'A\u{FFFD}[2J\u{FFFD}B', /not written like/, 0],
      ['123456789012345😀', 'malformed', '123456789012345\u{FFFD}', /not written like/, 0],
    ];
    for (const [typed, verdict, normalised, reason, requests] of cases) {
      it(`check: tells ${verdict} (${JSON.stringify(typed)})`, async () => {
        const answer = await checker().check(typed, never);
        expect(answer).to.include({ verdict, normalised });
        expect(answer.reason).to.match(reason);
        expect(service.requestCount()).to.equal(requests);
      });
    }

    it('known: what takes no question, in any spelling; before and after it was asked for', async () => {
      const subject = checker();
      expect(subject.known('Durham')).to.include({ verdict: 'malformed', normalised: 'DURHAM' });
      expect(subject.known('dh11jn')).to.equal(undefined);
      const answer = await subject.check('DH1 1JN', never);
      expect(subject.known('dh11jn')).to.deep.equal(answer);
      expect(service.requestCount()).to.equal(1);
    });

    it('check: knows every postcode of the stand-in (over kept connections)', async () => {
      const subject = checker();
      for (const { postcode } of knownPostcodes) {
        expect(await subject.check(postcode.toLowerCase(), never)).to.include({
          verdict: 'valid',
          normalised: postcode,
        });
      }
      // Not always one: undici gives a body away a moment before it takes the connection as free.
      expect(service.connectionCount()).to.be.at.most(4);
    });

    it('check: asks with the space escaped, below the path of the url', async () => {
      const prefixed = await createPostcodeStandIn({ prefix: '/mirror/v1' });
      try {
        for (const url of [prefixed.url, `${prefixed.url}/`]) {
          expect(await checker({ url }).check('DH1 1JN', never)).to.include({ verdict: 'valid' });
        }
        const asked = 'GET /mirror/v1/postcodes/DH1%201JN';
        expect(prefixed.recentRequests()).to.deep.equal([asked, asked]);
      } finally {
        await prefixed.close();
      }
    });

    it('check: believes the service (it calls a well-written postcode invalid)', async () => {
      const body = JSON.stringify({ status: 404, error: 'Invalid Postcode' });
      service.misbehave({ kind: 'garbage', status: 404, body });
      expect(await checker().check('DH1 1JN', never)).to.include({ verdict: 'malformed', normalised: 'DH1 1JN' });
    });

    it('check: tells terminated (no date, or one that makes no sense)', async () => {
      for (const terminated of [{}, { year_terminated: 'x', month_terminated: 13 }]) {
        const body = JSON.stringify({ status: 404, error: 'Postcode not found', terminated });
        service.misbehave({ kind: 'garbage', status: 404, body });
        const answer = await checker().check('DH1 1JN', never);
        expect(answer.verdict).to.equal('terminated');
        expect(answer.reason).to.match(/has not been in use;/);
      }
    });

    it('create: refuses a url that is not http', () => {
      expect(() => checker({ url: 'ftp://127.0.0.1/' })).to.throw(TypeError, /postcodes\.url.*http/);
    });
  });

  describe('any input', () => {
    /** Written by the rule of the format alone: area, district, optional letter or digit, space, digit, two letters. */
    const isWrittenLikeOne = (text: string): boolean => /^[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}$/.test(text);
    const nearly = fc
      .tuple(
        fc.stringMatching(/^[A-Za-z]{0,3}[0-9]{0,2}[A-Za-z]?$/),
        fc.stringMatching(/^\s{0,3}$/),
        fc.stringMatching(/^[0-9]?[A-Za-z]{0,3}$/),
      )
      .map((parts) => parts.join(''));
    const anything = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
      nearly,
    );

    it('check: never throws, and only what is written like a postcode leaves malformed', async () => {
      const subject = checker();
      await fc.assert(
        fc.asyncProperty(anything, async (typed) => {
          const before = service.requestCount();
          const answer = await subject.check(typed, never);
          expect(answer.normalised.length).to.be.at.most(16);
          expect(answer.normalised).to.not.match(/\p{C}/u);
          const squeezed = typed.replace(/\s/g, '').toUpperCase();
          if (answer.verdict === 'malformed') {
            expect(service.requestCount()).to.equal(before);
            // The other way round: what is written like one, spaces around or before the last three, is not refused.
            expect(/^\s*[a-z]{1,2}[0-9][a-z0-9]?\s*[0-9][a-z]{2}\s*$/i.test(typed)).to.equal(false);
          } else {
            expect(isWrittenLikeOne(answer.normalised)).to.equal(true);
            expect(answer.normalised.replace(' ', '')).to.equal(squeezed);
          }
        }),
        { numRuns: 500 },
      );
    });

    it('check: is not slowed down by a long text (1 MB)', async () => {
      for (const text of ['A'.repeat(1e6), `A1${' '.repeat(1e6)}`, ' '.repeat(1e6), 'ß'.repeat(1e6)]) {
        expect((await checker().check(text, never)).verdict).to.equal('malformed');
      }
    });
  });

  describe('cache and sharing', () => {
    it('check: asks once (valid, unknown and terminated, however they are written)', async () => {
      const subject = checker();
      for (const postcode of ['DH1 1JN', 'DH1 9ZZ', 'E1W 1UU']) {
        const first = await subject.check(postcode, never);
        expect(await subject.check(postcode.toLowerCase().replace(' ', ''), never)).to.deep.equal(first);
      }
      expect(service.requestCount()).to.equal(3);
    });

    it('check: asks again when the answer is old (a valid one later than an unknown one)', async () => {
      const clock = { nowMs: 1000, monotonicMs: () => clock.nowMs, wallMs: () => clock.nowMs };
      const subject = checker({ clock });
      const askedAfter = async (): Promise<number> => {
        await subject.check('DH1 1JN', never);
        await subject.check('DH1 9ZZ', never);
        return service.requestCount();
      };
      expect(await askedAfter()).to.equal(2);
      clock.nowMs += 14 * 60_000;
      expect(await askedAfter(), 'after 14 minutes').to.equal(2);
      clock.nowMs += 2 * 60_000;
      expect(await askedAfter(), 'after 16 minutes').to.equal(3);
      clock.nowMs += 24 * 3_600_000;
      expect(await askedAfter(), 'after a day').to.equal(5);
    });

    it('check: never remembers that it could not ask', async () => {
      const subject = checker();
      service.misbehave({ kind: 'status', status: 403 }, 1);
      expect((await subject.check('DH1 1JN', never)).verdict).to.equal('unchecked');
      expect((await subject.check('DH1 1JN', never)).verdict).to.equal('valid');
    });

    it('check: forgets those not asked for longest (cache full)', async () => {
      const subject = checker({ cacheEntriesMax: 2 });
      for (const postcode of ['DH1 1JN', 'DH1 3LE', 'DH1 1JN', 'EH99 1SP', 'DH1 1JN']) {
        await subject.check(postcode, never);
      }
      expect(service.requestCount(), 'DH1 1JN stays').to.equal(3);
      await subject.check('DH1 3LE', never);
      expect(service.requestCount(), 'DH1 3LE went').to.equal(4);
    });

    it('check: shares one request (the same postcode at the same time)', async () => {
      const subject = checker();
      service.misbehave({ kind: 'slow', delayMs: 50 });
      const spellings = ['DH1 1JN', 'dh11jn', ' DH1  1JN'];
      const answers = await Promise.all(spellings.map((typed) => subject.check(typed, never)));
      expect(answers.map(({ verdict }) => verdict)).to.deep.equal(['valid', 'valid', 'valid']);
      expect(service.requestCount()).to.equal(1);
    });

    it('check: answers unchecked at once (too many postcodes at the same time)', async () => {
      const subject = checker({ lookupsMax: 2 });
      service.misbehave({ kind: 'hang' });
      const waiting = [subject.check('DH1 1JN', never), subject.check('DH1 3LE', never)];
      const third = await subject.check('EH99 1SP', never);
      expect(third.verdict).to.equal('unchecked');
      expect(third.reason).to.match(/2 other postcodes/);
      await eventually('both requests arrive', () => service.requestCount() === 2);
      await subject.close();
      await Promise.all(waiting);
      expect(service.requestCount()).to.equal(2);
    });
  });

  describe('a service that fails', () => {
    const once500: Misbehaviour = { kind: 'status', status: 500 };
    const passing: readonly (readonly [string, Misbehaviour])[] = [
      ['500', once500],
      ['429', { kind: 'status', status: 429 }],
      ['429 with a wait that fits', { kind: 'status', status: 429, retryAfterSeconds: 0 }],
      ['a page that is no JSON', { kind: 'garbage' }],
      ['a 404 page that is no JSON', { kind: 'garbage', status: 404 }],
      ['another postcode', { kind: 'garbage', body: '{"status":200,"result":{"postcode":"DH1 3LE"}}' }],
      ['JSON null', { kind: 'garbage', body: 'null' }],
      ['connection reset', { kind: 'reset' }],
      ['oversized', { kind: 'oversized', bytes: 1_000_000 }],
    ];
    for (const [what, misbehaviour] of passing) {
      it(`check: tries again and tells valid (once: ${what})`, async () => {
        service.misbehave(misbehaviour, 1);
        expect((await checker().check('DH1 1JN', never)).verdict).to.equal('valid');
        expect(service.requestCount()).to.equal(2);
      });
    }

    const lasting: readonly (readonly [string, Misbehaviour, RegExp, number])[] = [
      ['500', once500, /status 500.*attempt 3/, 3],
      ['429', { kind: 'status', status: 429 }, /status 429.*attempt 3/, 3],
      ['429, come back in an hour', { kind: 'status', status: 429, retryAfterSeconds: 3600 }, /status 429/, 1],
      ['403', { kind: 'status', status: 403 }, /status 403/, 1],
      ['302', { kind: 'status', status: 302 }, /status 302/, 1],
      ['garbage', { kind: 'garbage' }, /cannot be read/, 3],
      ['connection reset', { kind: 'reset' }, /broke the connection/, 3],
      ['oversized', { kind: 'oversized', bytes: 1_000_000 }, /more than 16384 bytes/, 3],
    ];
    for (const [what, misbehaviour, reason, requests] of lasting) {
      it(`check: tells unchecked and why (always: ${what})`, async () => {
        service.misbehave(misbehaviour);
        const answer = await checker({ failuresMax: 100 }).check('dh1 1jn', never);
        expect(answer).to.include({ verdict: 'unchecked', normalised: 'DH1 1JN' });
        expect(answer.reason).to.match(reason);
        expect(service.requestCount()).to.equal(requests);
      });
    }

    it('check: tells unchecked and what to mend (the url leads elsewhere)', async () => {
      const answer = await checker({ url: `${service.url}/elsewhere` }).check('DH1 1JN', never);
      expect(answer.verdict).to.equal('unchecked');
      expect(answer.reason).to.match(/postcodes\.url/);
    });

    it('check: tells unchecked (connection refused)', async () => {
      await service.close();
      const answer = await checker().check('DH1 1JN', never);
      expect(answer.verdict).to.equal('unchecked');
      expect(answer.reason).to.match(/ECONNREFUSED/);
    });

    it('check: tells unchecked (what answers does not speak HTTP)', async () => {
      const other = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.end('220 mail.example ESMTP\r\n');
      });
      other.listen(0, '127.0.0.1');
      await once(other, 'listening');
      try {
        const address = other.address();
        const port = typeof address === 'object' ? present(address, 'it listens on a port').port : 0;
        const answer = await checker({ url: `http://127.0.0.1:${port}` }).check('DH1 1JN', never);
        expect(answer.verdict).to.equal('unchecked');
      } finally {
        other.close();
      }
    });
  });

  describe('time', () => {
    for (const kind of ['hang', 'stall'] as const) {
      it(`check: tells unchecked within its time (${kind})`, async () => {
        service.misbehave({ kind });
        const begun = performance.now();
        const answer = await checker({ timeoutMs: 200 }).check('DH1 1JN', never);
        const tookMs = performance.now() - begun;
        expect(answer.verdict).to.equal('unchecked');
        expect(answer.reason).to.match(/did not answer within \d+ ms/);
        expect(tookMs).to.be.within(190, notHangingMs);
      });
    }

    it('check: asks over a new connection (the first hangs)', async () => {
      service.misbehave({ kind: 'hang' }, 1);
      // One connection at most, so the hanging request has to be given up for the second to be sent.
      const subject = checker({ timeoutMs: 2000, lookupsMax: 1 });
      expect((await subject.check('DH1 1JN', never)).verdict).to.equal('valid');
      expect(service.connectionCount()).to.equal(2);
    });

    it("check: is back at the caller's deadline, and the next caller has the answer", async () => {
      service.misbehave({ kind: 'slow', delayMs: 300 });
      const subject = checker();
      const answer = await subject.check('DH1 1JN', Date.now() + 50);
      expect(answer.verdict).to.equal('unchecked');
      expect((await subject.check('DH1 1JN', never)).verdict).to.equal('valid');
      expect(service.requestCount()).to.equal(1);
    });

    it('check: asks nothing (the deadline is over), but tells what it knows', async () => {
      const subject = checker();
      expect((await subject.check('DH1 1JN', Date.now() - 1)).verdict).to.equal('unchecked');
      expect((await subject.check('Durham', Date.now() - 1)).verdict).to.equal('malformed');
      expect((await subject.check('DH1 1JN', NaN)).verdict).to.equal('unchecked');
      expect(service.requestCount()).to.equal(0);
      await subject.check('DH1 1JN', never);
      expect((await subject.check('DH1 1JN', Date.now() - 1)).verdict).to.equal('valid');
    });

    it('close: ends what is under way; later checks are unchecked', async () => {
      service.misbehave({ kind: 'hang' });
      const subject = checker({ timeoutMs: 60_000 });
      const waiting = subject.check('DH1 1JN', never);
      await eventually('the request arrives', () => service.requestCount() === 1);
      await subject.close();
      await subject.close();
      expect((await waiting).verdict).to.equal('unchecked');
      const later = await subject.check('DH1 3LE', never);
      expect(later).to.include({ verdict: 'unchecked', normalised: 'DH1 3LE' });
      expect(later.reason).to.match(/stopping/);
      expect((await subject.check('Durham', never)).verdict).to.equal('malformed');
      expect(service.requestCount()).to.equal(1);
    });
  });

  describe('a service that is down', () => {
    /** Postcodes that no test asked for before, so that the cache and shared lookups stay out of it. */
    function* fresh(): Generator<string, never> {
      for (let count = 0; ; count += 1) {
        yield `DH${(count % 9) + 1} ${Math.floor(count / 9) % 10}${String.fromCharCode(65 + (count % 20))}B`;
      }
    }

    it('check: stops asking (five failures in a row), and remembered answers still count', async () => {
      const subject = checker({ probeIntervalMs: 3_600_000 });
      await subject.check('DH1 1JN', never);
      service.misbehave({ kind: 'status', status: 500 });
      const postcodes = fresh();
      await subject.check(postcodes.next().value, never);
      await subject.check(postcodes.next().value, never);
      expect(service.requestCount()).to.equal(1 + 5);
      for (let count = 0; count < 100; count += 1) {
        const answer = await subject.check(postcodes.next().value, never);
        expect(answer.verdict).to.equal('unchecked');
        expect(answer.reason).to.match(/left alone.*status 500/);
      }
      expect((await subject.check('DH1 1JN', never)).verdict).to.equal('valid');
      expect(service.requestCount()).to.equal(1 + 5);
    });

    // In the following a probe would hang for 36 s; who waited for it would run into mocha's limit.
    const probing = { timeoutMs: 60_000, failuresMax: 1, probeIntervalMs: 50 };

    it('check: does not wait for the probe of another order', async () => {
      const subject = checker({ ...probing, probePatienceMs: 60_000 });
      const postcodes = fresh();
      service.misbehave({ kind: 'status', status: 500 });
      await subject.check(postcodes.next().value, never);
      service.misbehave({ kind: 'hang' });
      const waiting: Promise<PostcodeAnswer>[] = [];
      await eventually('a probe arrives', () => {
        waiting.push(subject.check(postcodes.next().value, never));
        return service.requestCount() === 2;
      });
      const others = await Promise.all(Array.from({ length: 20 }, () => subject.check(postcodes.next().value, never)));
      for (const { verdict, reason } of others) expect([verdict, reason].join()).to.match(/^unchecked,.*left alone/);
      expect(service.requestCount()).to.equal(2);
      await subject.close();
      await Promise.all(waiting);
    });

    it('check: hardly waits for its own probe', async () => {
      const subject = checker({ ...probing, probePatienceMs: 20 });
      const postcodes = fresh();
      service.misbehave({ kind: 'status', status: 500 });
      await subject.check(postcodes.next().value, never);
      service.misbehave({ kind: 'hang' });
      await eventually('a probe arrives', async () => {
        expect((await subject.check(postcodes.next().value, never)).verdict).to.equal('unchecked');
        return service.requestCount() === 2;
      });
    });

    it('check: finds out that it is back (hung, then answers)', async () => {
      const subject = checker({ timeoutMs: 200, failuresMax: 1, probeIntervalMs: 50 });
      service.misbehave({ kind: 'hang' });
      expect((await subject.check('DH1 1JN', never)).verdict).to.equal('unchecked');
      service.behave();
      await eventually('it is asked again', async () => (await subject.check('DH1 1JN', never)).verdict === 'valid');
      expect((await subject.check('EH99 1SP', never)).verdict).to.equal('valid');
    });
  });

  describe('stand-in', () => {
    const json = async (path: string, init?: RequestInit): Promise<{ status: number; body: unknown }> => {
      const response = await fetch(service.url + path, init);
      return { status: response.status, body: await response.json() };
    };
    const post = (body: string): Promise<{ status: number; body: unknown }> =>
      json('/postcodes', { method: 'POST', body });

    it('stand-in: answers as documented', async () => {
      const found = await json('/postcodes/dh11jn');
      expect(found.status).to.equal(200);
      expect(found.body).to.have.nested.include({ status: 200, 'result.postcode': 'DH1 1JN', 'result.outcode': 'DH1' });
      expect(await json('/postcodes/nowhere')).to.deep.equal({
        status: 404,
        body: { status: 404, error: 'Invalid postcode' },
      });
      expect(await json('/postcodes/AB10AA')).to.deep.equal({
        status: 404,
        body: {
          status: 404,
          error: 'Postcode not found',
          terminated: {
            postcode: 'AB1 0AA',
            year_terminated: 1996,
            month_terminated: 6,
            longitude: -2.243,
            latitude: 57.101,
          },
        },
      });
      expect((await json('/postcodes/DH1%201JN/validate')).body).to.deep.equal({ status: 200, result: true });
      expect((await json('/postcodes/nowhere/validate')).body).to.deep.equal({ status: 200, result: false });
      expect((await json('/ping')).body).to.deep.equal({ status: 200, result: 'pong' });
      expect(await json('/nothing')).to.deep.equal({ status: 404, body: { status: 404, error: 'Resource not found' } });
      expect((await json('/postcodes/DH1%1JN')).status).to.equal(500);
    });

    it('stand-in: answers many at once', async () => {
      const { body } = await post('{"postcodes":["DH1 1JN","nowhere",7]}');
      expect(body).to.have.nested.include({
        'result.length': 2,
        'result[0].result.postcode': 'DH1 1JN',
        'result[1].query': 'nowhere',
        'result[1].result': null,
      });
      const tooMany = JSON.stringify({ postcodes: Array.from({ length: 101 }, () => 'DH1 1JN') });
      for (const bad of ['{', '{}', 'null', '{"postcodes":1}', tooMany]) expect((await post(bad)).status).to.equal(400);
    });

    it('close: does not wait (requests that hang), may be repeated', async () => {
      service.misbehave({ kind: 'hang' });
      const hanging = fetch(service.url).then(
        () => 'answered',
        () => 'broken',
      );
      await eventually('the request arrives', () => service.requestCount() === 1);
      await service.close();
      await service.close();
      expect(await hanging).to.equal('broken');
    });
  });
});

/** Repeats `holds` until it is true; the limit is far beyond what a slow machine needs. */
async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 8000;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`did not happen within 8 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
