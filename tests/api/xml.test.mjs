// XML at every door: what is sent and what comes back, in the format asked for; the record is the same.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { client, folder, patient, run, start } from './server.mjs';

let server, api;
before(async () => { server = await start(); api = client(server); });
after(() => server.remove());

const XML = { Accept: 'application/fhir+xml' };
const sends = { 'Content-Type': 'application/fhir+xml' };
const put = (path, raw, headers = {}) => api.put(path, undefined, { raw, headers: { ...sends, ...headers } });
const post = (path, raw, headers = {}) => api.post(path, undefined, { raw, headers: { ...sends, ...headers } });
const fhir = (type, inner) => `<${type} xmlns="http://hl7.org/fhir">${inner}</${type}>`;
const div = '<div xmlns="http://www.w3.org/1999/xhtml"><p title="&lt;a&gt;">Анна &amp; co<br/></p><!-- kept --></div>';
const anna = fhir('Patient', `<id value="anna"/><text><status value="generated"/>${div}</text>
  <identifier><system value="urn:x"/><value value="7"/></identifier>
  <name id="n1"><family value="Журавлёва &quot;А&quot;"><extension url="urn:e"><valueDecimal value="1.50"/></extension></family>
  <given value="Анна"/></name><birthDate value="1984-05-17"/>`);
const isXml = answer => assert.equal(answer.headers.get('content-type'), 'application/fhir+xml;charset=utf-8');

test('what is written as XML is read as JSON, and the other way round', async () => {
  assert.equal((await put('Patient/anna', anna)).status, 201);
  const json = await api.get('Patient/anna');
  assert.equal(json.body.name[0].family, 'Журавлёва "А"');
  assert.equal(json.body.name[0].id, 'n1');
  assert.match(json.text, /"_family":\{"extension":\[\{"url":"urn:e","valueDecimal":1\.50\}\]\}/);
  assert.equal(json.body.text.div, div);
  assert.equal(json.headers.get('content-type'), 'application/fhir+json;charset=utf-8');
  const xml = await api.get('Patient/anna', { headers: XML });
  isXml(xml);
  assert.equal(xml.headers.get('etag'), 'W/"1"');
  assert.ok(xml.text.startsWith('<?xml version="1.0" encoding="UTF-8"?><Patient xmlns="http://hl7.org/fhir"><id value="anna"/><meta><versionId value="1"/>'));
  assert.ok(xml.text.includes(`<text><status value="generated"/>${div}</text>`), xml.text);
  assert.ok(xml.text.includes('<family value="Журавлёва &quot;А&quot;"><extension url="urn:e"><valueDecimal value="1.50"/></extension></family>'));
  const again = await put('Patient/anna', xml.text);
  assert.equal(again.status, 200);
  const { meta, ...rest } = (await api.get('Patient/anna')).body, { meta: old, ...first } = json.body;
  assert.deepEqual(rest, first);
  assert.ok(meta && old);
});

