// Random FHIRPath expressions over official examples: zdravo beside npm fhirpath. Differences that
// are judged (docs/conformance.md) are known by rules below; any other fails.
//
//   ZD_PROGRAM  the program        ZD_SEED, ZD_ROUNDS  more of it
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';

const program = process.env.ZD_PROGRAM;
const rounds = Number(process.env.ZD_ROUNDS ?? 400);
let state = Number(process.env.ZD_SEED ?? 20261122);
const dice = (n) => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return Math.floor(state / 4294967296 * n); };
const pick = (list) => list[dice(list.length)];

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules/hl7.fhir.r4.examples');
const files = ['Patient-example', 'Patient-f201', 'Observation-example', 'Observation-blood-pressure', 'Encounter-f203',
  'Condition-example', 'MedicationRequest-medrx0301', 'Questionnaire-bb', 'DiagnosticReport-101', 'CarePlan-example',
  'ValueSet-example-extensional', 'Practitioner-example', 'Location-1', 'Procedure-example', 'Immunization-example']
  .map((n) => join(folder, `${n}.json`)).filter(existsSync);

// ---- expressions ----

const kinds = { string: ['code', 'string', 'uri', 'id', 'markdown'], number: ['integer', 'decimal', 'positiveInt'] };
const isObject = (v) => v && typeof v === 'object' && !Array.isArray(v);

// A path that leads somewhere in this resource, and what is there.
function path(resource) {
  let at = resource, text = '';
  for (let depth = 0; depth < 4; depth++) {
    const names = Object.keys(at).filter((k) => k !== 'resourceType' && !k.startsWith('_') && !/^(value|effective|onset|deceased|multipleBirth|medication|performed|occurrence|reported|abatement|asNeeded|dose|rate|timing|scheduled|product|allowed|answer|initial)[A-Z]/.test(k) && k !== 'contained' && k !== 'div');
    if (!names.length) break;
    const name = pick(names);
    text += (text ? '.' : '') + (['contains', 'is', 'as', 'div', 'mod', 'in', 'and', 'or'].includes(name) ? `\`${name}\`` : name);
    at = at[name];
    if (Array.isArray(at)) at = pick(at);
    if (!isObject(at) || dice(3) === 0) break;
  }
  return { text, at };
}
const literal = { string: () => `'${pick(['a', 'official', 'Peter', '1', '', 'x y', 'Ä', '1.50', '2012-04'])}'`,
  integer: () => String(dice(12)), decimal: () => `${dice(20)}.${pick(['0', '5', '25', '50', '125'])}`,
  boolean: () => pick(['true', 'false']), date: () => `@${pick(['2012', '2012-04', '2012-04-15', '1974-12-25', '2020-02-29'])}`,
  dateTime: () => `@${pick(['2012-04-15T10:00:00', '2012-04-15T10:00:00Z', '2012-04-15T12:30:15.5+02:00', '2012-04T', '2020-02-29T23:59:59.999Z'])}`,
  time: () => `@T${pick(['10:30', '10:30:15', '23:59:59.999', '08'])}`,
  quantity: () => `${dice(9) + 1}${pick([' days', ' months', ' years', " 'mg'", " 'g'", " 'cm'", ' hours', ' weeks'])}` };
const types = Object.keys(literal);

const unary = ['count()', 'exists()', 'empty()', 'first()', 'last()', 'tail()', 'distinct()', 'isDistinct()', 'skip(1)', 'take(2)',
  'not()', 'toString()', 'toInteger()', 'toDecimal()', 'toBoolean()', 'convertsToInteger()', 'convertsToDecimal()', 'convertsToString()',
  'convertsToBoolean()', 'convertsToDate()', 'toDate()', 'toDateTime()', 'convertsToDateTime()', 'toQuantity()', 'hasValue()',
  'children().count()', 'descendants().count()', 'type().name', 'length()', 'upper()', 'lower()', 'toChars()', 'trim()',
  'abs()', 'ceiling()', 'floor()', 'round(1)', 'sqrt()', 'truncate()', 'allTrue()', 'anyFalse()', 'single()', 'select($this)',
  'where($this.exists())', 'all($this.exists())', 'repeat(extension)', 'extension(\'urn:x\')', 'ofType(string)', 'is(string)',
  "indexOf('e')", 'substring(1)', 'substring(1, 2)', "startsWith('P')", "endsWith('r')", "contains('e')", "replace('e', 'x')",
  "matches('^[A-Za-z]+$')", "replaceMatches('[aeiou]', '_')", "split('e').join('|')", 'aggregate($total + 1, 0)', "encode('base64')",
  'lowBoundary()', 'precision()', 'exp()', 'ln()', 'power(2)', 'log(10)'];
