// _filter (R4 search_filter.html): a recursive descent over its grammar.
import { Refusal } from './match.mjs';

const operators = new Set(['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb', 'pr', 'po', 'ss', 'sb', 'in', 'ni', 're']);

function tokens(text) {
  const found = [];
  const word = /\s*(?:([()[\]])|"((?:[^"\\]|\\.)*)"|([^\s()[\]"]+))/y;
  while (word.lastIndex < text.trimEnd().length) {
    const m = word.exec(text);
    if (!m) throw new Refusal(`_filter: ${text}`);
    found.push(m[1] ? { sign: m[1] } : m[2] !== undefined ? { text: m[2].replace(/\\(.)/g, '$1'), quoted: true } : { text: m[3] });
  }
  return found;
}

const escape = text => text.replace(/[,$\\]/g, '\\$&');

class Reader {
  constructor(engine, text) {
    this.engine = engine;
    this.rest = tokens(text);
  }
  take() {
    if (!this.rest.length) throw new Refusal('_filter ends too soon');
    return this.rest.shift();
  }
  sign(c) {
    if (this.rest[0]?.sign !== c) return false;
    this.rest.shift();
    return true;
  }
  expect(c) { if (!this.sign(c)) throw new Refusal(`_filter lacks ${c}`); }

  or(type) {
    const tests = [this.and(type)];
    while (this.rest[0]?.text === 'or' && !this.rest[0].quoted) {
      this.rest.shift();
      tests.push(this.and(type));
    }
    return k => tests.some(t => t(k));
  }
  and(type) {
    const tests = [this.one(type)];
    while (this.rest[0]?.text === 'and' && !this.rest[0].quoted) {
      this.rest.shift();
      tests.push(this.one(type));
    }
    return k => tests.every(t => t(k));
  }
  one(type) {
    if (this.rest[0]?.text === 'not' && this.rest[1]?.sign === '(') {
      this.rest.shift();
      this.expect('(');
      const inner = this.or(type);
      this.expect(')');
      return k => !inner(k);
    }
    if (this.sign('(')) {
      const inner = this.or(type);
      this.expect(')');
      return inner;
    }
    return this.compare(type);
  }
  compare(type) {
    const path = this.take().text, op = this.take().text;
    if (!path || !operators.has(op)) throw new Refusal(`_filter: ${path} ${op}`);
    const value = this.take();
    if (value.text === undefined) throw new Refusal('_filter lacks a value');
    return this.along(type, path, op, value.text);
  }
  along(type, path, op, value) {
    const dot = path.indexOf('.');
    if (dot < 0) return this.leaf(type, path, op, value);
    const [code, only] = path.slice(0, dot).split(':');
    const param = this.engine.param(type, code);
    const targets = only ? [only] : param.targets.includes('Resource') ? this.engine.types : param.targets;
    const tests = new Map();
    for (const t of targets) {
      try { tests.set(t, this.along(t, path.slice(dot + 1), op, value)); } catch (e) {
        if (!(e instanceof Refusal)) throw e;
      }
    }
    if (!tests.size) throw new Refusal(`_filter: ${path}`);
    return k => this.engine.targets(k, param).some(t => tests.get(t.type)?.(t));
  }
  leaf(type, code, op, text) {
    const param = this.engine.param(type, code);
    const ask = (modifier, value) => this.engine.leaf(type, code, modifier, value);
    const value = param.type === 'token' || param.type === 'quantity' ? escape(text) : escape(text).replaceAll('|', '\\|');
    const ordered = ['date', 'number', 'quantity'].includes(param.type);
    if (op === 'pr') return ask('missing', text === 'true' ? 'false' : 'true');
    if (ordered && ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb'].includes(op)) return ask(undefined, op + value);
    if (param.type === 'string' && op === 'co') return ask('contains', value);
    if (param.type === 'string' && op === 'sw') return ask(undefined, value);
    if (param.type === 'token' && op === 'eq') return ask(undefined, value);
    if (param.type === 'token' && op === 'ne') return ask('not', value);
    if (param.type === 'reference' && (op === 'eq' || op === 're')) return ask(undefined, escape(text));
    throw new Refusal(`_filter: ${op} on ${param.type}`, 'unchecked');
  }
}

export function readFilter(engine, type, text) {
  const reader = new Reader(engine, text);
  const test = reader.or(type);
  if (reader.rest.length) throw new Refusal('_filter goes on');
  return test;
}
