// A naive search engine: keeps everything in memory and answers by looking at each resource. It is
// written from the specification alone, so that two unlike roads lead to the same answer.
import { inAnyUnit } from './units.mjs';
import { image } from './exact.mjs';
import { compartment, paramsOf } from './definitions.mjs';
import { anyNode, factsOf, targetType } from './facts.mjs';
import { Refusal, clause, split, unescape } from './match.mjs';
import { readFilter } from './filter.mjs';
import { Codes } from './codes.mjs';

const results = new Set(['_sort', '_count', '_total', '_include', '_revinclude', '_summary', '_elements', '_format',
  '_pretty', '_maxresults', '_type', '_contained', '_containedType']);

/** "a=b&c=d" as [[name, value]]. */
const readQuery = query => query.split('&').filter(Boolean).map(part => {
  const at = part.indexOf('=');
  const text = t => decodeURIComponent(t.replaceAll('+', ' '));
  return at < 0 ? [text(part), ''] : [text(part.slice(0, at)), text(part.slice(at + 1))];
});

class Kept {
  constructor(resource, row, updated, base) {
    Object.assign(this, { resource, row, base, type: resource.resourceType, id: resource.id, place: 0, facts: new Map(), there: new Map() });
    if (updated) resource.meta = { ...resource.meta, lastUpdated: updated };
  }
  get key() { return `${this.type}/${this.id}`; }
  of(param) {
    if (!this.facts.has(param.code)) this.facts.set(param.code, factsOf(this.resource, param, this.base));
    return this.facts.get(param.code);
  }
  has(param) {
    if (!this.there.has(param.code)) this.there.set(param.code, anyNode(this.resource, param, this.base, this.container?.resource));
    return this.there.get(param.code);
  }
  /** The resources within, each once made: what is known of them is kept. */
  get within() { return (this.inner ??= (this.resource.contained ?? []).map(r => new Contained(r, this))); }
  /** What the reference "#id" names here; "#" is the container, said within it. */
  local(text) {
    if (text === '#') return this.container;
    return (this.container ?? this).within.find(c => `#${c.id}` === text);
  }
}

/** A contained resource: it has no time of its own, and nobody outside names it. */
class Contained extends Kept {
  constructor(resource, container) {
    super(resource, container.row, undefined, container.base);
    this.container = container;
    this.place = 1 + container.resource.contained.indexOf(resource);
  }
  get key() { return `${this.container.key}#${this.id}`; }
  of(param) { return param.code === '_lastUpdated' ? [] : super.of(param); }
  has(param) { return param.code !== '_lastUpdated' && super.has(param); }
}

export class Engine {
  constructor(base, types, options = {}) {
    Object.assign(this, { base, types, kept: new Map(), row: 0, codes: new Codes(this), units: inAnyUnit, ...options });
    this.byType = new Map(types.map(t => [t, new Map()]));
  }

  put(resource, updated) {
    const kept = new Kept(resource, ++this.row, updated, this.base);
    this.byType.get(kept.type).set(kept.id, kept);
    this.joins = new Map();
  }
  remove(type, id) {
    this.row++;
    this.byType.get(type).delete(id);
    this.joins = new Map();
  }
  get(type, id) { return this.byType.get(type)?.get(id); }
  all(type) { return [...this.byType.get(type)?.values() ?? []]; }

  param(type, code) {
    const param = paramsOf(type).get(code);
    if (!param) throw new Refusal(`${type} has no parameter ${code}`);
    return param;
  }

  // ---- (resource) => boolean for one name=value ----

  test(type, name, value) {
    if (name.startsWith('_has:')) return this.has(type, name, value);
    if (name === '_list') return this.listed(value);
    if (name === '_filter') return readFilter(this, type, value);
    const dot = name.indexOf('.');
    if (dot >= 0) return this.chain(type, name.slice(0, dot), name.slice(dot + 1), value);
    const [code, modifier] = name.split(':');
    return this.leaf(type, code, modifier, value);
  }