const binary = ['=', '!=', '~', '!~', '<', '>', '<=', '>=', '+', '-', '*', '/', 'div', 'mod', '&', 'and', 'or', 'xor', 'implies', '|', 'in', 'contains'];

function term(resource, depth) {
  const way = dice(10);
  if (way < 4) return path(resource).text;
  if (way < 8) return literal[pick(types)]();
  if (way === 8) return `(${expression(resource, depth - 1)})`;
  return `(${literal[pick(types)]()} | ${literal[pick(types)]()})`;
}
function expression(resource, depth = 3) {
  let text = term(resource, depth);
  if (/^\d|^@/.test(text)) text = `(${text})`;
  for (let n = dice(3); n > 0; n--) {
    const way = dice(8);
    if (way < 6 || depth <= 0) text += `.${pick(unary)}`;
    else if (way === 6) text += `.where(${expression(resource, 0)})`;
    else text += `.select(${expression(resource, 0)})`;
  }
  if (depth > 0 && dice(2)) text = `${text} ${pick(binary)} ${term(resource, depth - 1)}`;
  return text;
}

// ---- both ----

const run = (args) => new Promise((resolve) => {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '', err = '';
  child.stdout.on('data', (d) => { out += d; });
  child.stderr.on('data', (d) => { err += d; });
  child.on('close', (code) => resolve({ code, out, err }));
});
const number = new Set(['Integer', 'Decimal', 'Long', 'integer', 'decimal', 'positiveInt', 'unsignedInt']);
async function ours(expression, file) {
  const { code, out, err } = await run(['fhirpath', expression, file, '--json', '--lenient']);
  assert.ok(code === 0 || code === 3, `${expression}: exit ${code} ${err}`);
  if (code) return { error: err.trim() };
  return { values: out.trim().split('\n').filter(Boolean).map((line) => {
    const { type, value } = JSON.parse(line), name = type.split('.').slice(1).join('.');
    if (value === undefined) return null;
    return number.has(name) ? Number(value) : name === 'Boolean' || name === 'boolean' ? value === 'true' : value;
  }) };
}
const plain = (v) => (v === null || v === undefined ? null : typeof v === 'bigint' ? Number(v)
  : typeof v === 'object' && typeof v.asStr === 'string' ? v.asStr
    : typeof v === 'object' && v.constructor?.name.startsWith('FP_') ? v.toString() : v);
function theirs(expression, resource) {
  try {
    const out = fhirpath.evaluate(resource, expression, {}, r4, { resolveInternalTypes: true, traceFn: () => {} });
    return { values: out.map(plain) };
  } catch (e) { return { error: String(e.message ?? e).slice(0, 160) }; }
}

// ---- judging ----

const close = (a, b) => a === b || (typeof a === 'number' && typeof b === 'number' && Math.abs(a - b) <= 1e-7 * Math.max(1, Math.abs(a)));
const text = (v) => (isObject(v) ? JSON.stringify(Object.entries(v).sort()) : v);
const same = (a, b) => {
  if (a.error || b.error) return Boolean(a.error) === Boolean(b.error);
  return a.values.length === b.values.length && a.values.every((v, i) => close(v, b.values[i]) || text(v) === text(b.values[i]));
};

