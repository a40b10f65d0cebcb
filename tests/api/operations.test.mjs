// Operations over HTTP, held against naive answers computed here from all resources.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { ask, client, pages, start } from './server.mjs';

let server, api;
const stored = new Map(); // "Type/id" -> resource
before(async () => {
  server = await start();
  api = client(server);
  await fill();
});
after(() => server.remove());

// ---- a small world of random references ----

let seed = 20261122;
const dice = n => { seed = (Math.imul(seed, 1103515245) + 12345) >>> 0; return (seed >>> 8) % n; };
const pick = list => list[dice(list.length)];
const some = (n, make) => Array.from({ length: n }, (_, i) => make(i));
const day = () => `20${20 + dice(6)}-0${1 + dice(9)}-1${dice(10)}`;
const concept = code => ({ coding: [{ system: 'urn:codes', code }] });
const maybe = (chance, more) => (dice(100) < chance ? more : {});

const form = name => { // one resource may be named in several ways
  const way = dice(8);
  return way === 0 ? `${server.base}/${name}` : way === 1 ? `${name}/_history/1` : name;
};
const to = name => ({ reference: form(name) });
const any = (type, n) => to(`${type}/${type.toLowerCase()}${dice(n)}`);

const makers = {
  Organization: [12, i => maybe(60, { partOf: any('Organization', Math.max(i, 1)) })],
  Location: [6, () => ({ managingOrganization: any('Organization', 12) })],
  Practitioner: [10, () => ({})],
  PractitionerRole: [10, () => ({ practitioner: any('Practitioner', 10), organization: any('Organization', 12), location: [any('Location', 6)] })],
  Medication: [5, () => ({ manufacturer: any('Organization', 12) })],
  Binary: [4, () => ({ contentType: 'text/plain', data: 'aGVsbG8=' })],
  Patient: [8, () => ({ managingOrganization: any('Organization', 12), ...maybe(30, { link: [{ other: any('Patient', 8), type: 'seealso' }] }) })],
  RelatedPerson: [6, () => ({ patient: any('Patient', 8) })],
  Encounter: [60, () => ({ status: 'finished', class: { code: 'AMB' }, subject: any('Patient', 8),
    participant: [{ individual: any('PractitionerRole', 10) }], location: [{ location: any('Location', 6) }],
    ...maybe(70, { period: { start: day(), end: '2025-12-31' } }) })],
  Condition: [60, () => ({ code: concept('c'), subject: any('Patient', 8), encounter: any('Encounter', 60),
    ...maybe(30, { asserter: any('Patient', 8) }), ...maybe(50, { onsetDateTime: day() }), ...maybe(50, { recordedDate: day() }) })],
  Observation: [150, () => ({ status: 'final', code: concept(pick(['a', 'b', 'c'])), subject: any('Patient', 8),
    performer: [pick([any('Patient', 8), any('Practitioner', 10), any('PractitionerRole', 10), any('Organization', 12)])],
    ...maybe(40, { encounter: any('Encounter', 60) }), ...maybe(80, { effectiveDateTime: day() }),
    ...maybe(20, { derivedFrom: [any('Observation', 150)] }) })],
  MedicationRequest: [40, () => ({ status: 'active', intent: 'order', subject: any('Patient', 8),
    medicationReference: any('Medication', 5), ...maybe(80, { authoredOn: day() }) })],
  Procedure: [30, () => ({ status: 'completed', subject: any('Patient', 8), performer: [{ actor: any('PractitionerRole', 10) }],
    ...maybe(60, { performedDateTime: day() }) })],
  Appointment: [30, () => ({ status: 'booked', participant: [{ actor: any('Patient', 8), status: 'accepted' }, { actor: any('Practitioner', 10), status: 'accepted' }],
    ...maybe(80, { start: `${day()}T10:00:00Z`, end: '2026-01-01T10:30:00Z' }) })],
  DocumentReference: [20, () => ({ status: 'current', subject: any('Patient', 8), ...maybe(60, { date: `${day()}T10:00:00Z` }),
    content: [{ attachment: { url: pick([`Binary/binary${dice(4)}`, `${server.base}/Binary/binary${dice(4)}`, 'https://elsewhere.example/Binary/binary1']) } }] })],
};

