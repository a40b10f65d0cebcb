// Quantities in whatever unit they were written, over HTTP: what was measured in one unit is found in another,
// exactly; what UCUM does not know matches as it was written.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, pages, start } from './server.mjs';

const ucum = 'http://unitsofmeasure.org';
let server, api;
const measured = [
  ['glucose', '5.4', 'mmol/L'], ['glucose-micro', '5400', 'umol/L'], ['glucose-high', '5.46', 'mmol/L'],
  ['weight', '70', 'kg'], ['weight-pound', '154.3235835294143', '[lb_av]'], ['pound', '1', '[lb_av]'],
  ['protein', '7.2', 'g/dL'], ['protein-litre', '72', 'g/L'], ['protein-mg', '7200', 'mg/dL'],
  ['fever', '38.5', 'Cel'], ['fever-f', '101.3', '[degF]'], ['well-f', '98.6', '[degF]'],
  ['pulse', '60', '/min'], ['pulse-beats', '60', '{beats}/min'], ['hertz', '1', 'Hz'],
  ['acid', '7.4', '[pH]'], ['dose', '1000', '[IU]'], ['dose-k', '1', 'k[IU]'], ['arbitrary', '1000', "[arb'U]"],
  ['slow', '61.9', 'mm/h'], ['rate', '62', 'mm/h'], ['rate-cm', '6.2', 'cm/h'], ['fast', '62.1', 'mm/h'], ['fast-m', '0.0621', 'm/h'],
  ['unknown', '5.4', 'mmol/l/'], ['exact', '0.45359237', 'kg'],
];
const found = async (query, type = 'Observation') => (await pages(server, `${type}?${query}&_count=100`)).entries.map(e => e.resource.id).sort();
const quantity = (value, code) => `value-quantity=${encodeURIComponent(`${value}|${ucum}|${code}`)}`;

before(async () => {
  server = await start();
  api = client(server);
  for (const [id, value, code] of measured) {
    const text = JSON.stringify({ resourceType: 'Observation', id, status: 'final', code: { coding: [{ system: 'urn:x', code: id.split('-')[0] }] },
      valueQuantity: { value: 0, unit: code, system: ucum, code } }).replace('"value":0', `"value":${value}`);
    const made = await fetch(`${server.base}/Observation/${id}`, { method: 'PUT', body: text, headers: { 'content-type': 'application/fhir+json' } });
    assert.ok(made.status < 300, await made.text());
  }
});
after(() => server.remove());

const cases = [
  ['5.4', 'mmol/L', 'glucose glucose-micro'], ['5400', 'umol/L', 'glucose glucose-micro'], ['5.5', 'mmol/L', 'glucose-high'],
  ['gt5400', 'umol/L', 'glucose-high'], ['0.0054', 'mol/L', 'glucose glucose-micro'],
  ['70.0', 'kg', 'weight weight-pound'], ['70000', 'g', 'weight weight-pound'], ['154.32358', '[lb_av]', 'weight weight-pound'],
  ['ge0.45359237', 'kg', 'exact pound weight weight-pound'], ['gt0.45359237', 'kg', 'weight weight-pound'],
  ['lt1', '[lb_av]', ''], ['le1', '[lb_av]', 'exact pound'],
  ['72', 'g/L', 'protein protein-litre protein-mg'], ['7.2', 'g/dL', 'protein protein-litre protein-mg'],
  ['38.5', 'Cel', 'fever fever-f'], ['101.3', '[degF]', 'fever fever-f'], ['311.65', 'K', 'fever fever-f'],
  ['ge38.5', 'Cel', 'fever fever-f'], ['gt38.5', 'Cel', ''], ['lt38.5', 'Cel', 'well-f'], ['37', 'Cel', 'well-f'],
  ['60', '/min', 'hertz pulse pulse-beats'], ['1', 'Hz', 'hertz pulse pulse-beats'],
  ['7.4', '[pH]', 'acid'], ['40', 'nmol/L', ''],
  ['1000', '[IU]', 'dose dose-k'], ['1', 'k[IU]', 'dose dose-k'], ['1000', "[arb'U]", 'arbitrary'],
  ['5.4', 'mmol/l/', 'unknown'], ['1', '[smoot]', ''],
  // 62 mm/h in metres a second has no last digit: what begins with the same digits is told apart all the same.
  ...[['62', 'mm/h'], ['6.2', 'cm/h'], ['0.062', 'm/h']].flatMap(([value, code]) => [
    [`gt${value}`, code, 'fast fast-m'], [`ge${value}`, code, 'fast fast-m rate rate-cm'], [`sa${value}`, code, 'fast fast-m'],
    [`lt${value}`, code, 'slow'], [`le${value}`, code, 'rate rate-cm slow'], [`eb${value}`, code, 'slow']]),
];
test('a quantity is found in any unit of its kind, and in no other', async () => {
  for (const [value, code, ids] of cases)
    assert.deepEqual(await found(quantity(value, code)), ids.split(' ').filter(Boolean), `${value} ${code}`);
});

test('without a unit, or with one but no system, it is the number that was written', async () => {
  assert.deepEqual(await found('value-quantity=5.4'), ['glucose', 'unknown']);
  assert.deepEqual(await found('value-quantity=5400'), ['glucose-micro']);
  assert.deepEqual(await found('value-quantity=5.4||mmol/L'), ['glucose']);
  assert.deepEqual(await found('value-quantity=38.5||Cel'), ['fever']);
});

test('what has too many digits in another unit is refused, and stored as it is', async () => {
  const refused = await api.get(`Observation?${quantity('gt1e5000', 'Cel')}`);
  assert.equal(refused.status, 400, refused.text);
  assert.match(refused.text, /too many digits/);
  const text = JSON.stringify({ resourceType: 'Observation', id: 'hot', status: 'final', code: { text: 'x' },
    valueQuantity: { value: 0, system: ucum, code: 'Cel' } }).replace('"value":0', '"value":1e5000');
  const made = await fetch(`${server.base}/Observation/hot`, { method: 'PUT', body: text, headers: { 'content-type': 'application/fhir+json' } });
  assert.equal(made.status, 201, await made.text());
  assert.deepEqual(await found('value-quantity=1e5000'), ['hot']);
  assert.deepEqual(await found(quantity('gt38', 'Cel')), ['fever', 'fever-f']);
});

test('composites, filters and counts ask in any unit too', async () => {
  assert.deepEqual(await found(`code-value-quantity=${encodeURIComponent(`urn:x|glucose$5400|${ucum}|umol/L`)}`), ['glucose', 'glucose-micro']);
  assert.deepEqual(await found(`_filter=${encodeURIComponent(`value-quantity gt 38|${ucum}|Cel`)}`), ['fever', 'fever-f']);
  const count = await api.get(`Observation?${quantity('60', '/min')}&_summary=count`);
  assert.equal(count.body.total, 3);
});
