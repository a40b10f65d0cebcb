// Values of a query against facts, by the tables of R4 search.html.
import { Decimal, compare, fold, halfUnit, larger, moment, negate, plus, tenth } from './exact.mjs';
import { canonical, literal, targetType } from './facts.mjs';

/** What cannot be answered: the server must say so with a 400, too. */
export class Refusal extends Error {
  constructor(message, code = 'invalid') {
    super(message);
    this.code = code;
  }
}

/** Splits at an unescaped `by`. */
export function split(text, by) {
  const parts = [''];
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') parts[parts.length - 1] += text[i] + (text[++i] ?? '');
    else if (text[i] === by) parts.push('');
    else parts[parts.length - 1] += text[i];
  }
  return parts;
}

export const unescape = text => text.replace(/\\(.?)/g, (_, c) => {
  if (!',|$\\'.includes(c) || !c) throw new Refusal(`escape in ${text}`);
  return c;
});

const prefixes = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'];
function takePrefix(text) {
  if (!/^[a-z]{2}/.test(text)) return ['eq', text];
  if (!prefixes.includes(text.slice(0, 2))) throw new Refusal(`prefix of ${text}`);
  return [text.slice(0, 2), text.slice(2)];
}

// Bounds of facts: an absent one lies beyond everything.
const lowIs = (fact, order, value) => order(fact.low === undefined ? -1 : value.cmp(fact.low));
const highIs = (fact, order, value) => order(fact.high === undefined ? 1 : value.cmp(fact.high));

function ordered(prefix, s, exact) {
  // s: { low, high } closed, or with `open` the high end excluded; exact: the value itself.
  const at = v => ({ cmp: b => (typeof b === 'bigint' ? (b < v ? -1 : b > v ? 1 : 0) : compare(b, v)) });
  const low = at(s.low), high = at(s.high), from = at(exact?.low ?? s.low), to = at(exact?.high ?? s.high);
  const contained = f => lowIs(f, c => c >= 0, low) && highIs(f, c => (s.open ? c < 0 : c <= 0), high);
  const same = f => lowIs(f, c => c >= 0, from) && highIs(f, c => c <= 0, to);
  const above = f => highIs(f, c => c > 0, to), below = f => lowIs(f, c => c < 0, from);
  return {
    eq: contained, ne: f => !contained(f),
    gt: above, lt: below, ge: f => above(f) || same(f), le: f => below(f) || same(f),
    sa: f => lowIs(f, c => c > 0, to), eb: f => highIs(f, c => c < 0, from),
    ap: f => lowIs(f, c => c <= 0, high) && highIs(f, c => c >= 0, low),
  }[prefix];
}

function number(text) {
  const [prefix, digits] = takePrefix(text);
  let n;
  try { n = new Decimal(digits); } catch { throw new Refusal(`not a number: ${text}`); }
  const by = prefix === 'ap' ? larger(halfUnit(n), tenth(n)) : halfUnit(n);
  const around = { low: plus(n, negate(by)), high: plus(n, by), open: prefix !== 'ap' };
  return ordered(prefix, around, { low: n, high: n });
}

function date(text) {
  const [prefix, rest] = takePrefix(text);
  const m = moment(rest);
  if (!m) throw new Refusal(`not a date: ${text}`);
  if (prefix === 'ap') {
    const now = BigInt(Date.now()) * 1000n;
    const far = now > m.high ? now - m.high : m.low > now ? m.low - now : 0n;
    return ordered('ap', { low: m.low - far / 10n, high: m.high + far / 10n });
  }
  return ordered(prefix, m);
}

function quantity(text, context) {
  const [value, ...unit] = split(text, '|');
  const fits = number(value);
  if (!unit.length) return fits;
  if (unit.length !== 2) throw new Refusal(`not a quantity: ${text}`);
  const [system, code] = unit.map(unescape);
  if (system && !code) throw new Refusal(`a unit system without code: ${text}`);
  if (!code) return fits;
  if (system) return context.units?.(value, system, code, ordered, takePrefix) ?? (f => fits(f) && f.code === code && f.system === system);
  return f => fits(f) && (f.code === code || f.unit === code);
}

export function token(text) {
  const parts = split(text, '|');
  if (parts.length > 2) throw new Refusal(`not a token: ${text}`);
  const [first, second] = parts.map(unescape);
  if (second === undefined) return f => f.code === first;
  if (!first && !second) throw new Refusal(`an empty token: ${text}`);
  if (!second) return f => f.system === first && !f.words;
  if (!first) return f => f.code === second && f.system === undefined;
  return f => f.code === second && f.system === first;
}

function string(text) {
  const folded = fold(unescape(text));
  if (!folded) throw new Refusal(`nothing to look for: ${text}`);
  return f => f.folded.startsWith(folded);
}

function uri(text) {
  const asked = unescape(text);
  return f => f.whole === asked || f.url === asked;
}

function reference(text, context) {
  const asked = literal(unescape(text), context.base);
  if (asked.id) return f => f.type === asked.type && f.id === asked.id;
  if (!/[/:|]/.test(asked.url) && asked.url.length <= 64) {
    const targets = context.param.targets;
    return f => f.id === asked.url && (!targets.length || targets.includes('Resource') || targets.includes(f.type));
  }
  const { url, version } = canonical(asked.url, true);
  return f => f.url !== undefined && f.url === url && (version === undefined || f.version === version);
}