async function put(resources) {
  const entry = resources.map(resource => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }));
  const answer = await api.post('', { resourceType: 'Bundle', type: 'transaction', entry }, { headers: { Prefer: 'return=representation' } });
  assert.equal(answer.status, 200, answer.text);
  for (const { resource } of answer.body.entry) stored.set(`${resource.resourceType}/${resource.id}`, resource);
}

async function fill() {
  const all = [];
  for (const [type, [n, make]] of Object.entries(makers))
    for (const i of some(n, x => x)) all.push({ resourceType: type, id: `${type.toLowerCase()}${i}`, ...make(i) });
  all.sort(() => dice(3) - 1);
  // in three commits, so that _since has something to tell apart
  for (let i = 0; i < 3; i++) {
    await put(all.filter((_, k) => k % 3 === i));
    await new Promise(done => setTimeout(done, 30));
  }
}

// ---- the naive answer ----

const local = text => {
  const path = text.replace(`${server.base}/`, '').replace(/\/_history\/.*/, '');
  return stored.has(path) ? path : undefined;
};
function* references(value, key) {
  if (typeof value === 'string') {
    const name = key === 'reference' ? local(value) : key === 'url' && local(value)?.startsWith('Binary/') ? local(value) : undefined;
    if (name) yield name;
  } else if (value && typeof value === 'object') {
    for (const [k, v] of Object.entries(value)) yield* references(v, Array.isArray(value) ? key : k);
  }
}
const names = list => [list ?? []].flat().filter(Boolean).map(r => local(r.reference)).filter(Boolean);
const compartments = { // compartmentdefinition-patient.html, of the types above
  Patient: {
    Patient: r => names((r.link ?? []).map(l => l.other)), RelatedPerson: r => names(r.patient), Encounter: r => names(r.subject),
    Condition: r => [...names(r.subject), ...names(r.asserter)], Observation: r => [...names(r.subject), ...names(r.performer)],
    MedicationRequest: r => names(r.subject), Procedure: r => [...names(r.subject), ...names(r.performer.map(p => p.actor))],
    Appointment: r => names(r.participant.map(p => p.actor)), DocumentReference: r => names(r.subject),
  },
  Encounter: { Encounter: () => [], Condition: r => names(r.encounter), Observation: r => names(r.encounter) },
};
const careDates = {
  Encounter: r => [r.period], Condition: r => [r.onsetDateTime, r.recordedDate], Observation: r => [r.effectiveDateTime],
  MedicationRequest: r => [r.authoredOn], Procedure: r => [r.performedDateTime], Appointment: r => [r.start],
  DocumentReference: r => [undefined, r.date],
};
const lastMoment = text => text.slice(0, 10) + (text.length > 10 ? text.slice(10) : 'T23:59:59.999Z');
function inRange(resource, from, until) {
  const when = (careDates[resource.resourceType]?.(resource) ?? []).find(x => x);
  if (!when) return true;
  const [low, high] = when.start ? [when.start, when.end] : [when, when];
  return (!from || Date.parse(lastMoment(high)) >= Date.parse(from)) &&
    (!until || Date.parse(low) <= Date.parse(lastMoment(until)));
}
function everything(name, { start: from, end: until, types, since } = {}) {
  const personal = Object.keys(compartments.Patient);
  const inside = new Set(), others = new Set();
  for (const [key, r] of stored) {
    const links = compartments[name.split('/')[0]][r.resourceType];
    if (links && (key === name || links(r).includes(name)) && inRange(r, from, until)) inside.add(key);
  }
  for (const key of inside) for (const target of references(stored.get(key))) if (!inside.has(target)) others.add(target);
  for (const key of others) {
    if (personal.includes(key.split('/')[0])) continue;
    for (const target of references(stored.get(key)))
      if (!personal.includes(target.split('/')[0]) && !inside.has(target)) others.add(target);
  }
  const shown = set => [...set].filter(key => (!types || types.includes(key.split('/')[0])) &&
    (!since || stored.get(key).meta.lastUpdated >= since)).sort();
  return { match: shown(inside), include: shown(others) };
}
const told = entries => {
  const by = mode => (entries ?? []).filter(e => e.search.mode === mode).map(e => `${e.resource.resourceType}/${e.resource.id}`).sort();
  return { match: by('match'), include: by('include') };
};

