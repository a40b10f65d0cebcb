// Modifiers over HTTP: from a query to an answer, with value sets that are stored and change, and paging that keeps to
// the state of its first page. What each modifier finds is tested in src/search/language/modifier_test.c.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, pages, start } from './server.mjs';

let server, api;
const system = 'http://example.org/animals';
const put = async resource => {
  const made = await api.put(`${resource.resourceType}/${resource.id}`, resource);
  assert.ok(made.status < 300, made.text);
};
const found = async path => (await pages(server, path)).entries.map(e => e.resource.id);
const refused = async (path, code) => {
  const answer = await api.get(path);
  assert.equal(answer.status, 400, answer.text);
  assert.equal(answer.body.issue[0].code, code, answer.text);
};
const set = (...codes) => ({
  resourceType: 'ValueSet', id: 'pets', url: 'http://example.org/pets', status: 'active',
  compose: { include: [{ system, concept: codes.map(code => ({ code })) }] },
});
const condition = (id, code) => ({
  resourceType: 'Condition', id, subject: { reference: 'Patient/1' },
  ...(code ? { code: { coding: [{ system, code, display: `A ${code}` }] } } : {}),
});

before(async () => {
  server = await start();
  api = client(server);
  await put({
    resourceType: 'CodeSystem', id: 'animals', url: system, status: 'active', content: 'complete',
    concept: [{ code: 'animal', concept: [{ code: 'dog', concept: [{ code: 'husky' }] }, { code: 'cat' }] }],
  });
  await put(set('dog', 'cat'));
  for (const code of ['animal', 'dog', 'husky', 'cat']) await put(condition(code, code));
  await put(condition('none'));
  await put({ resourceType: 'Location', id: 'moscow', position: { latitude: 55.7558, longitude: 37.6173 } });
  await put({ resourceType: 'Location', id: 'tula', position: { latitude: 54.1961, longitude: 37.6182 }, partOf: { reference: 'Location/moscow' } });
});
after(() => server.remove());

test('in, not-in, above, below', async () => {
  assert.deepEqual(await found('Condition?code:in=http://example.org/pets'), ['dog', 'cat']);
  assert.deepEqual(await found('Condition?code:not-in=http://example.org/pets'), ['animal', 'husky', 'none']);
  assert.deepEqual(await found(`Condition?code:below=${system}|dog`), ['dog', 'husky']);
  assert.deepEqual(await found(`Condition?code:above=${system}|dog`), ['animal', 'dog']);
  await refused('Condition?code:in=http://example.org/unknown', 'not-found');
  await refused('Condition?code:in=http://hl7.org/fhir/ValueSet/mimetypes', 'not-supported');
});

test('a value set that changes is seen at once, and not by pages of an earlier state', async () => {
  const first = await api.get('Condition?code:in=http://example.org/pets&_count=1');
  const next = first.body.link.find(l => l.relation === 'next').url;
  await put(set('husky'));
  assert.deepEqual(await found('Condition?code:in=http://example.org/pets'), ['husky']);
  const second = await (await fetch(next)).json();
  assert.deepEqual(second.entry.map(e => e.resource.id), ['cat']);
  await put(set('dog', 'cat'));
});

test('missing, not, text, near', async () => {
  assert.deepEqual(await found('Condition?code:missing=true'), ['none']);
  assert.deepEqual(await found('Condition?code:not=cat'), ['animal', 'dog', 'husky', 'none']);
  assert.deepEqual(await found('Condition?code:text=SKY'), ['husky']);
  assert.deepEqual(await found('Location?near=55.75|37.6|10|km'), ['moscow']);
  assert.deepEqual(await found('Location?near=55.75|37.6|200|km'), ['moscow', 'tula']);
  assert.deepEqual(await found('Location?partof:below=moscow'), ['tula']);
});

test('what R4 does not define is refused, also leniently', async () => {
  await refused('Condition?code:exact=1', 'value');
  const answer = await api.get('Condition?code:sounds-like=1', { headers: { prefer: 'handling=lenient' } });
  assert.equal(answer.status, 400, answer.text);
});
