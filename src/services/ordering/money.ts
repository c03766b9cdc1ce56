/** Pence as pounds with two decimals, as CSV files hold prices. */
export function poundsOfPence(pence: number): string {
  const rest = pence % 100;
  return `${(pence - rest) / 100}.${rest < 10 ? '0' : ''}${rest}`;
}

const POUNDS = /^£?(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,2}))?$/;

/** Pence of pounds as people write them (`4.50`, `4.5`, `4`, `£4.50`); `undefined` when it is no such amount. */
export function penceOfPounds(text: string): number | undefined {
  const [whole, pounds, decimals = ''] = POUNDS.exec(text) ?? [];
  return whole === undefined ? undefined : Number(pounds) * 100 + Number(decimals.padEnd(2, '0'));
}