/** Two answers are the same; else what is too much and what is missing. */
function same(got, expected, what) {
  const without = (a, b) => a.filter(x => !b.includes(x));
  for (const mode of ['match', 'include'])
    assert.deepEqual({ more: without(got[mode], expected[mode]), less: without(expected[mode], got[mode]) }, { more: [], less: [] }, `${mode} of ${what}`);
  assert.equal(got.match.length + got.include.length, expected.match.length + expected.include.length, what);
}

// ---- $everything ----

test('everything of each patient and of each encounter is what a naive look at all resources finds', async () => {
  for (const name of [...stored.keys()].filter(k => /^(Patient|Encounter)\//.test(k))) {
    const { status, body, text } = await api.get(`${name}/$everything`);
    assert.equal(status, 200, text);
    assert.equal(body.type, 'searchset');
    same(told(body.entry), everything(name), name);
    for (const e of body.entry) {
      assert.deepEqual(e.resource, stored.get(`${e.resource.resourceType}/${e.resource.id}`));
      assert.equal(e.fullUrl, `${server.base}/${e.resource.resourceType}/${e.resource.id}`);
    }
  }
});

test('care dates, types and times of change leave out what they do not name', async () => {
  const times = [...new Set([...stored.values()].map(r => r.meta.lastUpdated))].sort();
  for (let i = 0; i < 80; i++) {
    const name = `Patient/patient${dice(8)}`;
    const from = pick([undefined, day()]), until = pick([undefined, day(), '2023-07', '2024']);
    const types = pick([undefined, ['Observation'], ['Practitioner', 'Condition'], ['Patient', 'Organization', 'Medication']]);
    const since = pick([undefined, ...times]);
    const query = [from && `start=${from}`, until && `end=${until}`, types && `_type=${types}`, since && `_since=${since}`].filter(Boolean).join('&');
    const { status, body, text } = await api.get(`${name}/$everything?${query}`);
    assert.equal(status, 200, text);
    const wholeOf = { 7: `${until}-31`, 4: `${until}-12-31` };
    same(told(body.entry), everything(name, { start: from, end: wholeOf[until?.length] ?? until, types, since }), `${name} ${query}`);
  }
});

test('pages hold each resource of the compartment once, in one order, and what it refers to', async () => {
  for (const query of ['', '&_type=Observation,Practitioner', '&start=2022-01-01', '&_type=Medication']) {
    const whole = (await api.get(`Patient/patient1/$everything?${query.slice(1)}`)).body.entry ?? [];
    for (const size of [1, 7, 1000]) {
      const { entries, count } = await pages(server, `Patient/patient1/$everything?_count=${size}${query}`);
      const order = list => list.filter(e => e.search.mode === 'match').map(e => e.fullUrl);
      assert.deepEqual(order(entries), order(whole));
      assert.deepEqual([...new Set(told(entries).include)], told(whole).include);
      if (size === 1000) assert.equal(count, 1);
    }
  }
});

test('pages stay on the state of the first one; a link of another question is refused', async () => {
  const before = told((await api.get('Patient/patient2/$everything')).body.entry).match;
  const first = (await api.get('Patient/patient2/$everything?_count=3')).body;
  const next = first.link.find(l => l.relation === 'next').url;
  const extra = { resourceType: 'Observation', id: 'late', status: 'final', code: concept('a'), subject: { reference: 'Patient/patient2' } };
  assert.equal((await api.put('Observation/late', extra)).status, 201);
  const { entries } = await pages(server, next.slice(server.base.length + 1));
  assert.deepEqual(told([...first.entry, ...entries]).match, before);
  assert.equal((await api.get(next.replace('patient2', 'patient3'))).status, 400);
  assert.equal((await api.get(`${next}&start=2020`)).status, 400);
  assert.equal((await api.delete('Observation/late')).status, 204);
});

test('GET, HEAD, POST with Parameters, and within a batch', async () => {
  const path = 'Patient/patient3/$everything';
  const expected = told((await api.get(`${path}?_type=Observation&start=2022`)).body.entry);
  const parameters = { resourceType: 'Parameters', parameter: [{ name: '_type', valueCode: 'Observation' }, { name: 'start', valueDate: '2022' }] };
  assert.deepEqual(told((await api.post(path, parameters)).body.entry), expected);
  assert.deepEqual(told((await api.post(`${path}?start=2022&_type=Observation`)).body.entry), expected);
  const head = await api.head(`${path}?_type=Observation`);
  assert.equal(head.status, 200);
  assert.equal(head.text, '');
  const batch = url => ({ resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url } }] });
  const inBatch = (await api.post('', batch(`${path}?_type=Observation&start=2022`))).body.entry[0];
  assert.deepEqual(told(inBatch.resource.entry), expected);
  const lastn = (await api.post('', batch('Observation/$lastn?patient=Patient/patient3&code=a'))).body.entry[0];
  assert.equal(lastn.resource.total, (await api.get('Observation/$lastn?patient=Patient/patient3&code=a')).body.total);
  const posted = (await api.post('', { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'POST', url: path }, resource: parameters }] })).body.entry[0];
  assert.equal(posted.response.status.slice(0, 3), '400');
  assert.match(JSON.stringify(posted), /operations are asked with GET/);
});

