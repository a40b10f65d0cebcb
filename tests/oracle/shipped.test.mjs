// What the specification publishes: every value set of it is expanded, and every hierarchy walked, by
// the naive terminology and by the server; a resource for every code that may be in one.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start } from '../api/server.mjs';
import { Codes } from './codes.mjs';
import { published } from './definitions.mjs';
import { Dice } from './dice.mjs';
import { Http } from './http.mjs';
import { Refusal } from './match.mjs';

const dice = new Dice(Number(process.env.ZD_SEED ?? 1));
const codes = new Codes({ all: () => [], get: () => null });
const systems = [...published('CodeSystem')].filter(s => s.content === 'complete' && s.concept);
const pairs = systems.flatMap(s => codes.system(s.url).codes.map(code => ({ system: s.url, code })));
const encode = text => encodeURIComponent(text.replace(/[\\,|$]/g, c => (c === '|' ? c : `\\${c}`)));
let server, http;

before(async () => {
  server = await start();
  http = new Http(server.base);
  for (let i = 0; i < pairs.length; i += 2000) {
    const entry = pairs.slice(i, i + 2000).map(({ system, code }, k) => ({
      resource: { resourceType: 'Basic', id: `b${i + k}`, code: { coding: [{ system, code }] } }, request: { method: 'PUT', url: `Basic/b${i + k}` } }));
    const answer = await http.ask('POST', '', JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }));
    assert.equal(answer.status, 200, answer.text.slice(0, 500));
  }
});
after(async () => {
  http.close();
  await server.remove();
});

const stored = new Set(pairs.map(p => `${p.system}|${p.code}`));

/** Expected: a set of codes, or undefined when it cannot be told. */
async function compare(query, expected) {
  const { status, body } = await http.get(`Basic?${query}&_summary=count`);
  if (expected === undefined) {
    const issue = body.issue?.[0];
    assert.ok([400, 404].includes(status) && ['not-supported', 'not-found'].includes(issue?.code), `${query}: ${status} ${JSON.stringify(body)}`);
    return;
  }
  assert.equal(status, 200, `${query}: ${JSON.stringify(body)}`);
  assert.equal(body.total, [...expected].filter(c => stored.has(c)).length, query);
}

function known(ask) {
  try {
    return ask();
  } catch (e) {
    if (e instanceof Refusal) return undefined;
    throw e;
  }
}

test('every published value set has the codes that its definition says', async t => {
  let answered = 0, refused = 0;
  for (const { url, compose } of published('ValueSet')) {
    const whole = (compose?.include ?? []).every(i => !i.system || i.concept || published('CodeSystem').find(s => s.url === i.system)?.concept);
    const expected = known(() => codes.expand(url));
    if (url.includes('|') || (expected && !whole)) continue; // a bar in a url; a system that calls itself complete and has nothing
    if (expected) answered++; else refused++;
    await compare(`code:in=${encodeURIComponent(url)}`, expected);
  }
  t.diagnostic(`${answered} value sets answered, ${refused} refused`);
});

test('every published hierarchy is walked, up and down', async t => {
  let asked = 0;
  for (const { url } of systems) {
    const system = codes.system(url), inner = new Set([...system.parents.values()].flatMap(p => [...p]));
    for (const code of inner) {
      asked++;
      await compare(`code:below=${encode(`${url}|${code}`)}`, codes.closure('below', `${url}|${code}`));
    }
    for (const code of inner.size ? system.codes.filter(() => dice.chance(0.1)) : []) {
      asked++;
      await compare(`code:above=${encode(`${url}|${code}`)}`, codes.closure('above', `${url}|${code}`));
    }
  }
  t.diagnostic(`${asked} questions about hierarchies`);
});
