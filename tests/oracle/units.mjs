// Quantities in whatever unit they were written: UCUM read anew, in exact fractions, from the tables of
// the package that the program's are compiled from. Terms go from the left, as UCUM says.
import { units as table } from '../../node_modules/@atomic-ehr/ucum/dist/units.js';
import { prefixes } from '../../node_modules/@atomic-ehr/ucum/dist/prefixes.js';
import { Decimal, halfUnit, larger, negate, plus, tenth, times } from './exact.mjs';

const one = new Decimal('1'), zero = new Decimal('0');
const ucum = 'http://unitsofmeasure.org';
const temperatures = { Cel: ['273.15', '1', '1'], '[degF]': ['459.67', '5', '9'], '[degRe]': ['218.52', '5', '4'] };
const whole = new Set(["[hnsf'U]", '[HPF]', '[NTU]', '[FNU]', 'bit']); // one, and not arbitrary

/** { n, d, powers }: n / d of a product of base and arbitrary units; null when it is none. */
const product = (a, b, sign) => {
  const powers = { ...a.powers };
  for (const [unit, power] of Object.entries(b.powers)) powers[unit] = (powers[unit] ?? 0) + sign * power;
  return sign > 0 ? { n: times(a.n, b.n), d: times(a.d, b.d), powers } : { n: times(a.n, b.d), d: times(a.d, b.n), powers };
};
const number = n => ({ n, d: one, powers: {} });

function atom(code) {
  const u = Object.hasOwn(table, code) ? table[code] : undefined;
  if (!u || u.isSpecial) return null;
  if (u.isBaseUnit || (u.value.Unit === '1' && u.value.value === '1' && !whole.has(code))) return { n: one, d: one, powers: { [code]: 1 } };
  const unit = term(u.value.Unit);
  return unit && product(number(new Decimal(u.value.value)), unit, 1);
}

function symbol(text) {
  const found = atom(text);
  if (found) return found;
  for (const [prefix, { value }] of Object.entries(prefixes)) {
    const rest = text.slice(prefix.length);
    if (!text.startsWith(prefix) || !Object.hasOwn(table, rest) || !table[rest].isMetric) continue;
    const unit = atom(rest);
    if (unit) return product(number(new Decimal(String(value))), unit, 1);
  }
  return null;
}

function component(text) {
  const [, digits] = /^([0-9]+)(?:\{[^{}]*\})?$/.exec(text) ?? [];
  if (digits) return number(new Decimal(digits));
  if (/^\{[^{}]*\}$/.test(text)) return number(one);
  if (/^\(.*\)$/.test(text)) return term(text.slice(1, -1));
  const [, name, power = '1'] = /^(10[*^]|(?:\[[^\]]*\]|[^0-9+\-[\]{}()])+)([+-]?\d+)?(?:\{[^{}]*\})?$/.exec(text) ?? [];
  const unit = name && symbol(name);
  if (!unit) return null;
  let all = number(one);
  for (let i = 0; i < Math.abs(Number(power)); i++) all = product(all, unit, Math.sign(Number(power)));
  return all;
}

function term(text) {
  let all = number(one), sign = 1, start = 0, depth = 0;
  if (text[0] === '/') [sign, start] = [-1, 1];
  for (let i = start; i <= text.length; i++) {
    depth += '([{'.includes(text[i] ?? ' ') ? 1 : ')]}'.includes(text[i] ?? ' ') ? -1 : 0;
    if (i < text.length && (depth || !'./'.includes(text[i]))) continue;
    const next = component(text.slice(start, i));
    if (!next) return null;
    all = product(all, next, sign);
    [sign, start] = [text[i] === '/' ? -1 : 1, i + 1];
  }
  return all;
}

const known = new Map();
/** { unit, n, d, offset }: value units are (value + offset) n / d of `unit`; null: none such. */
export function canonical(code) {
  if (!known.has(code)) known.set(code, read(code));
  return known.get(code);
}
function read(code) {
  if (Object.hasOwn(temperatures, code)) {
    const [offset, n, d] = temperatures[code].map(t => new Decimal(t));
    return { unit: 'K1', n, d, offset };
  }
  const found = term(code);
  if (!found) return null;
  const powers = Object.entries(found.powers).filter(([, p]) => p).map(([u, p]) => `${u}${p}`).sort();
  return { unit: powers.join('.'), n: found.n, d: found.d, offset: zero };
}

/** What match.mjs asks: a test of facts, or undefined when the unit is to be found as it is written. */
export function inAnyUnit(value, system, code, ordered, takePrefix) {
  const asked = system === ucum && canonical(code);
  if (!asked) return undefined;
  const [prefix, digits] = takePrefix(value), n = new Decimal(digits);
  const by = prefix === 'ap' ? larger(halfUnit(n), tenth(n)) : halfUnit(n);
  return f => {
    const own = f.system === ucum && f.code !== undefined && canonical(f.code);
    if (!own || own.unit !== asked.unit) return false;
    const mine = v => times(times(plus(v, own.offset), own.n), asked.d), theirs = v => times(times(plus(v, asked.offset), asked.n), own.d);
    const around = { low: theirs(plus(n, negate(by))), high: theirs(plus(n, by)), open: prefix !== 'ap' };
    return ordered(prefix, around, { low: theirs(n), high: theirs(n) })({ low: f.low && mine(f.low), high: f.high && mine(f.high) });
  };
}