test('_summary and _elements shorten the resources', async () => {
  const { body } = await api.get('Patient/patient1/$everything?_elements=Observation.code,subject&_pretty=true');
  assert.deepEqual(told(body.entry), everything('Patient/patient1'));
  const one = body.entry.find(e => e.resource.resourceType === 'Observation').resource;
  assert.deepEqual(Object.keys(one).sort(), ['code', 'id', 'meta', 'resourceType', 'status', 'subject']);
});

test('what cannot be answered is refused by name', async () => {
  const rows = [
    ['Patient/$everything', 403, /one Patient/], ['Encounter/$everything', 404, /it is at Patient\/\$everything, Patient\/\[id\]\/\$everything, Encounter\/\[id\]/],
    ['Patient/nobody/$everything', 404, /Patient\/nobody is not here/], ['Patient/patient1/$everything?foo=1', 400, /no parameter \\"foo\\"/],
    ['Patient/patient1/$everything?start=yesterday', 400, /start is a date/], ['Patient/patient1/$everything?_since=x', 400, /_since/],
    ['Patient/patient1/$everything?_type=Patient,Nurse', 400, /Nurse/], ['Patient/patient1/$everything?_count=0', 400, /_count/],
    ['Patient/patient1/$everything?_count=1x', 400, /_count/], ['Patient/patient1/$everything?start=2020&start=2021', 400, /twice/],
    ['Patient/patient1/$everything?_cursor=1-2-f0', 400, /page link/], ['Encounter/encounter1/$everything?start=2020', 400, /start/],
    ['Patient/patient1/$everything?_summary=count', 400, /_summary/], ['Patient/patient1/$everything?_format=ttl', 406, /ttl/],
    ['Patient/patient1/$match', 404, /\$match is not offered/], ['Observation/$lastn?code=a', 400, /patient/],
    ['Observation/$lastn?patient=Patient/patient1', 400, /category/], ['Observation/$lastn?patient=Patient/patient1&code=a&max=0', 400, /max/],
    ['Observation/$lastn?patient=Patient/patient1&code=a&_sort=date', 400, /_sort/], ['Observation/$lastn?patient=Patient/patient1&code=a&colour=red', 400, /colour/],
    ['Observation/$stats?code=a&statistic=count', 400, /subject/], ['Observation/$stats?subject=Patient/1&statistic=count', 400, /code/],
    ['Observation/$stats?subject=Patient/1&code=a', 400, /statistic/], ['Observation/$stats?subject=Patient/1&code=a&statistic=mode', 400, /mode/],
    ['Observation/$stats?subject=Patient/1&code=a&statistic=count&period=2020', 400, /POST/], ['Observation/$stats?subject=Patient/1&code=a&statistic=count&duration=-1', 400, /duration/],
    ['Observation/$stats?subject=Patient/1&code=a&statistic=count&_summary=true', 400, /_summary/], ['Observation/$stats?subject=Patient/1&code=a&statistic=count&params=x', 400, /params/],
  ];
  for (const [path, status, why] of rows) {
    const answer = await api.get(path);
    assert.equal(answer.status, status, path);
    assert.equal(answer.body.resourceType, 'OperationOutcome');
    assert.match(JSON.stringify(answer.body), why, path);
  }
  const parts = { resourceType: 'Parameters', parameter: [{ name: 'start', part: [{ name: 'x', valueCode: 'y' }] }] };
  assert.equal((await api.post('Patient/patient1/$everything', parts)).status, 400);
  assert.equal((await api.post('Patient/patient1/$everything', { resourceType: 'Patient' })).status, 400);
  assert.equal((await api.delete('Patient/patient1/$everything')).status, 405);
});