test('the answer is in the format asked for; weights and _format decide', async () => {
  const type = async (Accept, path = 'Patient/anna') => {
    const answer = await api.get(path, { headers: { Accept } });
    return answer.status === 200 ? answer.headers.get('content-type').split(';')[0].split('+')[1] : answer.status;
  };
  for (const [accept, wanted] of [['application/fhir+xml', 'xml'], ['application/xml', 'xml'], ['text/xml', 'xml'], ['application/fhir+json', 'json'],
    ['*/*', 'json'], ['application/*', 'json'], ['application/fhir+xml, application/fhir+json', 'json'],
    ['application/fhir+xml;q=0.9, application/fhir+json;q=0.8', 'xml'], ['application/fhir+json;q=0.1, */*', 'xml'],
    ['application/fhir+json;q=0, */*;q=0.1', 'xml'], ['application/fhir+xml; fhirVersion=3.0', 406], ['application/fhir+xml;q=0', 406],
    ['text/turtle', 406], ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', 'xml']])
    assert.equal(await type(accept), wanted, accept);
  for (const [format, wanted] of [['xml', 'xml'], ['json', 'json'], ['application/fhir%2Bxml', 'xml'], ['application/fhir+xml', 'xml'],
    ['application%2Ffhir%2Bjson', 'json'], ['text/xml', 'xml'], ['ttl', 406]])
    assert.equal(await type('application/fhir+json', `Patient/anna?_format=${format}`), wanted, format);
  assert.equal(await type('text/turtle', 'Patient/anna?_format=xml'), 'xml');
  assert.equal((await api.get('Patient/anna', { headers: XML })).headers.get('vary'), null); // small: not coded
});

test('faults are told in the format asked for, with line, column and place', async () => {
  const wrong = await post('Patient', fhir('Patient', '\n <gender value="nobody"/>\n <birthDate value="1984-13-01"/>\n <colour value="1"/>'), XML);
  assert.equal(wrong.status, 400);
  isXml(wrong);
  assert.match(wrong.text, /<OperationOutcome xmlns="http:\/\/hl7.org\/fhir">/);
  for (const place of ['Patient.gender', 'Patient.birthDate', 'Patient'])
    assert.ok(wrong.text.includes(`<expression value="${place}"/>`), place);
  const json = await post('Patient', '<Patient xmlns="http://hl7.org/fhir">\n  <gender value="nobody"/></Patient>');
  assert.equal(json.body.issue[0].code, 'code-invalid');
  assert.match(JSON.stringify(json.body.issue[0]), /line 2, column 3|2.*3/);
  for (const path of ['Nothing/1', 'Patient/nobody', 'Patient/anna?colour=red', 'Patient?colour=red']) {
    for (const how of [[path, { headers: XML }], [`${path}${path.includes('?') ? '&' : '?'}_format=xml`, {}]]) {
      const answer = await api.get(...how);
      assert.ok(answer.status >= 400);
      isXml(answer);
      assert.match(answer.text, /<OperationOutcome/);
    }
  }
});

test('what is dangerous or no XML is refused by name', async () => {
  for (const [raw, why] of [
    ['<!DOCTYPE Patient [<!ENTITY x SYSTEM "file:///etc/passwd">]><Patient xmlns="http://hl7.org/fhir"><id value="&x;"/></Patient>', /document type/],
    ['<!DOCTYPE lolz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Patient/>', /document type/],
    [fhir('Patient', '<id value="&nbsp;"/>'), /nbsp/], [`${fhir('Patient', '')}<x/>`, /not acceptable as XML/], ['hello', /not XML in UTF-8/],
    [fhir('Patient', '<active value="true">'), /not acceptable as XML/], ['<Patient/>', /namespace/], ['', /not XML/],
    ['<?xml version="1.0" encoding="ISO-8859-1"?><Patient xmlns="http://hl7.org/fhir"/>', /encoding/],
    [fhir('Patient', '<x:active xmlns:x="urn:y" value="true"/>'), /namespace/], [fhir('Patient', `<a ${Array.from({ length: 500 }, (_, i) => `a${i}="1"`).join(' ')}/>`), /too many attributes/],
    [fhir('Patient', 'text'), /text where only elements/], [fhir('Patient', '<active value="1"/>'), /true or false/],
    [fhir('Patient', '<birthDate value="1984"/><active value="true"/>'), /before/], [fhir('Patient', '<active value="true" x="1"/>'), /no attribute/],
    [fhir('Patient', '<extension url="urn:x">'.repeat(100) + '</extension>'.repeat(100)), /too deep/]]) {
    const answer = await post('Patient', raw);
    assert.ok(answer.status === 400 || answer.status === 413, `${answer.status} ${raw.slice(0, 60)}`);
    assert.match(answer.body.issue.map(i => i.diagnostics).join(' | '), why);
  }
});

test('media types of bodies: exact', async () => {
  const status = async (type, raw = fhir('Patient', '')) => (await api.post('Patient', undefined, { raw, headers: { 'Content-Type': type } })).status;
  for (const [type, wanted] of [['application/fhir+xml', 201], ['application/xml; charset=UTF-8', 201], ['text/xml', 201], ['application/fhir+xml; fhirVersion=4.0', 201],
    ['application/fhir+xml; fhirVersion=5.0', 415], ['application/fhir+xml; charset=iso-8859-1', 415], ['text/html', 415], ['application/xhtml+xml', 415],
    ['application/fhir+json', 400]])
    assert.equal(await status(type), wanted, type);
});

test('searches, histories, capabilities and pages come as XML', async () => {
  const found = await api.get('Patient?identifier=urn:x|7&_format=xml');
  isXml(found);
  assert.match(found.text, /<total value="1"\/>.*<entry><fullUrl value="[^"]*Patient\/anna"\/><resource><Patient><id value="anna"\/>.*<search><mode value="match"\/><\/search><\/entry><\/Bundle>$/s);
  assert.match(found.text, /<relation value="self"\/><url value="[^"]*_format=xml"/);
  const none = await api.get('Patient?identifier=urn:x|8&_format=xml');
  assert.match(none.text, /<total value="0"\/>.*<\/Bundle>$/);
  const history = await api.get('Patient/anna/_history', { headers: XML });
  assert.match(history.text, /<type value="history"\/>.*<request><method value="PUT"\/>.*<\/Bundle>$/);
  const stated = await api.get('metadata', { headers: XML });
  isXml(stated);
  assert.match(stated.text, /<format value="application\/fhir\+json"\/><format value="application\/fhir\+xml"\/>/);
  assert.ok((await api.get('metadata')).body.format.includes('application/fhir+xml'));
  const form = await api.post('Patient/_search', undefined, { raw: 'identifier=urn:x|7&_format=xml', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
  isXml(form);
  const pretty = await api.get('Patient/anna?_format=xml&_pretty=true');
  assert.match(pretty.text, /^<\?xml version="1.0" encoding="UTF-8"\?>\n<Patient xmlns="http:\/\/hl7.org\/fhir">\n {2}<id value="anna"\/>\n/);
  const summary = await api.get('Patient/anna?_format=xml&_summary=text');
  assert.match(summary.text, /SUBSETTED/);
  assert.ok(!summary.text.includes('birthDate'));
  const head = await api.head('Patient/anna?_format=xml');
  isXml(head);
  assert.equal(head.text, '');
});

const bundle = (type, ...entries) => fhir('Bundle', `<type value="${type}"/>${entries.map(e => `<entry>${e}</entry>`).join('')}`);
const request = (method, url) => `<request><method value="${method}"/><url value="${url}"/></request>`;

test('a transaction in XML', async () => {
  const answer = await post('', bundle('transaction',
    `<fullUrl value="urn:uuid:6a1b7f6e-1e0f-4b7e-9d0a-1b2c3d4e5f60"/><resource><Patient><active value="true"/></Patient></resource>${request('POST', 'Patient')}`,
    `<resource><Observation><id value="o1"/><status value="final"/><code><text value="x"/></code><subject><reference value="urn:uuid:6a1b7f6e-1e0f-4b7e-9d0a-1b2c3d4e5f60"/></subject><valueQuantity><value value="1.10"/></valueQuantity></Observation></resource>${request('PUT', 'Observation/o1')}`), XML);
  assert.equal(answer.status, 200, answer.text);
  isXml(answer);
  assert.match(answer.text, /<type value="transaction-response"\/><entry>.*<status value="201 Created"\/>.*<\/entry><\/Bundle>$/s);
  const stored = await api.get('Observation/o1');
  assert.match(stored.body.subject.reference, /^Patient\//);
  assert.match(stored.text, /"value":1\.10/);
  const wrong = await post('', bundle('transaction', `<resource><Patient><gender value="x"/></Patient></resource>${request('PUT', 'Patient/t9')}`,
    `<resource><Patient><id value="t8"/></Patient></resource>${request('PUT', 'Patient/t8')}`));
  assert.equal(wrong.status, 400);
  assert.equal(wrong.body.issue[0].expression[0], 'Bundle.entry[0].resource.gender');
  assert.equal((await api.get('Patient/t8')).status, 404);
});

test('entries of a batch in XML are judged one by one', async () => {
  const answer = await post('', bundle('batch', `<resource><Patient><id value="b1"/></Patient></resource>${request('PUT', 'Patient/b1')}`,
    `<resource><Patient><id value="b2"/><gender value="x"/><colour value="y"/></Patient></resource>${request('PUT', 'Patient/b2')}`,
    request('GET', 'Patient/anna'), '', `<resource><Patient><id value="b3"/></Patient></resource>${request('PUT', 'Patient/b3')}`));
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.body.entry.map(e => e.response.status.slice(0, 3)), ['201', '400', '200', '400', '201']);
  const issues = answer.body.entry[1].response.outcome.issue;
  assert.deepEqual(issues.map(i => i.expression[0]), ['Bundle.entry[1].resource.gender', 'Bundle.entry[1].resource']);
  assert.equal((await api.get('Patient/b2')).status, 404);
  assert.equal((await api.get('Patient/b3')).status, 200);
});

test('an answer made in parts is the same in XML', async () => {
  const entries = Array.from({ length: 3000 }, (_, i) => ({ resource: { resourceType: 'Observation', id: `many${i}`, status: 'final', code: { text: 'x'.repeat(400) + i }, subject: { reference: 'Patient/anna' } },
    request: { method: 'PUT', url: `Observation/many${i}` } }));
  for (let i = 0; i < entries.length; i += 1000)
    assert.equal((await api.post('', { resourceType: 'Bundle', type: 'batch', entry: entries.slice(i, i + 1000) })).status, 200);
  const json = (await api.get('Patient/anna/$everything')).body;
  for (const how of ['Patient/anna/$everything?_format=xml', 'Patient/anna/$everything?_format=xml&_pretty=true']) {
    const xml = await api.get(how);
    isXml(xml);
    const ids = [...xml.text.matchAll(/<Observation>\s*<id value="([^"]*)"/g)].map(m => m[1]);
    assert.deepEqual(ids, json.entry.filter(e => e.resource.resourceType === 'Observation').map(e => e.resource.id));
    assert.ok(xml.text.endsWith('</Bundle>'));
    assert.equal(xml.text.split('<entry>').length - 1, json.entry.length);
    const back = await post('Bundle', xml.text.replace(/<relation value="[^"]*"\/>/g, '$&'));
    assert.equal(back.status, 201, back.text.slice(0, 500));
  }
  const batch = await post('', bundle('batch', ...entries.slice(0, 1500).map((_, i) => request('GET', `Observation/many${i}`))), XML);
  assert.equal(batch.text.split('<entry>').length - 1, 1500);
  assert.ok(batch.text.endsWith('</Bundle>'));
});

test('a stored Bundle with a signature, narrative that is no XHTML, and characters XML escapes', async () => {
  const document = { resourceType: 'Bundle', id: 'd1', type: 'collection', entry: [{ fullUrl: 'urn:uuid:6a1b7f6e-1e0f-4b7e-9d0a-1b2c3d4e5f61', resource: { resourceType: 'Basic', code: { text: 'a\tb\nc\r"<&>\'' } } }],
    signature: { type: [{ code: 'x' }], when: '2026-01-01T00:00:00Z', who: { display: 'x' } } };
  assert.equal((await api.put('Bundle/d1', document)).status, 201);
  const xml = await api.get('Bundle/d1?_format=xml');
  assert.match(xml.text, /<text value="a&#9;b&#10;c&#13;&quot;&lt;&amp;&gt;'"\/>/);
  assert.match(xml.text, /<\/entry><signature>.*<\/signature><\/Bundle>$/);
  assert.equal((await put('Bundle/d1', xml.text)).status, 200);
  assert.equal((await api.get('Bundle/d1')).body.entry[0].resource.code.text, 'a\tb\nc\r"<&>\'');
  await api.put('Patient/n1', patient({ id: 'n1', text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">a&nbsp;b</div>' } }));
  assert.match((await api.get('Patient/n1?_format=xml')).text, /<div xmlns="http:\/\/www.w3.org\/1999\/xhtml">a&#160;b<\/div>/);
  await api.put('Patient/n2', patient({ id: 'n2', text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>a</div>' } }));
  assert.match((await api.get('Patient/n2?_format=xml')).text, /<div xmlns="http:\/\/www.w3.org\/1999\/xhtml">&lt;div xmlns="http:\/\/www.w3.org\/1999\/xhtml"&gt;&lt;p&gt;a&lt;\/div&gt;<\/div>/);
});

test('files in XML are imported like those in JSON', async () => {
  const dir = folder(), store = folder();
  writeFileSync(join(dir, 'a.xml'), anna);
  writeFileSync(join(dir, 'b.xml.gz'), gzipSync(bundle('transaction', `<resource><Patient><id value="b"/></Patient></resource>${request('PUT', 'Patient/b')}`)));
  writeFileSync(join(dir, 'c.xml'), bundle('collection', '<resource><Patient><id value="c"/></Patient></resource>', '<resource><Patient><id value="d"/></Patient></resource>'));
  writeFileSync(join(dir, 'd.xml'), fhir('Patient', '\n<id value="e"/><colour/>'));
  writeFileSync(join(dir, 'e.json'), JSON.stringify(patient({ id: 'f' })));
  const report = join(dir, 'report.txt');
  const { code, out, err } = await run('import', dir, '--data', store, '--report', report);
  assert.equal(code, 1, out + err);
  const lines = readFileSync(report, 'utf8').trim().split('\n').map(line => JSON.parse(line));
  assert.deepEqual(lines.map(l => [l.file.endsWith('d.xml'), l.line]), [[true, 2]]);
  const other = await start({ dir: store });
  const ids = (await client(other).get('Patient?_count=100')).body.entry.map(e => e.resource.id).sort();
  assert.deepEqual(ids, ['anna', 'b', 'c', 'd', 'f']);
  await other.remove();
});