  leaf(type, code, modifier, value) {
    const param = this.param(type, code);
    const fits = clause(value, modifier, { param, base: this.base, codes: this.codes, units: this.units, parts: (way, f) => this.parts(way, f),
      isType: t => this.byType.has(t) || /^[A-Z]/.test(t) });
    return kept => fits(kept.of(param), () => kept.has(param));
  }

  /** (facts) => boolean, without a modifier. */
  leafFacts(param, value) { return clause(value, undefined, { param, base: this.base }); }

  /** The resources of the store that a reference parameter leads to. */
  targets(kept, param) { return kept.of(param).flatMap(f => this.meant(f)); }

  /** What a chain goes on from. */
  reached(kept, param) { return [...this.targets(kept, param), ...this.contained(kept, param)]; }

  /** The contained resources that it leads to: "#id" in a Reference or a canonical. */
  contained(kept, param) {
    return (param.parts ?? []).flatMap(part => part.values(kept.resource)
      .map(v => (typeof v === 'string' ? v : v?.resourceType ? undefined : v?.reference))
      .filter(text => typeof text === 'string' && text.startsWith('#')).map(text => kept.local(text))
      .filter(c => c && (!part.only || c.type === part.only)));
  }

  /** Keys of what a resource is part of (above), or what is part of it (below), itself among them. */
  parts(way, { type, id }) {
    const param = wholes[type] && this.param(type, wholes[type]);
    if (!param) throw new Refusal(`${type} has no hierarchy`);
    const found = new Set([`${type}/${id}`]), wholesOf = k => k.of(param).filter(f => f.type === type).map(f => `${type}/${f.id}`);
    for (let before = 0; found.size !== before;) {
      before = found.size;
      for (const k of this.all(type)) {
        if (way === 'below' && wholesOf(k).some(w => found.has(w))) found.add(k.key);
        if (way === 'above' && found.has(k.key)) wholesOf(k).forEach(w => found.add(w));
      }
    }
    return found;
  }

  chain(type, step, rest, value) {
    const [code, only] = step.split(':');
    const param = this.param(type, code);
    if (param.type !== 'reference') throw new Refusal(`${code} is no reference`);
    const tests = new Map();
    const asked = only ? [only] : param.targets.includes('Resource') ? this.types : param.targets;
    let refused;
    for (const target of asked) {
      try { tests.set(target, memo(this.test(target, rest, value))); } catch (e) {
        if (!(e instanceof Refusal)) throw e;
        refused = e;
      }
    }
    if (!tests.size) throw refused ?? new Refusal(`${code} leads nowhere`);
    return kept => this.reached(kept, param).some(t => tests.get(t.type)?.(t));
  }

  has(type, name, value) {
    const [, source, code, ...rest] = name.split(':');
    if (!this.byType.has(source) || !code || !rest.length) throw new Refusal(name);
    const param = this.param(source, code), fits = this.test(source, rest.join(':'), value);
    if (param.type !== 'reference' || !mayRefer(param, type)) throw new Refusal(`${code} does not refer to ${type}`);
    const hit = new Set(this.all(source).filter(fits).flatMap(k => this.targets(k, param).map(t => t.key)));
    // Of what refers to a contained resource there is only its container, and what that contains besides.
    const beside = c => [c.container, ...c.container.within].filter(k => k.type === source && this.contained(k, param).includes(c));
    return kept => hit.has(kept.key) || (kept.container && beside(kept).some(fits)) === true;
  }

  listed(value) {
    const keys = new Set(split(value, ',').flatMap(id => {
      const list = this.get('List', unescape(id));
      return (list?.resource.entry ?? []).filter(e => e.deleted !== true).map(e => e.item.reference);
    }).flatMap(text => {
      const f = factsOf({ resourceType: 'List', entry: [{ item: { reference: text } }] }, this.param('List', 'item'), this.base)[0];
      return f?.id ? `${f.type}/${f.id}` : [];
    }));
    return kept => keys.has(kept.key);
  }

