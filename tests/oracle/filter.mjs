// _filter (R4 search_filter.html): a recursive descent over its grammar.
import { fold, moment } from './exact.mjs';
import { Refusal, token } from './match.mjs';

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

  /** Tests joined by and, or: from left to right, neither binds closer. */
  run(type) {
    let test = this.one(type);
    while (!this.rest[0]?.quoted && ['and', 'or'].includes(this.rest[0]?.text)) {
      const left = test, both = this.rest.shift().text === 'and', right = this.one(type);
      test = both ? k => left(k) && right(k) : k => left(k) || right(k);
    }
    return test;
  }
  one(type) {
    if (this.rest[0]?.text === 'not' && this.rest[1]?.sign === '(') {
      this.rest.shift();
      this.expect('(');
      const inner = this.run(type);
      this.expect(')');
      return k => !inner(k);
    }
    if (this.sign('(')) {
      const inner = this.run(type);
      this.expect(')');
      return inner;
    }
    return this.compare(type);
  }
  /** path op value; of a path with brackets what stands in them is read later, for the types it is about. */
  compare(type) {
    let path = this.take().text;
    const narrows = [];
    while (path && this.sign('[')) {
      const inner = [];
      for (let depth = 1; ;) {
        const t = this.take();
        if (t.sign === '[') depth++;
        if (t.sign === ']' && !--depth) break;
        inner.push(t);
      }
      const more = this.take().text;
      if (!more?.startsWith('.')) throw new Refusal('_filter: a path goes on behind ]');
      path += `[${narrows.push(inner) - 1}]${more}`;
    }
    const op = this.take().text;
    if (!path || !operators.has(op)) throw new Refusal(`_filter: ${path} ${op}`);
    const value = this.take();
    if (value.text === undefined) throw new Refusal('_filter lacks a value');
    return this.along(type, path, op, value.text, narrows);
  }
  narrowed(type, tokens) {
    const inner = Object.assign(Object.create(Reader.prototype), { engine: this.engine, rest: [...tokens] }), test = inner.run(type);
    if (inner.rest.length) throw new Refusal('_filter goes on');
    return test;
  }
  along(type, path, op, value, narrows) {
    const dot = path.indexOf('.');
    if (dot < 0) return this.leaf(type, path, op, value);
    const [, step, narrow] = /^([^[]*)(?:\[(\d+)\])?$/.exec(path.slice(0, dot)), [code, only] = step.split(':');
    const param = this.engine.param(type, code);
    if (param.type !== 'reference') throw new Refusal(`_filter: ${code} is no reference that is followed`);
    const targets = only ? [only] : param.targets.includes('Resource') ? this.engine.types : param.targets;
    const tests = new Map();
    for (const t of targets) {
      try {
        const found = this.along(t, path.slice(dot + 1), op, value, narrows), within = narrow === undefined ? () => true : this.narrowed(t, narrows[narrow]);
        tests.set(t, k => found(k) && within(k));
      } catch (e) {
        if (!(e instanceof Refusal)) throw e;
      }
    }
    if (!tests.size) throw new Refusal(`_filter: ${path}`);
    return k => this.engine.reached(k, param).some(t => tests.get(t.type)?.(t));
  }
  leaf(type, code, op, text) {
    const param = this.engine.param(type, code), value = escape(text);
    const ask = (modifier, asked) => this.engine.leaf(type, code, modifier, asked);
    const any = test => kept => kept.of(param).some(test);
    if (op === 'pr') return ask('missing', text === 'true' ? 'false' : 'true');
    if (['date', 'number', 'quantity'].includes(param.type) && prefixed.has(op)) return ask(undefined, op + value);
    if (param.type === 'date' && op === 'po') {
      const asked = moment(text);
      if (!asked) throw new Refusal(`_filter: not a date: ${text}`);
      return any(f => (f.low === undefined || f.low <= asked.high) && (f.high === undefined || f.high >= asked.low));
    }
    if (param.type === 'string' && compared[op]) {
      const folded = fold(text);
      if (!folded) throw new Refusal(`_filter: nothing to compare in ${text}`);
      return any(f => compared[op](Buffer.from(f.folded), Buffer.from(folded)));
    }
    if (param.type === 'token') {
      const is = token(escape(text));
      if (op === 'eq') return any(is);
      if (op === 'ne') return any(f => f.code !== undefined && !is(f)); // "an item in the set has an unequal value"
    }
    if (param.type === 'token' && op === 'in') return ask('in', value);
    if (param.type === 'token' && op === 'ni') return ask('not-in', value);
    if (param.type === 'uri' && ['eq', 'ne', 'co', 'sw', 'ew'].includes(op)) {
      if (op === 'eq') return any(f => f.whole === text || f.url === text);
      if (op === 'ne') return any(f => f.whole !== text && f.url !== text);
      return any(f => compared[op](Buffer.from(f.whole), Buffer.from(text)));
    }
    if (param.type === 'reference' && op === 'ne') {
      const is = this.engine.leafFacts(param, value);
      return any(f => !f.identifier && !is([f]));
    }
    if (param.type === 'reference' && (op === 'eq' || op === 're')) return ask(undefined, value);
    if (param.type === 'composite' && op === 'eq') return ask(undefined, text.replace(/[,\\]/g, '\\$&')); // $ parts it
    throw new Refusal(`_filter: ${op} on ${param.type}`, 'unchecked');
  }
}

const prefixed = new Set(['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb']);
const compared = {
  eq: (a, b) => a.equals(b), ne: (a, b) => !a.equals(b), co: (a, b) => a.includes(b), sw: (a, b) => a.subarray(0, b.length).equals(b),
  ew: (a, b) => a.length >= b.length && a.subarray(a.length - b.length).equals(b), gt: (a, b) => Buffer.compare(a, b) > 0,
  ge: (a, b) => Buffer.compare(a, b) >= 0, lt: (a, b) => Buffer.compare(a, b) < 0, le: (a, b) => Buffer.compare(a, b) <= 0,
};

export function readFilter(engine, type, text) {
  const reader = new Reader(engine, text);
  const test = reader.run(type);
  if (reader.rest.length) throw new Refusal('_filter goes on');
  return test;
}