test('the CapabilityStatement names the operations', async () => {
  const { rest: [{ resource }] } = (await api.get('metadata')).body;
  const of = type => resource.find(r => r.type === type).operation?.map(o => `${o.name} ${o.definition}`);
  const base = 'http://hl7.org/fhir/OperationDefinition';
  const every = `validate ${base}/Resource-validate`;
  assert.deepEqual(of('Patient'), [`everything ${base}/Patient-everything`, every]);
  assert.deepEqual(of('Encounter'), [`everything ${base}/Encounter-everything`, every]);
  assert.deepEqual(of('Observation'), [`lastn ${base}/Observation-lastn`, every, `stats ${base}/Observation-stats`]);
  assert.deepEqual(of('Location'), [every]);
});

// ---- large answers ----

test('a large answer goes out in parts, in any coding; slow readers keep nobody waiting', async () => {
  const resources = [{ resourceType: 'Patient', id: 'big' }, ...some(9000, i => ({ resourceType: 'Observation', id: `big${i}`, status: 'final',
    code: { text: 'x'.repeat(200) + i }, subject: { reference: 'Patient/big' } }))];
  const entry = resources.map(resource => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }));
  assert.equal((await api.post('', { resourceType: 'Bundle', type: 'transaction', entry })).status, 200);
  const slow = some(40, () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    socket.write(`GET /fhir/Patient/big/$everything HTTP/1.1\r\nHost: h\r\n\r\n`);
    return socket;
  });
  await new Promise(done => setTimeout(done, 300));
  const whole = await ask(server.base, 'GET', 'Patient/big/$everything');
  assert.equal(whole.headers.get('content-length'), null);
  assert.equal(whole.body.entry.length, 9001);
  assert.equal(new Set(whole.body.entry.map(e => e.fullUrl)).size, 9001);
  const zipped = await fetch(`${server.base}/Patient/big/$everything`, { headers: { 'Accept-Encoding': 'gzip' } });
  assert.equal(zipped.headers.get('content-encoding'), 'gzip');
  assert.equal(await zipped.text(), whole.text);
  assert.equal((await ask(server.base, 'GET', 'Patient/big/$everything?_pretty=true')).text, JSON.stringify(whole.body, null, 2).replace('$everything"', '$everything?_pretty=true"'));
  // one of the slow ones reads on in the end, and has missed nothing
  const read = await new Promise(done => {
    const parts = [];
    slow[0].on('data', part => { parts.push(part); if (part.subarray(-7).toString().endsWith('0\r\n\r\n')) done(Buffer.concat(parts).toString()); });
    slow[0].resume();
  });
  const body = read.slice(read.indexOf('\r\n\r\n') + 4).replace(/(^|\r\n)[0-9a-f]+\r\n/g, '').replace(/\r\n$/, '');
  assert.equal(body, whole.text);
  slow.forEach(s => s.destroy());
});

// ---- $lastn ----

const observation = (id, codings, when, more = {}) => ({ resourceType: 'Observation', id, status: 'final', subject: { reference: 'Patient/last' },
  category: [concept('lab')], code: typeof codings === 'string' ? { text: codings } : { coding: codings.map(c => ({ system: c.split('|')[0], code: c.split('|')[1] })) },
  ...(typeof when === 'string' ? { effectiveDateTime: when } : when), ...more });
const lastn = async query => {
  const { status, body, text } = await api.get(`Observation/$lastn?patient=Patient/last&${query}`);
  assert.equal(status, 200, text);
  assert.equal(body.total, body.entry?.length ?? 0);
  return (body.entry ?? []).map(e => e.resource.id);
};

