// _include, _revinclude, compartments, links between pages, _maxresults: over HTTP. The closure of
// includes is tested against a drawn graph in src/search/plans/included_test.c.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, pages, patient, start } from './server.mjs';

let server, api;
const put = resource => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } });
const observation = (id, more) => ({
  resourceType: 'Observation', id, status: 'final', code: { coding: [{ system: 'urn:c', code: id[0] }] }, ...more,
});
const ids = (body, mode) => (body.entry ?? []).filter(e => !mode || e.search.mode === mode)
  .map(e => `${e.resource.resourceType}/${e.resource.id}`);
const link = (body, relation) => body.link.find(l => l.relation === relation)?.url;

before(async () => {
  server = await start();
  api = client(server);
  const entry = [
    put({ resourceType: 'Organization', id: 'top', name: 'Top' }),
    put({ resourceType: 'Organization', id: 'ward', name: 'Ward', partOf: { reference: 'Organization/top' } }),
    put(patient({ id: 'a', managingOrganization: { reference: 'Organization/ward' } })),
    put(patient({ id: 'b', managingOrganization: { reference: 'Organization/missing' } })),
    put({ resourceType: 'Encounter', id: 'e1', status: 'finished', class: { code: 'AMB' }, subject: { reference: 'Patient/a' } }),
    ...Array.from({ length: 25 }, (_, i) => put(observation(`x${i}`, {
      subject: { reference: i < 20 ? 'Patient/a' : 'Patient/b' },
      encounter: i < 3 ? { reference: 'Encounter/e1/_history/1' } : undefined,
      hasMember: i === 1 ? [{ reference: 'Observation/x0' }] : undefined,
    }))),
    put({ resourceType: 'Questionnaire', id: 'q1', url: 'http://forms.example/f', version: '1', status: 'active' }),
    put({ resourceType: 'Questionnaire', id: 'q2', url: 'http://forms.example/f', version: '2', status: 'active' }),
    put({ resourceType: 'QuestionnaireResponse', id: 'r1', status: 'completed', questionnaire: 'http://forms.example/f|2' }),
    put({ resourceType: 'QuestionnaireResponse', id: 'r2', status: 'completed', questionnaire: 'http://forms.example/f' }),
  ];
  const made = await api.post('', { resourceType: 'Bundle', type: 'transaction', entry });
  assert.equal(made.status, 200, made.text);
});
after(() => server.remove());

test('included resources are marked, come once, and are no matches', async () => {
  const { body } = await api.get('Observation?patient=a&_count=5&_include=Observation:subject&_include=Observation:encounter&_total=accurate');
  assert.equal(body.total, 20);
  assert.equal(ids(body, 'match').length, 5);
  assert.deepEqual(ids(body, 'include').sort(), ['Encounter/e1', 'Patient/a']);
  assert.ok(link(body, 'self').includes('_include=Observation:subject'));
  const all = await pages(server, 'Observation?_include=Observation:subject&_count=10');
  assert.equal(all.entries.filter(e => e.search.mode === 'match').length, 25);
});

test(':iterate follows what was included, also backwards', async () => {
  const one = (await api.get('Observation?_id=x4&_include=Observation:subject&_include:iterate=Patient:organization')).body;
  assert.deepEqual(ids(one, 'include').sort(), ['Organization/ward', 'Patient/a']);
  const deep = (await api.get('Observation?_id=x4&_include=Observation:subject&_include:recurse=Patient:organization&_include:iterate=Organization:partof')).body;
  assert.deepEqual(ids(deep, 'include').sort(), ['Organization/top', 'Organization/ward', 'Patient/a']);
  const back = (await api.get('Organization?_id=top&_revinclude=Organization:partof&_revinclude:iterate=Patient:organization')).body;
  assert.deepEqual(ids(back, 'include').sort(), ['Organization/ward', 'Patient/a']);
});

test('a target type keeps to it; * is every reference; a match is never included besides', async () => {
  assert.deepEqual(ids((await api.get('Observation?_id=x0&_include=Observation:subject:Group')).body, 'include'), []);
  assert.deepEqual(ids((await api.get('Observation?_id=x1&_include=*')).body, 'include').sort(), ['Encounter/e1', 'Observation/x0', 'Patient/a']);
  assert.deepEqual(ids((await api.get('Observation?_id=x0,x1&_include=Observation:has-member')).body, 'include'), []);
  const everything = (await api.get('Encounter?_id=e1&_revinclude=*')).body;
  assert.deepEqual(ids(everything, 'include').sort(), ['Observation/x0', 'Observation/x1', 'Observation/x2']);
  assert.deepEqual(ids((await api.get('Patient?_id=b&_include=Patient:organization')).body), ['Patient/b']); // it leads nowhere
});

