// Starts the real program on an empty folder and talks to it. Every test file has a server of its own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

const program = process.env.ZD_PROGRAM;
if (!program) throw new Error('ZD_PROGRAM names the zdravo program to test');

export const freePort = () => new Promise((resolve, reject) => {
  const probe = createServer();
  probe.on('error', reject);
  probe.listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => resolve(port));
  });
});

/** Runs a command to its end: { code, out, err }. */
export const run = (...args) => new Promise((resolve, reject) => {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '', err = '';
  child.stdout.on('data', d => { out += d; });
  child.stderr.on('data', d => { err += d; });
  child.on('error', reject);
  child.on('close', code => resolve({ code, out, err }));
});

export const folder = () => mkdtempSync(join(tmpdir(), 'zdravo-test-'));

// A test that fails leaves its server behind, and node would wait for it for ever.
const running = new Set();
after(() => running.forEach(child => child.kill('SIGKILL')));

export async function start({ dir = folder(), args = [], port } = {}) {
  port ??= await freePort();
  const child = spawn(program, ['serve', '--data', dir, '--listen', `127.0.0.1:${port}`, '--log-level', 'warn', ...args],
    { stdio: ['ignore', 'inherit', 'pipe'] });
  running.add(child);
  child.on('exit', () => running.delete(child));
  await new Promise((resolve, reject) => {
    let said = '';
    child.stderr.on('data', d => {
      said += d;
      if (said.includes('serves http')) resolve();
    });
    child.on('error', reject);
    child.on('exit', code => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
  const root = `http://127.0.0.1:${port}`;
  const ended = new Promise(resolve => child.on('exit', (code, signal) => resolve({ code, signal })));
  return {
    root, base: `${root}/fhir`, dir, port, child, ended,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
    async remove() {
      child.kill('SIGKILL');
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** One request: { status, headers, body, text }. `body` is parsed JSON when there is some. */
export async function ask(base, method, path, { body, headers = {}, raw } = {}) {
  const sent = { ...headers };
  if (body !== undefined || raw !== undefined) sent['Content-Type'] ??= 'application/fhir+json';
  const answer = await fetch(path.startsWith('http') ? path : `${base}/${path}`, {
    method, headers: sent, body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
  });
  const text = await answer.text();
  let parsed;
  try { parsed = text ? JSON.parse(text) : undefined; } catch { parsed = undefined; }
  return { status: answer.status, headers: answer.headers, body: parsed, text };
}

export const client = server => ({
  get: (path, o) => ask(server.base, 'GET', path, o),
  head: (path, o) => ask(server.base, 'HEAD', path, o),
  post: (path, body, o = {}) => ask(server.base, 'POST', path, { body, ...o }),
  put: (path, body, o = {}) => ask(server.base, 'PUT', path, { body, ...o }),
  delete: (path, o) => ask(server.base, 'DELETE', path, o),
});

/** What a question is answered that needs a parameter for which what is stored is still being indexed. */
export function laterOnly({ status, headers, body, text }) {
  assert.equal(status, 503, text);
  assert.ok(Number(headers.get('retry-after')) > 0, 'Retry-After');
  for (const issue of body.issue) {
    assert.equal(issue.code, 'transient', text);
    assert.match(issue.diagnostics, /being indexed/);
  }
  return true;
}

/** Follows next links; all entries. */
export async function pages(server, path) {
  const entries = [];
  let count = 0;
  for (let next = `${server.base}/${path}`; next; count++) {
    const { status, body, text } = await ask(server.base, 'GET', next);
    if (status !== 200) throw new Error(`${status} ${text}`);
    entries.push(...body.entry ?? []);
    next = body.link.find(l => l.relation === 'next')?.url;
  }
  return { entries, count };
}

export const patient = (more = {}) => ({
  resourceType: 'Patient', name: [{ family: 'Журавлёва', given: ['Анна', 'Ивановна'] }],
  gender: 'female', birthDate: '1984-05-17', ...more,
});