test('lastn: the tables of the specification', async () => {
  await put([{ resourceType: 'Patient', id: 'last' },
    observation('a1', ['u|a'], '2024-01-01'), observation('a2', ['u|a'], '2024-01-02'), observation('a3', ['u|a'], '2024-01-03T10:00:00Z'),
    observation('a4', ['u|a'], '2024-01-03T12:00:00+02:00'), // the same moment as a3
    observation('b1', ['u|b'], '2024-02-01'), observation('other', ['v|a'], '2023-01-01'),
    observation('t1', 'Text', '2022-01-01'), observation('t2', 'T e x t', '2022-01-02'), observation('t3', 'Text', '2022-01-03'),
    observation('none', ['u|n'], {}), observation('p', ['u|p'], { effectivePeriod: { start: '2021-01-01', end: '2030-01-01' } }),
    observation('error', ['u|e'], '2020-01-01', { status: 'entered-in-error' })]);
  assert.deepEqual(await lastn('category=lab'), ['b1', 'a4', 'a3', 'other', 't3', 't2', 'p', 'error', 'none']);
  assert.deepEqual(await lastn('category=lab&max=2'), ['b1', 'a4', 'a3', 'other', 't3', 't2', 't1', 'p', 'error', 'none']);
  assert.deepEqual(await lastn('category=lab&max=3&code=u|a'), ['a4', 'a3', 'a2']);
  assert.deepEqual(await lastn('code=u|a&max=1&status=final'), ['a4', 'a3']);
  assert.deepEqual(await lastn('code=nothing'), []);
  assert.deepEqual(await lastn('category=lab&date=lt2024&status=final'), ['other', 't3', 't2', 'p']);
  const parameters = { resourceType: 'Parameters', parameter: [{ name: 'max', valuePositiveInt: 3 }, { name: 'subject', valueUri: 'Patient/last' }, { name: 'code', valueString: 'u|a' }] };
  assert.deepEqual((await api.post('Observation/$lastn', parameters)).body.entry.map(e => e.resource.id), ['a4', 'a3', 'a2']);
  // codes that stand together are one, and so are those that stand with either elsewhere
  await put([observation('ab', ['u|a', 'u|b'], '2024-03-01')]);
  assert.deepEqual(await lastn('code=u|a,u|b'), ['ab']);
  assert.deepEqual(await lastn('code=u|a,u|b&max=3'), ['ab', 'b1', 'a4', 'a3']);
});

test('lastn agrees with a naive one on random Observations', async () => {
  const list = some(300, i => ({ ...observation(`r${i}`, some(1 + dice(2), () => `u|${dice(14)}`), `2024-01-${10 + dice(15)}`), subject: { reference: 'Patient/random' } }));
  await put([{ resourceType: 'Patient', id: 'random' }, ...list]);
  for (const max of [1, 2, 5]) {
    let groups = list.map(o => ({ codes: new Set(o.code.coding.map(c => c.code)), list: [o] }));
    for (let changed = true; changed;) {
      changed = false;
      for (const g of groups) {
        const other = groups.find(h => h !== g && [...h.codes].some(c => g.codes.has(c)));
        if (!other) continue;
        other.codes.forEach(c => g.codes.add(c));
        g.list.push(...other.list);
        groups = groups.filter(h => h !== other);
        changed = true;
        break;
      }
    }
    const expected = groups.flatMap(g => {
      const sorted = g.list.sort((a, b) => (a.effectiveDateTime < b.effectiveDateTime ? 1 : -1));
      const last = sorted[Math.min(max, sorted.length) - 1].effectiveDateTime;
      return sorted.filter(o => o.effectiveDateTime >= last).map(o => o.id);
    }).sort();
    const { body } = await api.get(`Observation/$lastn?subject=Patient/random&category=lab&max=${max}`);
    assert.deepEqual(body.entry.map(e => e.resource.id).sort(), expected);
    const times = body.entry.map(e => e.resource.effectiveDateTime);
    assert.deepEqual(times, [...times].sort().reverse());
  }
});

// ---- $stats ----

const quantity = (value, code = 'mg/dL', more = {}) => ({ value, unit: code, system: 'http://unitsofmeasure.org', code, ...more });
const measured = (id, value, when, more = {}) => ({ resourceType: 'Observation', id, status: 'final', subject: { reference: 'Patient/stats' },
  code: concept('glucose'), effectiveDateTime: when, ...(value === undefined ? {} : { valueQuantity: quantity(value) }), ...more });
const figures = body => body.parameter.filter(p => p.name === 'statistics').map(p => ({
  code: p.resource.code.coding?.[0].code ?? p.resource.code.text, period: p.resource.effectivePeriod, subject: p.resource.subject.reference, status: p.resource.status,
  ...Object.fromEntries(p.resource.component.map(c => [c.code.text ?? c.code.coding[0].code, c.valueQuantity?.value ?? c.dataAbsentReason.text])),
  units: p.resource.component.map(c => c.valueQuantity?.code) }));
