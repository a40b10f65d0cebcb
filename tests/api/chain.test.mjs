// Chains, _has, _list, _filter and _type over HTTP: what they find, through pages and updates, and how
// they are refused. Their meaning is tested in src/search and against the naive engine of tests/oracle.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, pages, start } from './server.mjs';

let server, api;
const patients = Array.from({ length: 60 }, (_, i) => ({
  resourceType: 'Patient', id: `p${i}`, gender: i % 3 ? 'male' : 'female', name: [{ family: i % 2 ? 'Иванов' : 'Petrov' }],
  managingOrganization: { reference: `Organization/o${i % 4}` },
}));
const observations = Array.from({ length: 300 }, (_, i) => ({
  resourceType: 'Observation', id: `b${i}`, status: i % 5 ? 'final' : 'amended', code: { coding: [{ system: 'urn:l', code: `c${i % 7}` }] },
  subject: { reference: `Patient/p${i % 60}` },
}));
const organizations = Array.from({ length: 4 }, (_, i) => ({
  resourceType: 'Organization', id: `o${i}`, name: `House ${i}`, ...(i ? { partOf: { reference: `Organization/o${i - 1}` } } : {}),
}));
const list = { resourceType: 'List', id: 'l', status: 'current', mode: 'changes',
  entry: [{ item: { reference: 'Patient/p1' } }, { item: { reference: 'Patient/p2' }, deleted: true }, { item: { reference: 'Observation/b5' } }] };

const found = async path => (await pages(server, path)).entries.map(e => e.resource.id);
const ids = (all, wanted) => all.filter(wanted).map(r => r.id);
const patientOf = o => patients.find(p => `Patient/${p.id}` === o.subject.reference);
const filter = text => `_filter=${encodeURIComponent(text)}`;

before(async () => {
  server = await start();
  api = client(server);
  const entry = [...organizations, ...patients, ...observations, list]
    .map(resource => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }));
  const made = await api.post('', { resourceType: 'Bundle', type: 'transaction', entry });
  assert.equal(made.status, 200, made.text);
});
after(() => server.stop());

test('chains', async () => {
  assert.deepEqual(await found('Observation?subject:Patient.name=иван&_count=20'), ids(observations, o => patientOf(o).name[0].family === 'Иванов'));
  assert.deepEqual(await found('Observation?patient.organization.name=House%202'), ids(observations, o => patientOf(o).managingOrganization.reference === 'Organization/o2'));
  assert.deepEqual(await found('Observation?subject.organization.partof.partof._id=o1'), ids(observations, o => patientOf(o).managingOrganization.reference === 'Organization/o3'));
  assert.deepEqual(await found('Observation?subject.gender:not=male&code=c3'), ids(observations, o => patientOf(o).gender !== 'male' && o.code.coding[0].code === 'c3'));
});

test('_has', async () => {
  const of = test => new Set(observations.filter(test).map(o => patientOf(o).id));
  const c3 = of(o => o.code.coding[0].code === 'c3');
  assert.deepEqual(await found('Patient?_has:Observation:patient:code=c3'), ids(patients, p => c3.has(p.id)));
  const houses = new Set(patients.filter(p => of(o => o.status === 'amended').has(p.id) && p.gender === 'female').map(p => p.managingOrganization.reference.slice(13)));
  assert.deepEqual(await found('Organization?_has:Patient:organization:_has:Observation:patient:status=amended&_has:Patient:organization:gender=female'),
    ids(organizations, o => houses.has(o.id)));
});

test('_list, _type, _filter', async () => {
  assert.deepEqual(await found('Patient?_list=l'), ['p1']);
  assert.deepEqual(await found('?_list=l'), ['p1', 'b5']);
  assert.deepEqual(await found('Observation?patient._list=l&code=c1'), ids(observations, o => o.subject.reference === 'Patient/p1' && o.code.coding[0].code === 'c1'));
  assert.deepEqual(await found('?_type=Patient,Organization&name=house'), ids(organizations, () => true));
  assert.deepEqual(await found(`Observation?${filter('subject[gender eq female].name co "ван" and not (status eq final)')}`),
    ids(observations, o => patientOf(o).gender === 'female' && patientOf(o).name[0].family === 'Иванов' && o.status !== 'final'));
});

test('POST _search, the self link, counts', async () => {
  const form = await fetch(`${server.base}/Observation/_search`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'subject%3APatient.name=%D0%B8%D0%B2%D0%B0%D0%BD&_summary=count' });
  const body = await form.json();
  assert.equal(body.total, ids(observations, o => patientOf(o).name[0].family === 'Иванов').length);
  assert.match(body.link.find(l => l.relation === 'self').url, /Observation\?subject:Patient\.name=%D0%B8%D0%B2%D0%B0%D0%BD/);
});

test('what is reached is as it is now', async () => {
  const moved = { ...patients[7], name: [{ family: 'Moved' }] };
  assert.equal((await api.put('Patient/p7', moved)).status, 200);
  assert.deepEqual(await found('Observation?subject.name=moved'), ids(observations, o => patientOf(o).id === 'p7'));
  assert.equal((await api.delete('Patient/p7')).status, 204);
  assert.deepEqual(await found('Observation?subject.name=moved'), []);
});

test('refusals name the parameter', async () => {
  for (const [path, said] of [
    ['Observation?subject.nmae=x', /none of the types that subject may refer to/],
    ['Observation?code.name=x', /code is no reference/],
    ['Patient?_has:Observation:encounter:code=x', /does not refer to Patient/],
    [`Patient?${filter('name like x')}`, /character 6: an operation is wanted/],
    ['Patient?_list=$current-allergies', /functional list/],
  ]) {
    const answer = await api.get(path);
    assert.equal(answer.status, 400, path);
    assert.match(answer.body.issue[0].diagnostics, said);
    assert.match(answer.body.issue[0].expression[0], /^http\./);
  }
});