  inCompartment(name, id, type) {
    if (!this.get(name, id)) throw new Refusal(`${name}/${id} is not here`);
    const codes = compartment(name).get(type);
    if (!codes) return name === type ? kept => !kept.container && kept.id === id : () => false;
    const tests = codes.filter(c => c !== '{def}').map(c => this.param(type, c));
    return kept => (!kept.container && kept.type === name && kept.id === id)
      || tests.some(p => kept.of(p).some(f => f.type === name && f.id === id));
  }

  // ---- a whole search ----

  /** { matches: [Kept] in order, includes(page): Set of keys, tolerant, parts } */
  search(type, query, within) {
    const parts = readQuery(query);
    const filters = parts.filter(([n]) => !results.has(n.split(':')[0]));
    const wanted = parts.filter(([n]) => n === '_type').map(([, v]) => v.split(','));
    let types = type ? [type] : this.types.filter(t => wanted.every(w => w.includes(t)));
    if (within) types = types.filter(t => compartment(within.type).get(t) || t === within.type);
    const last = name => parts.filter(([n]) => n === name).at(-1)?.[1];
    const contained = last('_contained') ?? 'false', containers = contained === 'false' ? [] : this.types.flatMap(t => this.all(t)).filter(k => k.within.length);
    // What matches: resources, and contained ones, each on its own.
    const matched = [...new Set(types.flatMap(t => {
      const tests = filters.map(([n, v]) => this.test(t, n, v));
      if (within) tests.push(this.inCompartment(within.type, within.id, t));
      const fit = k => tests.every(fits => fits(k));
      return [...contained === 'true' ? [] : this.all(t).filter(fit), ...containers.flatMap(k => k.within.filter(c => c.type === t && fit(c)))];
    }))];
    const apart = last('_containedType') === 'contained';
    // What is shown: those themselves, or their containers, each by what matched of it.
    const shown = new Map();
    for (const k of matched) {
      const as = apart ? k : k.container ?? k;
      if (!shown.has(as)) shown.set(as, []);
      shown.get(as).push(k);
    }
    const keys = this.sortKeys(type, last('_sort'), k => shown.get(k), containers.length && !apart);
    const found = [...shown.keys()].sort((a, b) => byKeys(keys, a, b) || a.row - b.row || a.place - b.place);
    const limit = last('_maxresults');
    const matches = limit ? found.slice(0, Number(limit)) : found;
    const includes = parts.filter(([n]) => /^_(rev)?include/.test(n)).map(readInclude);
    return { matches, keys, includes: page => this.included(page, includes, page.flatMap(k => shown.get(k))) };
  }

  sortKeys(type, text, matchedOf, mixed) {
    if (!text) return [];
    return text.split(',').map(word => {
      const descending = word.startsWith('-'), code = word.replace(/^-/, '');
      // Containers are of several types, and stand by type first, in an order that the server chooses.
      if (code === '_id' && mixed) return { descending, value: k => k, order: (a, b) => (a.type === b.type ? bytes(a.id, b.id) : 0), tolerant: true };
      if (code === '_id') return { descending, value: k => k.id, order: bytes };
      if (code === '_lastUpdated') return { descending, value: k => (k.container ? undefined : k.row), order: (a, b) => a - b };
      const kind = this.param(type, code).type;
      const sorter = sorters[kind];
      if (!sorter) throw new Refusal(`_sort by ${code}`, 'not-supported');
      const value = k => {
        const values = matchedOf(k).flatMap(m => m.of(paramsOf(m.type).get(code))).map(f => sorter.value(f, descending)).filter(v => v !== undefined).sort(sorter.order);
        return descending ? values.at(-1) : values[0];
      };
      return { descending, value, order: sorter.order, tolerant: sorter.tolerant };
    });
  }