const stats = async query => {
  const { status, body, text } = await api.get(`Observation/$stats?${query}`);
  assert.equal(status, 200, text);
  return figures(body);
};

test('stats: figures, what counts and what does not', async () => {
  await put([{ resourceType: 'Patient', id: 'stats' },
    ...[5, 1.5, 2, 9, 2.25].map((v, i) => measured(`s${i}`, v, `2024-01-0${i + 1}`)),
    measured('wrong', 1000, '2024-01-01', { status: 'entered-in-error' }),
    measured('empty', undefined, '2024-01-01', { dataAbsentReason: concept('x') }),
    measured('below', undefined, '2024-01-01', { valueQuantity: quantity(1, 'mg/dL', { comparator: '<' }) }),
    measured('bare', undefined, '2024-01-01', { valueQuantity: { value: 3, unit: 'mg/dL' } }),
    measured('changed', 77, '2024-01-01', { modifierExtension: [{ url: 'urn:other', valueBoolean: true }] }),
    measured('elsewhere', 7, '2024-01-01', { subject: { reference: 'Patient/last' } })]);
  const every = ['average', 'maximum', 'minimum', 'count', 'total-count', 'median', 'std-dev', 'sum', 'variance', '20-percent', '80-percent',
    '4-lower', '4-upper', '4-dev', '5-1', '5-2', '5-3', '5-4', 'skew', 'kurtosis', 'regression'];
  const [got] = await stats(`subject=Patient/stats&code=glucose&system=urn:codes&${every.map(s => `statistic=${s}`).join('&')}`);
  const x = [1.5, 2, 2.25, 5, 9], n = 5, mean = 3.95, m = k => x.reduce((sum, v) => sum + (v - mean) ** k, 0) / n;
  const expected = { average: 3.95, maximum: 9, minimum: 1.5, count: 5, 'total-count': 9, median: 2.25, sum: 19.75,
    variance: m(2) * n / (n - 1), 'std-dev': Math.sqrt(m(2) * n / (n - 1)), '20-percent': 1.9, '80-percent': 5.8, '4-lower': 2, '4-upper': 5, '4-dev': 1.5,
    '5-1': 1.9, '5-2': 2.15, '5-3': 3.35, '5-4': 5.8, skew: Math.sqrt(n * (n - 1)) / (n - 2) * m(3) / m(2) ** 1.5,
    kurtosis: (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (m(4) / m(2) ** 2 - 3) + 6) };
  const byTime = [5, 1.5, 2, 9, 2.25], gradient = byTime.reduce((sum, v, i) => sum + (v - mean) * (i - 2), 0) / 10 / 24;
  Object.assign(expected, { gradient, 'intercept at 2024-01-01T00:00:00.000Z': mean - gradient * 48 });
  for (const [name, value] of Object.entries(expected))
    assert.ok(Math.abs(got[name] - value) <= 1e-12 * Math.max(1, Math.abs(value)), `${name}: ${got[name]}, not ${value}`);
  for (const exact of ['average', 'median', 'sum', '20-percent', '5-3', '4-dev']) assert.equal(got[exact], expected[exact]);
  assert.deepEqual([got.code, got.subject, got.status], ['glucose', 'Patient/stats', 'final']);
  assert.ok(got.units.includes('(mg/dL).(mg/dL)') && got.units.includes('(mg/dL)/h') && got.units.includes('1'));
});

