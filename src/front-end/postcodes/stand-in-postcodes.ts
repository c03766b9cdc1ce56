/** A postcode in use, as much as the stand-in tells of one. Degrees; rounded, good enough for a demonstration. */
export interface KnownPostcode {
  readonly postcode: string;
  readonly country: 'England' | 'Scotland' | 'Wales' | 'Northern Ireland';
  /** The English region; null elsewhere, as postcodes.io has it. */
  readonly region: string | null;
  readonly district: string;
  readonly latitude: number;
  readonly longitude: number;
}

/** A postcode no longer in use: the year and the month (1 to 12) in which it ended. */
export interface TerminatedPostcode {
  readonly postcode: string;
  readonly year: number;
  readonly month: number;
  readonly latitude: number;
  readonly longitude: number;
}

interface Town extends Omit<KnownPostcode, 'postcode'> {
  readonly postcodes: readonly string[];
}

const towns: readonly Town[] = [
  {
    ...english('North East', 'County Durham', 54.775, -1.576),
    postcodes: ['DH1 1JN', 'DH1 3LE', 'DH1 3HP', 'DH1 3RW', 'DH1 5TF'],
  },
  { ...english('North East', 'Newcastle upon Tyne', 54.978, -1.613), postcodes: ['NE1 7RU', 'NE1 8QH'] },
  {
    ...english('London', 'Westminster', 51.501, -0.13),
    postcodes: ['SW1A 1AA', 'SW1A 2AA', 'NW1 6XE', 'W1A 1AA', 'WC2N 5DU'],
  },
  { ...english('London', 'City of London', 51.52, -0.097), postcodes: ['EC1A 1BB', 'EC2R 8AH'] },
  { ...english('North West', 'Manchester', 53.478, -2.243), postcodes: ['M1 1AE', 'M2 5DB', 'M13 9PL'] },
  { ...english('North West', 'Liverpool', 53.407, -2.992), postcodes: ['L1 8JQ', 'L69 3BX'] },
  { ...english('West Midlands', 'Birmingham', 52.48, -1.903), postcodes: ['B1 1BB', 'B33 8TH'] },
  { ...english('Yorkshire and The Humber', 'Leeds', 53.8, -1.549), postcodes: ['LS1 3AD', 'LS2 9JT'] },
  { ...english('Yorkshire and The Humber', 'York', 53.962, -1.082), postcodes: ['YO1 7HH'] },
  { ...english('South West', 'Bristol, City of', 51.453, -2.6), postcodes: ['BS1 5TR', 'BS8 1TH'] },
  { ...english('South East', 'Oxford', 51.754, -1.255), postcodes: ['OX1 2JD', 'OX1 3BG'] },
  { ...english('East of England', 'Cambridge', 52.205, 0.117), postcodes: ['CB2 1TN'] },
  { ...british('Scotland', 'City of Edinburgh', 55.95, -3.19), postcodes: ['EH1 2NG', 'EH99 1SP'] },
  { ...british('Scotland', 'Glasgow City', 55.861, -4.25), postcodes: ['G2 1DU', 'G12 8QQ'] },
  { ...british('Wales', 'Cardiff', 51.481, -3.18), postcodes: ['CF10 3NP', 'CF99 1SN'] },
  { ...british('Northern Ireland', 'Belfast', 54.597, -5.93), postcodes: ['BT1 5GS', 'BT7 1NN'] },
];

/** The postcodes that the stand-in knows to be in use. */
export const knownPostcodes: readonly KnownPostcode[] = towns.flatMap(({ postcodes, ...place }) =>
  postcodes.map((postcode) => ({ postcode, ...place })),
);

/** The postcodes that the stand-in knows to be no longer in use. */
export const terminatedPostcodes: readonly TerminatedPostcode[] = [
  { postcode: 'E1W 1UU', year: 2015, month: 2, latitude: 51.508, longitude: -0.072 },
  { postcode: 'AB1 0AA', year: 1996, month: 6, latitude: 57.101, longitude: -2.243 },
  { postcode: 'AB1 0AB', year: 1996, month: 6, latitude: 57.102, longitude: -2.247 },
  { postcode: 'AB1 0AD', year: 1996, month: 6, latitude: 57.101, longitude: -2.249 },
];

function english(
  region: string,
  district: string,
  latitude: number,
  longitude: number,
): Omit<KnownPostcode, 'postcode'> {
  return { country: 'England', region, district, latitude, longitude };
}

function british(
  country: KnownPostcode['country'],
  district: string,
  latitude: number,
  longitude: number,
): Omit<KnownPostcode, 'postcode'> {
  return { country, region: null, district, latitude, longitude };
}