  /** What a page includes, beginning with what matched: contained resources refer, too. */
  included(page, includes, matched) {
    const had = new Set(page.map(k => k.key)), out = new Map();
    let fresh = matched, first = true;
    while (fresh.length) {
      const next = new Map();
      for (const inc of includes.filter(i => first || i.iterate)) {
        for (const k of this.follow(inc, fresh)) if (!had.has(k.key) && !out.has(k.key)) next.set(k.key, k);
      }
      next.forEach((k, key) => out.set(key, k));
      fresh = [...next.values()];
      first = false;
    }
    return new Set(out.keys());
  }

  follow(inc, from) {
    if (!inc.reverse) {
      return from.filter(k => inc.source === '*' || k.type === inc.source).flatMap(k => this.refers(inc, k)).flatMap(f => this.meant(f))
        .filter(k => !inc.target || k.type === inc.target);
    }
    const keys = new Set(from.map(k => k.key)), sources = inc.source === '*' ? this.types : [inc.source];
    return sources.flatMap(s => this.all(s)).filter(k => this.refers(inc, k)
      .some(f => this.meant(f).some(t => keys.has(t.key) && (!inc.target || t.type === inc.target))));
  }

  /** The resources that a fact of a reference parameter leads to: by type and id, or by canonical url. */
  meant(f) {
    if (f.id) return [this.get(f.type, f.id)].filter(Boolean);
    if (f.url === undefined || !('whole' in f)) return [];
    return this.types.flatMap(t => this.all(t)).filter(k => k.resource.url === f.url && (f.version === undefined || k.resource.version === f.version));
  }

  refers(inc, kept) {
    const params = inc.code === '*' ? [...paramsOf(kept.type).values()].filter(p => p.type === 'reference')
      : [this.param(inc.source, inc.code)];
    return params.flatMap(p => kept.of(p));
  }
}

const wholes = { Location: 'partof', Organization: 'partof', Encounter: 'part-of', Procedure: 'part-of', Observation: 'part-of', Task: 'part-of', ResearchStudy: 'partof' };
const mayRefer = (param, type) => !param.targets.length || param.targets.includes('Resource') || param.targets.includes(type);

function memo(fits) {
  const known = new Map();
  return kept => {
    if (!known.has(kept)) known.set(kept, fits(kept));
    return known.get(kept);
  };
}

function readInclude([name, value]) {
  const [source, code = '*', target] = value.split(':');
  return { reverse: name.startsWith('_rev'), iterate: /:(iterate|recurse)$/.test(name), source, code, target };
}

// ---- _sort: each resource by the least (descending: greatest) of its values, those without one last ----

const bytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const bounds = (a, b) => (a.low === undefined ? (b.low === undefined ? 0 : -1) : b.low === undefined ? 1
  : a.low < b.low ? -1 : a.low > b.low ? 1 : 0);
const numbers = f => ({ low: f.low && image(f.low) });
const sorters = {
  string: { value: f => f.folded, order: bytes },
  uri: { value: (f, descending) => (descending ? f.whole : f.url), order: bytes }, // a canonical is found with and without version
  token: { value: f => f.code, order: bytes, tolerant: true },
  reference: { value: f => (f.id ? `${f.type}/${f.id}` : f.url), order: bytes, tolerant: true },
  number: { value: numbers, order: bounds },
  quantity: { value: numbers, order: bounds },
  date: { value: f => f, order: bounds },
};

export function byKeys(keys, a, b) {
  for (const { descending, value, order } of keys) {
    const x = value(a), y = value(b);
    if (x === undefined && y === undefined) continue;
    if (x === undefined) return 1;
    if (y === undefined) return -1;
    const c = order(x, y);
    if (c) return descending ? -c : c;
  }
  return 0;
}

export { Refusal, targetType };
