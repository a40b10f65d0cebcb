// An import prepares side by side and takes effect in order: the same as one line after the other.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { client, folder, pages, patient, run, start } from './server.mjs';

const dir = folder();
after(() => rmSync(dir, { recursive: true, force: true }));
const padding = { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${'many '.repeat(4000)}</div>` };
const family = p => p.name[0].family;
const named = (id, n, more = {}) => patient({ id, ...more, name: [{ family: `n${n}` }] });

/** Imports lines into a folder of their own, and gives a server on it. */
async function imported(t, name, lines, ...args) {
  const file = join(dir, `${name}.ndjson`), data = join(dir, name);
  writeFileSync(file, lines.map(line => JSON.stringify(line)).join('\n'));
  const { code, out, err } = await run('import', file, '--data', data, '--quiet', '--report', join(dir, `${name}.report`), ...args);
  assert.equal(code, 0, out + err);
  const server = await start({ dir: data });
  t.after(() => server.stop());
  return { ask: client(server), server, out };
}

/** Versions of a patient, oldest first. */
async function versions({ server }, id) {
  const { entries } = await pages(server, `Patient/${id}/_history?_count=100`);
  return entries.reverse().map(e => family(e.resource));
}

test('what many Bundles write to the same resources is written in their order', async t => {
  const bundles = Array.from({ length: 120 }, (_, i) => ({
    resourceType: 'Bundle', type: 'transaction',
    entry: [
      { resource: named(`p${i % 5}`, i, i % 2 ? { text: padding } : {}), request: { method: 'PUT', url: `Patient/p${i % 5}` } },
      // every seventh creates what those behind it find; they refer to it by what it says of itself
      { resource: { resourceType: 'Organization', identifier: [{ system: 'urn:o', value: `${Math.floor(i / 7)}` }] }, request: { method: 'POST', url: 'Organization', ifNoneExist: `identifier=urn:o|${Math.floor(i / 7)}` } },
      { resource: { resourceType: 'Encounter', id: `e${i}`, status: 'planned', class: { code: 'AMB' }, ...(i < 7 ? {} : { serviceProvider: { reference: `Organization?identifier=urn:o|${Math.floor(i / 7) - 1}` } }) }, request: { method: 'PUT', url: `Encounter/e${i}` } },
    ],
  }));
  const { ask, server } = await imported(t, 'bundles', bundles);
  for (let p = 0; p < 5; p++)
    assert.deepEqual(await versions({ server }, `p${p}`), Array.from({ length: 24 }, (_, k) => `n${k * 5 + p}`));
  assert.equal((await ask.get('Organization?_summary=count')).body.total, 18);
  assert.equal((await ask.get('Encounter?_summary=count&service-provider:missing=false')).body.total, 113);
});

test('lines that repeat resources: each piece follows the one before it, also where it changes nothing', async t => {
  // In every round a is written, then b, in one piece or in several: what a line brings is what was
  // stored two rounds before, so it must not be taken to be unchanged.
  const lines = [];
  for (let round = 0; round < 40; round++)
    for (let i = 0; i < 15; i++) lines.push(named(`p${i}`, round % 2 ? 'b' : 'a', { text: padding }));
  const { server } = await imported(t, 'lines', lines);
  for (const i of [0, 7, 14])
    assert.deepEqual(await versions({ server }, `p${i}`), Array.from({ length: 40 }, (_, round) => round % 2 ? 'nb' : 'na'));
});

test('imported again after a change, what differs is written and nothing else', async t => {
  const lines = Array.from({ length: 400 }, (_, i) => named(`q${i}`, i, { text: i % 3 ? undefined : padding }));
  const { server, out } = await imported(t, 'again', lines);
  assert.match(out, / 400 written, 0 unchanged/);
  await server.stop();
  lines.forEach((line, i) => { if (i % 10 === 0) line.name[0].family = `new${i}`; });
  const second = await imported(t, 'again', lines, '--again');
  assert.match(second.out, / 40 written, 360 unchanged/);
  assert.deepEqual(await versions(second, 'q30'), ['n30', 'new30']);
  assert.deepEqual(await versions(second, 'q31'), ['n31']);
});
