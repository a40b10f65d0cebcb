// Numbers, times and texts as search compares them (R4 search.html), without any rounding.

/** A decimal as it was written: "1.50" stays "1.50". In a resource it stands for a JSON number. */
export class Decimal {
  constructor(text) {
    this.text = String(text);
    const [, sign, whole, fraction = '', power = '0'] =
      /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(this.text) ?? fail(`not a number: ${text}`);
    this.exponent = Number(power) - fraction.length;
    this.mantissa = BigInt(sign + whole + fraction);
  }
  toJSON() { return `@number:${this.text}`; }
}

function fail(message) { throw new Error(message); }

const make = (mantissa, exponent) => Object.assign(Object.create(Decimal.prototype), { mantissa, exponent });
const align = (a, b) => {
  const e = Math.min(a.exponent, b.exponent);
  return [a.mantissa * 10n ** BigInt(a.exponent - e), b.mantissa * 10n ** BigInt(b.exponent - e), e];
};
export const compare = (a, b) => {
  const [x, y] = align(a, b);
  return x < y ? -1 : x > y ? 1 : 0;
};
export const plus = (a, b) => {
  const [x, y, e] = align(a, b);
  return make(x + y, e);
};
export const times = (a, b) => make(a.mantissa * b.mantissa, a.exponent + b.exponent);
export const negate = a => make(-a.mantissa, a.exponent);
const magnitude = a => make(a.mantissa < 0n ? -a.mantissa : a.mantissa, a.exponent);
/** What an order of numbers looks at: sign, exponent, 16 digits, and whether there are more. */
export function image(a) {
  if (!a.mantissa) return 0n;
  const digits = String(a.mantissa < 0n ? -a.mantissa : a.mantissa), exponent = BigInt(a.exponent + digits.length + 100000);
  const found = ((exponent * 10n ** 16n) + BigInt(digits.slice(0, 16).padEnd(16, '0'))) * 2n + (/[1-9]/.test(digits.slice(16)) ? 1n : 0n);
  return a.mantissa < 0n ? -found : found;
}
/** Half a unit of the last written digit: what "5.40" leaves open to either side. */
export const halfUnit = a => make(5n, a.exponent - 1);
export const tenth = a => make(magnitude(a).mantissa, a.exponent - 1);
export const larger = (a, b) => (compare(a, b) >= 0 ? a : b);

/** JSON text of a resource, decimals as they were written. */
export const json = value => JSON.stringify(value).replace(/"@number:([^"]*)"/g, '$1');

/** JSON with its numbers as Decimals. */
export const parse = text => JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, w => (w[0] === '"' ? w : `"@number:${w}"`)),
  (_, value) => (typeof value === 'string' && value.startsWith('@number:') ? new Decimal(value.slice(8)) : value));

/** A date or time as { low, high }: closed interval of microseconds. Without a zone it is UTC. */
export function moment(text) {
  const m = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/.exec(text);
  if (!m) return null;
  const [, year, month, day, hour, minute, second, fraction, zone] = m;
  const at = (y, mo, d) => {
    const date = new Date(0);
    date.setUTCFullYear(y, mo, d);
    return BigInt(date.getTime()) * 1000n;
  };
  const y = Number(year), mo = month ? Number(month) - 1 : 0, d = day ? Number(day) : 1;
  let low = at(y, mo, d), length;
  if (!month) length = at(y + 1, 0, 1) - low;
  else if (!day) length = at(y, mo + 1, 1) - low;
  else if (!hour) length = 86_400_000_000n;
  else {
    low += BigInt((Number(hour) * 60 + Number(minute)) * 60 + Number(second ?? 0)) * 1_000_000n;
    length = second ? 1_000_000n : 60_000_000n;
    if (fraction) {
      const digits = fraction.slice(0, 6);
      length = 10n ** BigInt(6 - digits.length);
      low += BigInt(digits) * length;
    }
    if (zone && zone !== 'Z') {
      const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
      low -= BigInt(zone[0] === '-' ? -minutes : minutes) * 60_000_000n;
    }
  }
  return { low, high: low + length - 1n };
}

/** Case, accents, punctuation and runs of blanks do not count (search.html#string). */
export const fold = text => [...text.normalize('NFKD')]
  .map(c => c.toUpperCase().toLowerCase()).join('').normalize('NFKD')
  .replace(/\p{M}/gu, '')
  .replace(/[\s\p{Z}]+/gu, ' ')
  .replace(/[\p{P}\p{Cf}\p{Cc}]/gu, '')
  .replace(/ +/g, ' ').trim();
