// Freezes a store as the given program writes it: make.mjs NAME. See README.md.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask, folder, run, start } from '../api/server.mjs';

const name = process.argv[2], work = folder(), dir = join(work, 'store');
if (!name) throw new Error('usage: ZD_PROGRAM=... node make.mjs NAME');
const person = (i, given) => ({
  resourceType: 'Patient', id: `p${i}`, name: [{ family: `Иванов${i % 20}`, given: [given, 'Петровна'] }],
  gender: i % 2 ? 'male' : 'female', birthDate: `19${50 + i % 50}-0${1 + i % 9}-1${i % 10}`,
  identifier: [{ system: 'urn:example:n', value: `${i}` }],
});
const weight = i => ({
  resourceType: 'Observation', id: `o${i}`, status: 'final', subject: { reference: `Patient/p${i % 100}` },
  code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] }, effectiveDateTime: `2024-0${1 + i % 9}-05T10:00:00+03:00`,
  valueQuantity: { value: 40 + i % 60, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
});
const file = join(work, 'a.ndjson');
const many = (n, make) => Array.from({ length: n }, (_, i) => JSON.stringify(make(i)));
writeFileSync(file, [...many(100, i => person(i, 'Анна')), ...many(500, weight)].join('\n'));
const must = async (...args) => {
  const { code, out, err } = await run(...args);
  if (code !== 0) throw new Error(`${args[0]}: ${code} ${err}`);
  return out;
};
await must('import', file, '--data', dir, '--quiet');
if ((await run('help')).out.includes('define')) {
  const parameter = join(work, 'parameter.json');
  writeFileSync(parameter, JSON.stringify({ resourceType: 'SearchParameter', url: 'https://example.org/SearchParameter/second', name: 'second', status: 'active', description: 'second given name', code: 'second', base: ['Patient'], type: 'string', expression: 'Patient.name.given[1]' }));
  await must('define', parameter, '--data', dir);
}
const server = await start({ dir });
for (let i = 0; i < 40; i++) await ask(server.base, 'PUT', `Patient/p${i}`, { body: person(i, 'Вера') });
for (let i = 100; i < 110; i++) await ask(server.base, 'DELETE', `Observation/o${i}`);
const questions = ['Patient?gender=male', 'Patient?birthdate=ge1980', 'Patient?name=' + encodeURIComponent('Вера'), 'Patient?identifier=urn:example:n|7',
  'Observation?subject=Patient/p7', 'Observation?value-quantity=lt50', 'Observation?code=http://loinc.org|29463-7', 'Observation?date=2024-03-05', 'Patient?second=' + encodeURIComponent('Петр')];
const counts = {};
for (const q of questions) {
  const { status, body } = await ask(server.base, 'GET', `${q}&_summary=count`);
  if (status === 200) counts[q] = body.total;
}
const old = await ask(server.base, 'GET', 'Patient/p3/_history/1'), gone = await ask(server.base, 'GET', 'Observation/o105');
await server.stop('SIGKILL'); // so that a tail of the log is there, too
await must('export', '--data', dir, '--out', join(work, 'out'), '--threads', '1', '--quiet');
const lines = readdirSync(join(work, 'out')).sort().map(f => readFileSync(join(work, 'out', f), 'utf8')).join('').trim().split('\n');
rmSync(join(dir, 'import.state'));
rmSync(join(dir, 'lock'));
writeFileSync(join(work, 'expected.json'), JSON.stringify({ counts, oldVersion: old.body, goneStatus: gone.status, lines }));
const target = join(dirname(fileURLToPath(import.meta.url)), `${name}.tar.gz`);
execFileSync('tar', ['-C', work, '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '-czf', target, 'store', 'expected.json']);
rmSync(work, { recursive: true, force: true });