test('stats: periods, durations, sources, several codes', async () => {
  const period = { resourceType: 'Parameters', parameter: [{ name: 'subject', valueUri: `${server.base}/Patient/stats` }, { name: 'coding', valueCoding: { system: 'urn:codes', code: 'glucose' } },
    { name: 'period', valuePeriod: { start: '2024-01-02', end: '2024-01-04' } }, { name: 'statistic', valueCode: 'sum' }, { name: 'statistic', valueCode: 'count' }] };
  const [one] = figures((await api.post('Observation/$stats', period)).body);
  assert.deepEqual([one.sum, one.count, one.period], [12.5, 3, { start: '2024-01-02', end: '2024-01-04' }]);
  await put([measured('now', 4, new Date(Date.now() - 1800e3).toISOString())]);
  const [hour] = await stats('subject=Patient/stats&code=glucose&statistic=sum&statistic=std-dev&duration=1.5');
  assert.deepEqual([hour.sum, hour['std-dev']], [4, 'it takes two values']);
  const { body } = await api.get('Observation/$stats?subject=Patient/stats&code=glucose&statistic=count&include=true&limit=2');
  assert.deepEqual(body.parameter.filter(p => p.name === 'source').map(p => p.resource.id), ['now', 's4']);
  const all = (await api.get('Observation/$stats?subject=Patient/stats&code=glucose&statistic=count&include=true')).body;
  assert.deepEqual(all.parameter.filter(p => p.name === 'source').map(p => p.resource.id), ['now', 's4', 's3', 's2', 's1', 's0']);
  const two = await stats('subject=Patient/stats&code=glucose&code=nothing&statistic=count&statistic=average');
  assert.deepEqual(two.map(f => [f.code, f.count, f.average]), [['glucose', 6, 23.75 / 6], ['nothing', 0, 'there are no values']]);
  const both = { ...period, parameter: [...period.parameter, { name: 'duration', valueDecimal: 1 }] };
  assert.equal((await api.post('Observation/$stats', both)).status, 400);
});

test('stats: panels give the figures of their parts', async () => {
  const component = (code, value) => ({ code: concept(code), valueQuantity: quantity(value, 'mm[Hg]') });
  await put([measured('bp1', undefined, '2024-01-01', { code: concept('bp'), component: [component('sys', 120), component('dia', 80)] }),
    measured('bp2', undefined, '2024-01-02', { code: concept('bp'), component: [component('sys', 130), component('dia', 85)] }),
    measured('m1', 60, '2024-01-01', { code: concept('pulse') }), measured('m2', 999, '2024-01-01', { code: concept('pulse'), status: 'entered-in-error' }),
    measured('panel', undefined, '2024-01-01', { code: concept('bp'), hasMember: [{ reference: 'Observation/m1' }, { reference: 'Observation/m2' }] }),
    measured('panel2', undefined, '2024-01-01', { code: concept('bp'), hasMember: [{ reference: 'Observation/m1' }] })]);
  const parts = await stats('subject=Patient/stats&code=bp&statistic=average&statistic=count');
  assert.deepEqual(parts.map(f => [f.code, f.average, f.count]).sort(), [['dia', 82.5, 2], ['pulse', 60, 1], ['sys', 125, 2]]);
  const [direct] = await stats('subject=Patient/stats&code=sys&statistic=maximum&statistic=total-count');
  assert.deepEqual([direct.code, direct.maximum, direct['total-count']], ['sys', 130, 2]);
});

test('stats: values in different units are converted when that is exact', async () => {
  const weigh = (id, value, unit) => measured(id, undefined, '2024-02-01', { code: concept('weight'), valueQuantity: quantity(value, unit) });
  const ask = async () => {
    const { body } = await api.get('Observation/$stats?subject=Patient/stats&code=weight&statistic=sum&statistic=maximum&statistic=count');
    return body.parameter[0].resource.component.map(c => [c.valueQuantity.value, c.valueQuantity.code]);
  };
  await put([weigh('w1', 2.5, 'kg'), weigh('w2', 500.5, 'g'), weigh('w3', 10, 'mg'), weigh('w4', 1, 'kg{dry}')]);
  assert.deepEqual(await ask(), [[4.00051, 'kg'], [2.5, 'kg'], [4, '1']]);
  await put([weigh('w1', 1, '[oz_av]'), weigh('w2', 1, 'g'), weigh('w3', 1, '[oz_av]'), weigh('w4', 1, 'g')]);
  assert.deepEqual(await ask(), [[58.69904625, 'g'], [28.349523125, 'g'], [4, '1']]);
});

test('stats: values in units that do not convert exactly are refused, and named', async () => {
  await put([measured('mixed', 1, '2024-02-01', { code: concept('mix') }), measured('mixed2', undefined, '2024-02-01', { code: concept('mix'), valueQuantity: quantity(1, 'mmol/L') })]);
  const { status, text } = await api.get('Observation/$stats?subject=Patient/stats&code=mix&statistic=average');
  assert.equal(status, 422);
  assert.match(text, /mg\/dL/);
  assert.match(text, /mmol\/L/);
});