test('canonicals are followed by url and version', async () => {
  const include = async id => ids((await api.get(`QuestionnaireResponse?_id=${id}&_include=QuestionnaireResponse:questionnaire`)).body, 'include').sort();
  assert.deepEqual(await include('r1'), ['Questionnaire/q2']);
  assert.deepEqual(await include('r2'), ['Questionnaire/q1', 'Questionnaire/q2']);
  const back = async id => ids((await api.get(`Questionnaire?_id=${id}&_revinclude=QuestionnaireResponse:questionnaire`)).body, 'include').sort();
  assert.deepEqual(await back('q1'), ['QuestionnaireResponse/r2']);
  assert.deepEqual(await back('q2'), ['QuestionnaireResponse/r1', 'QuestionnaireResponse/r2']);
});

test('what could never include anything is refused by name', async () => {
  for (const query of ['_include=Patient:organization', '_include=Observation:code', '_include=Observation:subject:Organization',
    '_include=Observation', '_revinclude=Patient:organization', '_include:deep=Observation:subject', '_include=Observation:subject&_summary=text']) {
    const answer = await api.get(`Observation?${query}`);
    assert.equal(answer.status, 400, query);
    assert.match(answer.body.issue[0].expression[0], /^http\._(include|revinclude|summary)/, query);
  }
});

test('compartments: what links to the resource, and nothing else', async () => {
  const inside = await pages(server, 'Patient/a/Observation?_count=7');
  assert.equal(inside.entries.length, 20);
  assert.equal((await api.get('Patient/b/Observation?_summary=count')).body.total, 5);
  assert.equal((await api.get('Encounter/e1/Observation?_summary=count')).body.total, 3);
  assert.equal((await api.get('Patient/a/Observation?code=urn:c|x&_id=x3')).body.total, 1);
  const everything = (await api.get('Patient/a/*?_count=100')).body;
  assert.equal(everything.total, 22); // the patient, the encounter, 20 observations
  assert.ok(link(everything, 'self').includes('/Patient/a/*?'));
  const posted = await api.post('Patient/a/Observation/_search', undefined, { raw: '_id=x3', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
  assert.equal(posted.body.total, 1);
  assert.equal((await api.head('Patient/a/Observation')).status, 200);
  assert.equal((await api.get('Patient/nobody/Observation')).status, 404);
  assert.equal((await api.get('Patient/a/Medication')).status, 404);
  assert.equal((await api.get('Organization/top/Patient')).status, 404);
});

test('links lead to the first, previous, next and last page of one state', async () => {
  const first = (await api.get('Observation?_count=10')).body;
  assert.equal(link(first, 'previous'), undefined);
  await api.put('Observation/y', observation('y'));
  const last = (await api.get(link(first, 'last'))).body;
  assert.equal(last.entry.length, 10);
  assert.equal(last.entry.at(-1).resource.id, 'x24');
  assert.equal(link(last, 'next'), undefined);
  const second = (await api.get(link(last, 'previous'))).body;
  assert.equal(second.entry.at(-1).resource.id, 'x14');
  assert.deepEqual(ids((await api.get(link(second, 'first'))).body), ids(first));
  await api.delete('Observation/y');
});

test('a page link of another search is refused, not answered', async () => {
  const next = link((await api.get('Observation?patient=a&_count=5')).body, 'next');
  assert.equal((await api.get(next.replace('patient=a', 'patient=b'))).status, 400);
  assert.equal((await api.get(next.replace('/Observation?', '/Encounter?'))).status, 400);
  assert.equal((await api.get(next.replace('/Observation?', '/Patient/a/Observation?'))).status, 400);
  assert.equal((await api.get(next.replace('_count=5', '_count=7'))).body.entry.length, 7);
});

test('_maxresults ends the search, whatever the size of pages', async () => {
  for (const count of [3, 7, 10, 50]) {
    const { entries } = await pages(server, `Observation?_maxresults=7&_count=${count}&_total=accurate`);
    assert.deepEqual(entries.map(e => e.resource.id), ['x0', 'x1', 'x2', 'x3', 'x4', 'x5', 'x6'], count);
  }
  const first = (await api.get('Observation?_maxresults=7&_count=3')).body;
  const second = (await api.get(link(first, 'next'))).body, third = (await api.get(link(second, 'next'))).body;
  assert.equal(third.entry.length, 1);
  assert.equal(link(third, 'next'), undefined);
  const back = (await api.get(link(third, 'previous'))).body;
  assert.deepEqual(ids(back), ids(second));
  assert.deepEqual(ids((await api.get(link(back, 'previous'))).body), ids(first));
  assert.equal((await api.get('Observation?_maxresults=7&_summary=count')).body.total, 7);
});