const earth = 6371.0088, metres = { km: 1000, m: 1, cm: 0.01, '[mi_i]': 1609.344, '[ft_i]': 0.3048 };

function near(text) {
  const [lat, lon, distance = '50', unit = 'km'] = split(text, '|').map(unescape);
  const limit = Number(distance) * (metres[unit] ?? NaN) / 1000;
  if (![lat, lon, limit].every(v => Number.isFinite(Number(v)))) throw new Refusal(`not a place: ${text}`);
  const rad = d => d * Math.PI / 180;
  return f => {
    const a = Math.sin(rad(f.lat - lat) / 2) ** 2
      + Math.cos(rad(f.lat)) * Math.cos(rad(lat)) * Math.sin(rad(f.lon - lon) / 2) ** 2;
    return 2 * earth * Math.asin(Math.min(1, Math.sqrt(a))) <= limit;
  };
}

function composite(text, context) {
  const parts = split(text, '$'), components = context.param.components;
  if (parts.length !== components.length || parts.some(p => !p)) throw new Refusal(`not a composite: ${text}`);
  const tests = parts.map((p, k) => single(p, { ...context, param: components[k] }));
  return element => tests.every((fits, k) => element[k].some(fits));
}

const types = { number, date, quantity, token, string, uri, reference, composite, special: near };
const single = (text, context) => types[context.param.type](text, context);

// ---- modifiers: each gives a test of one fact ----

const modifiers = {
  exact: { string: text => { const asked = unescape(text); return f => f.text === asked; } },
  contains: { string: text => {
    const folded = fold(unescape(text));
    if (!folded) throw new Refusal(`nothing to look for: ${text}`);
    return f => f.folded.includes(folded);
  } },
  text: { token: text => {
    const folded = fold(unescape(text));
    if (!folded) throw new Refusal(`nothing to look for: ${text}`);
    return f => f.words?.includes(folded) ?? false;
  } },
  'of-type': { token: text => {
    const parts = split(text, '|').map(unescape);
    if (parts.length !== 3 || parts.some(p => !p)) throw new Refusal(`not system|code|value: ${text}`);
    const [system, code, value] = parts;
    return f => f.code === value && (f.kind ?? []).some(k => k.system === system && k.code === code);
  } },
  identifier: { reference: text => { const fits = token(text); return f => Boolean(f.identifier) && fits(f.identifier); } },
  above: { uri: text => {
    const asked = url(text);
    return f => asked === f.url || asked.startsWith(f.url.endsWith('/') ? f.url : `${f.url}/`);
  } },
  below: { uri: text => {
    const asked = url(text);
    return f => asked === f.url || f.url.startsWith(asked.endsWith('/') ? asked : `${asked}/`);
  } },
};

function url(text) {
  const asked = unescape(text);
  if (!asked.includes('://')) throw new Refusal(`not a URL: ${text}`);
  return asked;
}

/** (facts, resource) => boolean for `code:modifier=text`. context: { param, base, codes, units, isType } */
export function clause(text, modifier, context) {
  const { param } = context;
  const values = split(text, ',');
  if (values.some(v => v === '')) throw new Refusal(`an empty value: ${text}`);
  const any = tests => facts => facts.some(f => tests.some(fits => fits(f)));
  if (modifier === undefined) return any(values.map(v => single(v, context)));
  if (modifier === 'missing') {
    if (!/^(true|false)$/.test(text)) throw new Refusal(':missing is true or false');
    return (facts, there) => there() !== (text === 'true');
  }
  if (modifier === 'not' && param.type === 'token') {
    const is = any(values.map(v => token(v)));
    return facts => !is(facts);
  }
  if ((modifier === 'in' || modifier === 'not-in') && param.type === 'token') {
    const sets = values.map(v => context.codes.expand(unescape(v)));
    const is = any(sets.map(set => f => f.code !== undefined && set.has(`${f.system ?? ''}|${f.code}`)));
    return facts => is(facts) === (modifier === 'in');
  }
  if ((modifier === 'above' || modifier === 'below') && param.type === 'token') {
    const sets = values.map(v => context.codes.closure(modifier, v));
    return any(sets.map(set => f => f.code !== undefined && set.has(`${f.system ?? ''}|${f.code}`)));
  }
  if ((modifier === 'above' || modifier === 'below') && param.type === 'reference') {
    const sets = values.map(v => context.parts(modifier, literal(unescape(v), context.base)));
    return any(sets.map(set => f => f.id && set.has(`${f.type}/${f.id}`)));
  }
  if (param.type === 'reference' && context.isType(modifier)) {
    return any(values.map(v => single(`${modifier}/${v}`, context)));
  }
  const make = modifiers[modifier]?.[param.type];
  if (!make || (modifier === 'identifier' && !param.referring)) throw new Refusal(`${param.code}:${modifier}`, 'not-supported');
  return any(values.map(v => make(v)));
}

export { targetType };
