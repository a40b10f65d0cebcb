// Searches that cost too much are refused with what would help, and do not keep others waiting.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { client, folder, start } from './server.mjs';

let server, api;
const settings = join(folder(), 'settings');
// Each Observation has to be read: two components, and the index does not know which value is whose.
const costly = 'Observation?component-code-value-quantity=urn:c|a$gt150&_summary=count';

before(async () => {
  writeFileSync(settings, 'query-ms = 10\nquery-memory-mb = 1\n');
  server = await start({ args: ['--settings', settings] });
  api = client(server);
  const component = (code, value) => ({ code: { coding: [{ system: 'urn:c', code }] }, valueQuantity: { value } });
  const entry = Array.from({ length: 24000 }, (_, i) => ({
    resource: { resourceType: 'Observation', id: `o${i}`, status: 'final', code: { text: 'x' },
      subject: { reference: `Patient/${i % 100}` }, component: [component('a', i % 200), component('b', 200)] },
    request: { method: 'PUT', url: `Observation/o${i}` },
  }));
  const made = await api.post('', { resourceType: 'Bundle', type: 'transaction', entry });
  assert.equal(made.status, 200);
});
after(() => server.remove());

test('a search over its time is an OperationOutcome that says so', async () => {
  const answer = await api.get(costly);
  assert.equal(answer.status, 503, answer.text.slice(0, 300));
  assert.equal(answer.body.issue[0].code, 'too-costly');
  assert.match(answer.body.issue[0].diagnostics, /longer than/);
});

test('with more time it is answered, and a crowd of its kind leaves reads alone', async () => {
  writeFileSync(settings, 'query-ms = 60000\n');
  server.child.kill('SIGHUP');
  let answer;
  for (let i = 0; i < 100; i++) {
    answer = await api.get(costly);
    if (answer.status === 200) break;
  }
  assert.equal(answer.body.total, 120 * 49);
  let waiting = 16;
  const crowd = Array.from({ length: waiting }, () => api.get(costly).finally(() => waiting--));
  const times = [];
  while (waiting > 0) {
    const from = performance.now();
    assert.equal((await api.get('Observation/o7')).status, 200);
    times.push(performance.now() - from);
  }
  for (const one of await Promise.all(crowd)) assert.equal(one.body.total, 120 * 49);
  times.sort((a, b) => a - b);
  // Were searches run where reads are, each read would wait for some of them.
  assert.ok(times[Math.floor(times.length * 0.9)] < 250, `90 % within ${times[Math.floor(times.length * 0.9)]} ms of ${times.length}`);
});
