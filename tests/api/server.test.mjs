// The program: health, figures, start page, refusals, stopping, crashing, bulk in and out.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { client, folder, pages, patient, run, start } from './server.mjs';

let server, api;
before(async () => { server = await start(); api = client(server); });
after(() => server.remove());

const fetchText = async path => {
  const answer = await fetch(server.root + path);
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

test('health and figures', async () => {
  assert.equal((await fetchText('/health/live')).status, 200);
  assert.equal((await fetchText('/health/ready')).status, 200);
  const { text } = await fetchText('/metrics');
  for (const line of text.trim().split('\n'))
    assert.match(line, /^(# (HELP|TYPE) zdravo_\w+ .+|zdravo_\w+(\{[^}]*\})? \d+)$/);
  assert.match(text, /zdravo_http_requests_total \d+/);
  assert.match(text, /zdravo_process_resident_bytes [1-9]\d+/);
});

test('the start page loads nothing from elsewhere', async () => {
  const page = await fetchText('/');
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'/);
  for (const [, path] of page.text.matchAll(/(?:src|href)="(\/[^"]*)"/g))
    assert.equal((await fetchText(path)).status, 200, path);
  assert.doesNotMatch(page.text, /(src|href)="https?:/);
  assert.equal((await fetchText('/nothing')).status, 404);
});

test('only loopback is served while there is no authentication', async () => {
  const { code, err } = await run('serve', '--data', folder(), '--listen', '0.0.0.0:8099');
  assert.equal(code, 2);
  assert.match(err, /loopback/);
});

test('wrong usage is told and gives exit code 2', async () => {
  for (const args of [[], ['fly'], ['serve'], ['import'], ['import', 'x', '--data'], ['stats', '--colour'], ['generate', '--residents', '7', '--out', 'x']]) {
    const { code, err } = await run(...args);
    assert.equal(code, 2, args.join(' '));
    assert.ok(err.length > 10, args.join(' '));
  }
  assert.equal((await run('help')).code, 0);
  assert.match((await run('version')).out, /^zdravo \d+\.\d+\.\d+ \(FHIR 4\.0\.1\)\n$/);
});

test('a store that a server holds is refused to others', async () => {
  const { code, err } = await run('import', '--data', server.dir, '--quiet', join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, 'server.mjs').replace(/server\.mjs$/, ''));
  assert.equal(code, 4, err);
});

test('cross-origin pages are not let in unless configured', async () => {
  const answer = await api.get('metadata', { headers: { Origin: 'http://elsewhere' } });
  assert.equal(answer.headers.get('access-control-allow-origin'), null);
});

test('cross-origin pages: those configured, and no others', async () => {
  const settings = join(folder(), 'settings');
  writeFileSync(settings, 'cors-origins = https://portal.example http://localhost:3000\npage-default = 2\n');
  const one = await start({ args: ['--settings', settings] });
  const its = client(one);
  const asked = origin => its.get('Patient', { headers: { Origin: origin } });
  assert.equal((await asked('https://portal.example')).headers.get('access-control-allow-origin'), 'https://portal.example');
  const other = await asked('https://elsewhere.example');
  assert.equal(other.headers.get('access-control-allow-origin'), null);
  assert.match(other.headers.get('vary'), /Origin/);
  const headers = { Origin: 'http://localhost:3000', 'Access-Control-Request-Method': 'PUT' };
  const preflight = await fetch(`${one.base}/Patient/1`, { method: 'OPTIONS', headers });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get('access-control-allow-methods'), /PUT/);
  const denied = await fetch(`${one.base}/Patient/1`, { method: 'OPTIONS', headers: { ...headers, Origin: 'null' } });
  assert.equal(denied.headers.get('access-control-allow-methods'), null);
  assert.equal((await its.get('metadata')).body.rest[0].security.cors, true);
  await one.remove();
});

test('SIGHUP reads the settings again; bad ones are refused, the former stay', async () => {
  const settings = join(folder(), 'settings');
  writeFileSync(settings, 'page-default = 2\n');
  const one = await start({ args: ['--settings', settings] });
  const its = client(one);
  for (let i = 0; i < 6; i++) await its.post('Patient', patient());
  const size = async () => (await its.get('Patient')).body.entry.length;
  assert.equal(await size(), 2);
  const again = async (text, expected) => {
    writeFileSync(settings, text);
    one.child.kill('SIGHUP');
    for (let i = 0; i < 100 && await size() !== expected; i++) await new Promise(done => setTimeout(done, 20));
    assert.equal(await size(), expected, text);
  };
  await again('page-default = 4\n', 4);
  await again('page-default = 4\npage-default = 5\n', 4);
  await again('log-level = error\n', 6);
  await one.remove();
  writeFileSync(settings, 'page-default = many\n');
  const { code, err } = await run('serve', '--data', folder(), '--listen', '127.0.0.1:8099', '--settings', settings);
  assert.equal(code, 3);
  assert.match(err, /settings:1: page-default is a whole number from 1 to 1000/);
});

test('SIGTERM ends it cleanly; kill -9 loses nothing acknowledged', async () => {
  const one = await start();
  const made = await client(one).post('Patient', patient());
  assert.equal((await one.stop()).code, 0);
  const two = await start({ dir: one.dir });
  assert.equal((await client(two).get(`Patient/${made.body.id}`)).status, 200);
  const more = await Promise.all(Array.from({ length: 200 }, () => client(two).post('Patient', patient())));
  await two.stop('SIGKILL');
  const three = await start({ dir: one.dir });
  for (const { body } of more) assert.equal((await client(three).get(`Patient/${body.id}`)).status, 200);
  assert.equal((await pages(three, 'Patient?_count=1000')).entries.length, 201);
  await three.stop();
  const check = await run('check', '--data', one.dir, '--quiet');
  assert.equal(check.code, 0, check.out);
  await three.remove();
});

test('generate, import, import again, export, import the export: the same', async () => {
  const at = folder(), region = join(at, 'region'), data = join(at, 'data'), out = join(at, 'out'), copy = join(at, 'copy');
  assert.equal((await run('generate', '--residents', '200', '--out', region, '--quiet')).code, 0);
  const report = join(at, 'errors.ndjson');
  const first = await run('import', region, '--data', data, '--quiet', '--report', report);
  assert.equal(first.code, 0, first.out + first.err);
  const [, read] = first.out.match(/^(\d+) resources read/);
  assert.match(first.out, new RegExp(`${read} written, 0 unchanged, 0 refused`));
  const again = await run('import', region, '--data', data, '--quiet', '--again', '--report', report);
  assert.match(again.out, new RegExp(`0 written, ${read} unchanged, 0 refused`));
  const exported = await run('export', '--data', data, '--out', out, '--quiet');
  assert.equal(exported.code, 0, exported.err);
  assert.match(exported.out, new RegExp(`^${read} resources`));
  assert.equal((await run('import', out, '--data', copy, '--quiet', '--report', report)).code, 0);
  const types = async dir => JSON.parse((await run('stats', '--data', dir, '--json')).out).types;
  assert.deepEqual(await types(copy), await types(data));
  assert.equal((await run('check', '--data', data, '--quiet')).code, 0);
});

test('import takes bundles, single resources, collections and packed lines, and reports what is bad', async () => {
  const at = folder(), dir = join(at, 'in'), data = join(at, 'data'), report = join(at, 'errors.ndjson');
  mkdirSync(dir);
  const put = (name, content) => writeFileSync(join(dir, name), content);
  put('a.json', JSON.stringify(patient({ id: 'a' }), null, 2));
  put('b.json', JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry: [{ resource: patient({ id: 'b1' }) }, { resource: patient({ id: 'b2' }) }] }));
  put('c.json', JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry: [{ resource: patient(), request: { method: 'POST', url: 'Patient' } }] }));
  put('d.ndjson.gz', gzipSync([patient({ id: 'd1' }), patient({ id: 'd1', active: true })].map(r => JSON.stringify(r)).join('\n')));
  put('e.ndjson', `${JSON.stringify(patient({ id: 'e1' }))}\n{"resourceType":"Patient","id":"e2","gender":"?"}\nnot json\n`);
  const { code, out, err } = await run('import', dir, '--data', data, '--quiet', '--report', report);
  assert.equal(code, 1, err);
  assert.match(out, /2 refused/);
  const lines = readFileSync(report, 'utf8').trim().split('\n').map(l => JSON.parse(l));
  assert.deepEqual(lines.map(l => l.line), [2, 3]);
  assert.equal(lines[0].outcome.issue[0].expression[0], 'Patient.gender');
  const counts = JSON.parse((await run('stats', '--data', data, '--json')).out);
  assert.equal(counts.types.Patient, 6);
  assert.equal(counts.versions, 7);
  assert.ok(readdirSync(data).includes('import.state'));
});

test('import to a running server: lines, bundles, and what the server refuses', async () => {
  const at = folder(), dir = join(at, 'in'), report = join(at, 'errors.ndjson');
  mkdirSync(dir);
  const lines = Array.from({ length: 1200 }, (_, i) => JSON.stringify(patient({ id: `r${i}` })));
  writeFileSync(join(dir, 'a.ndjson'), [...lines, '{"resourceType":"Patient","gender":"female"}'].join('\n'));
  writeFileSync(join(dir, 'b.json'), JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry: [{ resource: patient(), request: { method: 'POST', url: 'Patient' } }] }));
  const { code, out, err } = await run('import', dir, '--server', server.base, '--quiet', '--report', report);
  assert.equal(code, 1, err);
  assert.match(out, /1202 resources read .* 1201 written, 0 unchanged, 1 refused/);
  assert.equal((await api.get('Patient/r1199')).status, 200);
  assert.equal((await run('import', dir, '--server', 'http://127.0.0.1:1/fhir', '--quiet', '--report', report)).code, 3);
});
