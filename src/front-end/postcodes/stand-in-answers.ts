import { parse } from 'postcode';
import { type KnownPostcode, knownPostcodes, terminatedPostcodes } from './stand-in-postcodes.js';

/** An answer of the API: its HTTP status, which the body repeats. */
export interface ApiAnswer {
  readonly status: number;
  readonly error?: string;
  readonly result?: unknown;
  readonly terminated?: unknown;
}

const bulkMax = 100;
const inUse = new Map(knownPostcodes.map((known) => [compact(known.postcode), known]));
const ended = new Map(terminatedPostcodes.map((terminated) => [compact(terminated.postcode), terminated]));

/**
 * What postcodes.io answers to a request for `path` (without query or prefix) over the stand-in's small table. A
 * postcode that is well written and not in the table is "not found".
 */
export function answerTo(method: string, path: string, body: string): ApiAnswer {
  const parts = path.split('/').slice(1).map(decoded);
  // The original fails on a path such as DH1%1JN in its router and reports it as its own error.
  if (parts.includes(undefined)) return { status: 500, error: '500 Server Error.' };
  const [first, postcode = '', last] = parts;
  if (method === 'GET' && first === 'ping' && parts.length === 1) return { status: 200, result: 'pong' };
  if (first === 'postcodes') {
    if (method === 'POST' && parts.length === 1) return bulk(body);
    if (method === 'GET' && parts.length === 2) return show(postcode);
    if (method === 'GET' && parts.length === 3 && last === 'validate') {
      return { status: 200, result: inUse.has(compact(postcode)) };
    }
  }
  return { status: 404, error: 'Resource not found' };
}

function show(postcode: string): ApiAnswer {
  if (!parse(postcode.trim()).valid) return { status: 404, error: 'Invalid postcode' };
  const known = inUse.get(compact(postcode));
  if (known !== undefined) return { status: 200, result: resultOf(known) };
  const terminated = ended.get(compact(postcode));
  if (terminated === undefined) return { status: 404, error: 'Postcode not found' };
  return {
    status: 404,
    error: 'Postcode not found',
    terminated: {
      postcode: terminated.postcode,
      year_terminated: terminated.year,
      month_terminated: terminated.month,
      longitude: terminated.longitude,
      latitude: terminated.latitude,
    },
  };
}

function bulk(body: string): ApiAnswer {
  let query: unknown;
  try {
    query = JSON.parse(body);
  } catch {
    return {
      status: 400,
      error: 'Invalid JSON submitted. You need to submit a JSON object with an array of postcodes.',
    };
  }
  if (typeof query !== 'object' || query === null || !('postcodes' in query)) {
    return {
      status: 400,
      error: 'Invalid JSON query submitted. You need to submit a JSON object with an array of postcodes.',
    };
  }
  if (!Array.isArray(query.postcodes)) {
    return { status: 400, error: 'Invalid data submitted. You need to provide a JSON array' };
  }
  if (query.postcodes.length > bulkMax) {
    const error = `Too many postcodes submitted. Up to ${bulkMax} postcodes can be bulk requested at a time`;
    return { status: 400, error };
  }
  const asked = query.postcodes.filter((postcode: unknown) => typeof postcode === 'string');
  const result = asked.map((postcode) => {
    const known = inUse.get(compact(postcode));
    return { query: postcode, result: known === undefined ? null : resultOf(known) };
  });
  return { status: 200, result };
}

function resultOf(known: KnownPostcode): Record<string, unknown> {
  const { outcode, incode } = parse(known.postcode);
  return {
    postcode: known.postcode,
    quality: 1,
    country: known.country,
    region: known.region,
    admin_district: known.district,
    longitude: known.longitude,
    latitude: known.latitude,
    outcode,
    incode,
  };
}

function compact(postcode: string): string {
  return postcode.replace(/\s/g, '').toUpperCase();
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