// Known differences: what each is, and how it shows. docs/conformance.md says who is right and why.
const judged = [
  { name: 'types are checked before anything runs',
    fits: (e, a) => /is not a function of what|does not take|have a sign|there is no|such a part|a \w+ is asked, there is a/.test(a.error ?? '') },
  { name: 'several items where one is asked are an error',
    fits: (e, a) => /one item is asked|one truth is asked|asks for one item|single: there are/.test(a.error ?? '') },
  { name: 'what has no order is an error', fits: (e, a, b) => /have no order/.test(a.error ?? '') },
  { name: 'npm does not read @2012-04T', fits: (e, a, b) => /@[\d-]+T(?!\d)/.test(e) && /line: 1/.test(b.error ?? '') },
  { name: 'npm lacks the function', fits: (e, a, b) => /Not implemented/.test(b.error ?? '') },
  { name: 'npm fails on children of values', fits: (e, a, b) => /children|descendants|extension/.test(e) && /Cannot read prop/.test(b.error ?? '') },
  { name: 'quotients have 28 digits', fits: (e, a, b) => / \/ /.test(e) && !a.error && !b.error && a.values.join().slice(0, 12) === b.values.join().slice(0, 12) },
  { name: 'only whole texts and booleans become Integers', fits: (e, a, b) => /toInteger|convertsToInteger/.test(e) && !a.error && !b.error },
  { name: '~ and !~ know {}', fits: (e, a, b) => /!?~/.test(e) && !a.error && !b.error && b.values.length === 0 },
  { name: '{} !~ x is true', fits: (e, a, b) => /!~/.test(e) && !a.error && !b.error },
  { name: 'a number is a quantity of unit 1', fits: (e, a, b) => /'(mg|g|cm)'|days|months|years|hours|weeks/.test(e) && / (=|!=) /.test(e) && !a.error && !b.error && a.values.length === 0 },
  { name: 'only values become texts', fits: (e, a, b) => /toString|convertsToString/.test(e) && !a.error && !b.error },
  { name: 'dates become dates', fits: (e, a, b) => /toDate|toDateTime|convertsToDate|convertsToDateTime/.test(e) && !a.error },
  { name: 'a quantity of unit 1 and another have no order: empty', fits: (e, a, b) => /InequalityExpression.*FP_Quantity|FP_Quantity.*Number/.test(b.error ?? '') && a.values?.length === 0 },
  { name: 'an operand that cannot matter is not looked at', fits: (e, a, b) => / (and|or|implies) /.test(e) && /Unexpected collection|contains multiple items/.test(b.error ?? '') },
  { name: 'numbers of npm have no zeros at their end', fits: (e, a, b) => /toQuantity/.test(e) && !a.error && !b.error && a.values.length === b.values.length && a.values.every((v, i) => parseFloat(v) === parseFloat(b.values[i])) },
  { name: 'div goes towards zero', fits: (e, a, b) => / div /.test(e) && !a.error && !b.error },
  { name: 'ofType gives primitives of the type itself', fits: (e, a, b) => /ofType\(string\)/.test(e) && !a.error },
  { name: 'what has no logarithm is empty', fits: (e, a, b) => /ln\(\)|log\(/.test(e) && !a.error && !b.error },
  { name: 'moments are no numbers', fits: (e, a, b) => /toDecimal|convertsToDecimal/.test(e) && !a.error && !b.error },
  { name: 'one item that is no truth counts as true', fits: (e, a, b) => /where\(|all\(/.test(e) && !a.error && !b.error },
  { name: 'literals have the type they are written with', fits: (e, a, b) => /type\(\)/.test(e) && !a.error && !b.error },
  { name: 'moments with and without a zone are not known to be equal', fits: (e, a, b) => /\|/.test(e) && /@[\d-]+T\d\d/.test(e) && !a.error && !b.error },
  { name: '{} goes with every operand', fits: (e, a, b) => /Expected number/.test(b.error ?? '') && a.values?.length === 0 },
];

test('random expressions give what npm fhirpath gives', { skip: !program }, async () => {
  const counts = new Map();
  const bad = [];
  let agreed = 0, both = 0;
  for (let i = 0; i < rounds; i++) {
    const file = pick(files), resource = JSON.parse(readFileSync(file, 'utf8'));
    const e = expression(resource);
    const a = await ours(e, file), b = theirs(e, resource);
    if (same(a, b)) { agreed++; if (a.error) both++; continue; }
    const rule = judged.find((j) => j.fits(e, a, b));
    if (rule) counts.set(rule.name, (counts.get(rule.name) ?? 0) + 1);
    else bad.push(`${file.split('/').pop()}: ${e}\n    ours   ${a.error ?? JSON.stringify(a.values).slice(0, 200)}\n    theirs ${b.error ?? JSON.stringify(b.values).slice(0, 200)}`);
  }
  console.log(`${rounds} expressions: ${agreed} agreed (${both} refused by both); judged: ${[...counts].map(([k, v]) => `${k} ${v}`).join(', ') || 'none'}`);
  assert.equal(bad.length, 0, `\n${bad.slice(0, Number(process.env.ZD_SHOW ?? 15)).join('\n')}\n${bad.length} differ`);
});
