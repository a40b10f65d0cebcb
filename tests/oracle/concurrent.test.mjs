// Searches while writes go on: every transaction rewrites one set of resources as a whole, and every
// chain of pages has to show the set as one of the transactions left it, in order, with its includes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start } from '../api/server.mjs';
import { Dice } from './dice.mjs';
import { Http } from './http.mjs';

const size = 30, patients = 3, seed = Number(process.env.ZD_SEED ?? 1), chains = Math.ceil(Number(process.env.ZD_QUERIES ?? 4000) / 40);
let server, http, acknowledged = 0, sent = 0, stop = false;

/** All of the set in generation g; who stands where changes from one to the next. */
function generation(g) {
  const dice = new Dice(seed * 1000003 + g), text = String(g);
  const entry = Array.from({ length: size }, (_, i) => ({
    resource: { resourceType: 'Observation', id: `o${i}`, identifier: [{ system: 'urn:set', value: 'one' }, { system: 'urn:generation', value: text }], status: 'final',
      code: { coding: [{ system: 'urn:g', code: text }] }, subject: { reference: `Patient/p${dice.below(patients)}` },
      effectiveDateTime: `2024-01-${String(dice.between(1, 28)).padStart(2, '0')}`, valueQuantity: { value: dice.below(10) } },
    request: { method: 'PUT', url: `Observation/o${i}` } }));
  for (let i = 0; i < patients; i++) {
    entry.push({ resource: { resourceType: 'Patient', id: `p${i}`, active: true, name: [{ family: `g${text}` }] }, request: { method: 'PUT', url: `Patient/p${i}` } });
  }
  for (let i = entry.length - 1; i > 0; i--) { // the order of rows changes, too
    const k = dice.below(i + 1);
    [entry[i], entry[k]] = [entry[k], entry[i]];
  }
  return { resourceType: 'Bundle', type: 'transaction', entry };
}

const write = async g => {
  sent = g;
  const answer = await http.ask('POST', '', JSON.stringify(generation(g)));
  assert.equal(answer.status, 200, answer.text);
  acknowledged = g;
};

before(async () => {
  server = await start();
  http = new Http(server.base, 8);
  await write(1);
});
after(async () => {
  http.close();
  await server.remove();
});

const generationOf = r => Number(r.resourceType === 'Patient' ? r.name[0].family.slice(1) : r.code.coding[0].code);
const sorts = { date: r => r.effectiveDateTime, 'value-quantity': r => r.valueQuantity.value, subject: r => r.subject.reference };
const questions = ['identifier=urn:set%7Cone', 'subject.active=true', 'subject:Patient.active=true&identifier=urn:set%7Cone', 'status=final', 'subject:missing=false',
  'date=ge2024&identifier=urn:set%7Cone', 'value-quantity=lt10', 'code:not=x'];

async function chain(dice) {
  const sort = dice.one([null, null, ...Object.keys(sorts)]), down = dice.chance(0.5), include = dice.chance(0.4);
  const query = dice.one(questions);
  const path = `Observation?${query}&_count=${dice.one([4, 7, 10, 29])}&_total=accurate${sort ? `&_sort=${down ? '-' : ''}${sort}` : ''}${include ? '&_include=Observation:subject' : ''}`;
  const before = acknowledged, seen = [];
  let after = null;
  for (let next = path; next;) {
    const { status, body, text } = await http.get(next);
    assert.equal(status, 200, `${path}: ${text}`);
    after ??= sent;
    assert.equal(body.total, size, path);
    const page = body.entry.filter(e => e.search.mode === 'match').map(e => e.resource);
    const others = body.entry.filter(e => e.search.mode === 'include').map(e => e.resource);
    assert.deepEqual(others.map(r => `Patient/${r.id}`).sort(), include ? [...new Set(page.map(r => r.subject.reference))].sort() : [], path);
    seen.push(...page);
    for (const r of [...page, ...others]) assert.equal(generationOf(r), generationOf(seen[0]), `${path}: two states in one chain`);
    next = body.link.find(l => l.relation === 'next')?.url;
  }
  assert.equal(new Set(seen.map(r => r.id)).size, size, path);
  assert.equal(seen.length, size, path);
  const g = generationOf(seen[0]);
  assert.ok(g >= before && g <= after, `${path}: generation ${g}, acknowledged before ${before}, sent ${after}`);
  const rows = generation(g).entry.map(e => e.resource).filter(r => r.resourceType === 'Observation');
  const value = sorts[sort];
  if (value) rows.sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0) * (down ? -1 : 1));
  assert.deepEqual(seen.map(r => r.id), rows.map(r => r.id), `${path}: order`);
}

test('each chain of pages shows one state, and not an old one, while writes go on', async t => {
  const writer = (async () => {
    while (!stop) await write(acknowledged + 1);
  })();
  let left = chains;
  const reader = async n => {
    const dice = new Dice(seed * 31 + n);
    while (left-- > 0) await chain(dice);
  };
  try {
    await Promise.all([0, 1, 2, 3].map(reader));
  } finally {
    stop = true;
    await writer;
  }
  t.diagnostic(`oracle: ${chains} chains of pages while ${acknowledged} transactions of ${size + patients} resources were written; seed ${seed}`);
});
