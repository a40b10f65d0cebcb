// _explain=true tells how a search is carried out, as a Parameters resource.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, patient, start } from './server.mjs';

let server, api;
before(async () => {
  server = await start();
  api = client(server);
  const entry = Array.from({ length: 90 }, (_, i) => ({
    resource: patient({ id: `p${i}`, gender: i % 3 ? 'male' : 'female' }), request: { method: 'PUT', url: `Patient/p${i}` },
  }));
  assert.equal((await api.post('', { resourceType: 'Bundle', type: 'transaction', entry })).status, 200);
});
after(() => server.remove());

const value = part => Object.entries(part).find(([name]) => name.startsWith('value'))?.[1];
const parts = step => Object.fromEntries(step.part.map(p => [p.name, value(p)]));
const steps = body => body.parameter.filter(p => p.name === 'step').map(parts);

test('each part of the plan with its rows, parents first, clauses as they were asked', async () => {
  const { status, body } = await api.get('Patient?gender=female&name=журавлев&_sort=-birthdate&_count=10&_explain=true');
  assert.equal(status, 200);
  assert.equal(body.resourceType, 'Parameters');
  const all = steps(body);
  assert.equal(all[0].depth, 0);
  assert.equal(all[0].rows, 30);
  assert.equal(all.find(s => s.what === 'gender=female').rows, 30);
  assert.equal(all.find(s => s.what === 'name=журавлев').rows, 90);
  assert.ok(all.every(s => s.how && s.milliseconds >= 0 && typeof s.exact === 'boolean'));
  assert.equal(parts(body.parameter.find(p => p.name === 'page')).rows, 10);
});

test('in Russian for those who prefer it', async () => {
  const ask = language => api.get('Patient?gender=female&name=a&_explain=true', { headers: { 'Accept-Language': language } });
  assert.match(steps((await ask('ru-RU,ru;q=0.9,en;q=0.8')).body)[0].what, /вместе/);
  assert.match(steps((await ask('en,ru;q=0.9')).body)[0].what, /together/);
  assert.match(steps((await ask('de')).body)[0].what, /together/);
});

test('it is true, false, or refused; false is the search itself', async () => {
  assert.equal((await api.get('Patient?_explain=false')).body.resourceType, 'Bundle');
  assert.equal((await api.get('Patient?_explain=perhaps')).status, 400);
});
