// _text and _content over HTTP: scores against BM25 computed here, pages of ranked matches, what is
// too much to rank, parameters that came later. The words have digits, so that none has a stem.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { client, pages, start } from './server.mjs';

let server, api;
let seed = 7;
const dice = n => (seed = (seed * 1103515245 + 12345) % 2147483648, Math.floor(seed / 65536) % n);
const words = Array.from({ length: 9 }, (_, i) => `w${i + 1}`);
const texts = Array.from({ length: 160 }, () =>
  Array.from({ length: 1 + dice(30) }, () => words[Math.min(dice(9), dice(9))]));
const resource = (text, i) => ({
  resourceType: 'Basic', id: `b${i}`, code: { text: 'x0' },
  text: { status: 'additional', div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>${text.slice(0, 5).join(' ')}</p></div>` },
  extension: [{ url: 'http://example.org/more', valueString: text.slice(5).join(', ') || '-' }],
});
const create = (resources, type = 'Basic') => api.post('', {
  resourceType: 'Bundle', type: 'transaction',
  entry: resources.map(r => ({ resource: r, request: { method: 'PUT', url: `${type}/${r.id}` } })),
});

/** BM25 as docs/conformance.md has it: of the wanted words, each [name, test of a text]. */
function expected(leaves, match, of = text => [...text, 'x0']) {
  const all = texts.map((text, i) => ({ id: `b${i}`, text: of(text) }));
  const matches = all.filter(r => match(r.text));
  const mean = matches.reduce((sum, r) => sum + r.text.length, 0) / matches.length;
  const scored = matches.map((r, row) => {
    let score = 0;
    for (const leaf of leaves) {
      const df = all.filter(o => o.text.includes(leaf)).length;
      const hits = r.text.filter(w => w === leaf).length;
      score += Math.log(1 + (all.length - df + 0.5) / (df + 0.5)) * hits * 2.2 / (hits + 1.2 * (0.25 + 0.75 * r.text.length / mean));
    }
    return { id: r.id, row, score };
  });
  const best = Math.max(...scored.map(s => s.score));
  for (const s of scored) s.score = best ? s.score / best : 1;
  return scored.sort((a, b) => Math.abs(a.score - b.score) > 1e-12 ? b.score - a.score : a.row - b.row);
}
const found = async path => (await pages(server, path)).entries.filter(e => e.search.mode === 'match')
  .map(e => ({ id: e.resource.id, score: e.search.score }));
function same(got, want) {
  assert.deepEqual(got.map(g => g.id), want.map(w => w.id));
  got.forEach((g, i) => assert.ok(Math.abs(g.score - want[i].score) < 1e-6, `${g.id}: ${g.score}, ${want[i].score}`));
}

before(async () => {
  server = await start();
  api = client(server);
  const made = await create(texts.map(resource));
  assert.equal(made.status, 200, made.text);
});
after(() => server.remove());

const has = word => text => text.includes(word);
const cases = [
  ['_content=w1', ['w1'], has('w1')],
  ['_content=w7', ['w7'], has('w7')],
  ['_content=w2 w3', ['w2', 'w3'], t => t.includes('w2') && t.includes('w3')],
  ['_content=w2 OR w8', ['w2', 'w8'], t => t.includes('w2') || t.includes('w8')],
  ['_content=w2 -w1', ['w2'], t => t.includes('w2') && !t.includes('w1')],
  ['_content=-w1', [], t => !t.includes('w1')],
  ['_content=w5&_sort=_score', ['w5'], has('w5')],
];
for (const [query, leaves, match] of cases)
  test(`${query}: ranked, on one page and on many`, async () => {
    const want = expected(leaves, match);
    const path = `Basic?${query.replace(/ /g, '%20')}`;
    same(await found(`${path}&_count=1000`), want);
    same(await found(`${path}&_count=7`), want);
  });

test('_text asks the narrative alone', async () =>
  same(await found('Basic?_text=w4&_count=9'), expected(['w4'], has('w4'), text => text.slice(0, 5))));

test('pages go back as they came, and stay as they were while others write', async () => {
  const want = expected(['w3'], has('w3')).map(w => w.id);
  const first = await api.get('Basic?_content=w3&_count=10');
  const link = (body, relation) => body.link.find(l => l.relation === relation)?.url;
  await create([{ ...resource(['w3', 'w3', 'w3'], 900), text: undefined }]);
  let page = await (await fetch(link(first.body, 'last'))).json();
  const back = [];
  for (;;) {
    back.unshift(...page.entry.map(e => e.resource.id));
    const previous = link(page, 'previous');
    if (!previous) break;
    page = await (await fetch(previous)).json();
  }
  assert.deepEqual(back, want);
  const removed = await fetch(`${server.base}/Basic/b900`, { method: 'DELETE' });
  assert.ok(removed.ok);
});

test('another order is kept and has no scores; with other parameters; counted', async () => {
  const body = (await api.get('Basic?_content=w1&_sort=_id&_count=5')).body;
  assert.ok(body.entry.every(e => e.search.score === undefined));
  const one = (await api.get('Basic?_content=w1&_id=b0,b1,b2')).body;
  assert.deepEqual(new Set(one.entry.map(e => e.resource.id)), new Set(['b0', 'b1', 'b2'].filter((_, i) => texts[i].includes('w1'))));
  assert.equal((await api.get('Basic?_content=w1&_summary=count')).body.total, texts.filter(t => t.includes('w1')).length);
  const maximum = await found('Basic?_content=w1&_maxresults=12&_count=5');
  same(maximum, expected(['w1'], has('w1')).slice(0, 12));
});

test('what is malformed is refused with its place', async () => {
  const answer = await api.get(`Basic?_content=${encodeURIComponent('жар (w1')}`);
  assert.equal(answer.status, 400);
  assert.match(answer.body.issue[0].diagnostics, /character 5/);
  assert.equal((await api.get('Basic?_sort=_score')).status, 400);
  assert.equal((await api.get('Basic?_content=a&_sort=-_score')).status, 400);
});

test('more matches than are ranked come in the order of rows, and the answer says so', async () => {
  const many = Array.from({ length: 10001 }, (_, i) => ({ resourceType: 'Flag', id: `f${i}`, status: 'active', code: { text: `many0 ${i}` }, subject: { reference: 'Patient/1' } }));
  assert.equal((await create(many, 'Flag')).status, 200);
  const page = (await api.get('Flag?_content=many0&_count=3')).body;
  assert.deepEqual(page.entry.filter(e => e.search.mode === 'match').map(e => e.resource.id), ['f0', 'f1', 'f2']);
  const outcome = page.entry.find(e => e.search.mode === 'outcome').resource;
  assert.match(outcome.issue[0].diagnostics, /10000/);
  const refused = await api.get('Flag?_content=many0&_sort=_score');
  assert.equal(refused.body.issue[0].code, 'too-costly', refused.text);
  const begun = performance.now();
  const ranked = (await api.get('Flag?_content=many0%20-10000&_count=3')).body;
  console.log(`10,000 matches ranked in ${(performance.now() - begun).toFixed(0)} ms`);
  assert.ok(ranked.entry.every(e => e.search.score === 1));
});
