// Random searches: values are drawn from what resources say, then bent, so that most questions are
// near the border between matching and not. Each tells the features it needs.
import { compartment, paramsOf } from './definitions.mjs';
import { codes, profiles, published, setUrls, systems, uris, words } from './resources.mjs';

const escape = text => String(text).replace(/[\\,|$]/g, '\\$&');
const encode = text => encodeURIComponent(text).replace(/%20/g, '+');
const prefixes = ['', '', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'];
const compartments = ['Patient', 'Patient', 'Practitioner', 'Encounter', 'Device'];
const malformed = ['gender=', 'birthdate=2020-13', 'birthdate=zz2020', '_count=-1', '_count=x', '_total=some', 'nonsense=1', 'name:sideways=a',
  'birthdate:exact=2020', 'gender:missing=maybe', '_sort=nonsense', '_sort=', 'general-practitioner.nonsense=1', 'gender.name=a',
  '_has:Observation:nonsense:code=a', '_has:Nonsense:subject:code=a', '_has:Observation:code:code=a', '_has:Observation=a', '_include=Patient:nonsense', '_include=Nonsense:x',
  '_revinclude=Observation:code', '_filter=name+eq', '_filter=name+zz+a', '_filter=(name+eq+a', '_filter=nonsense+eq+a', 'name=a\\b', 'name=%ff', 'identifier:of-type=a|b',
  '_lastUpdated=yesterday', 'name=a,,b', 'birthdate=2020-02-30', 'name=%C3%28', '_elements=nonsense', '_summary=maybe', 'identifier=|', 'phone:in=http://example.org/nowhere',
  'link:Nonsense=1', '_id:exact=a', 'name=...'];

export class Questioner {
  constructor(dice, engine, types, ids) { Object.assign(this, { dice, engine, types, ids }); }

  /** { path, features: [...], type }, none of whose features is in `avoid`. */
  ask(avoid = new Set()) {
    for (;;) {
      const question = this.draw();
      if (!question.features.some(f => avoid.has(f))) return question;
    }
  }

  draw() {
    const { dice } = this;
    this.features = new Set();
    if (dice.chance(0.03)) return { path: `Patient?${dice.one(malformed)}`, features: ['malformed'], malformed: true };
    const d = dice.below(100);
    if (d < 4) return this.system();
    if (d < 8) return this.compartment();
    const type = dice.one(this.types);
    if (d < 11) return this.contained(dice.chance(0.5) ? type : this.within() ?? type);
    return { path: `${type}?${this.query(type, dice.weighted({ 1: 6, 2: 3, 3: 1, 0: 0.5 })).join('&')}`, features: [...this.features], type };
  }

  /** Parameters that shape the answer only. */
  shape() {
    return this.dice.one(['_summary=count', '_count=0', '_total=estimate', '_total=none', '_elements=id', '_summary=true', '_summary=text', '_summary=data']);
  }

  query(type, parts) {
    const query = Array.from({ length: Number(parts) }, () => this.part(type, 2));
    const { dice } = this;
    if (dice.chance(0.15)) query.push(`_sort=${this.sort(type)}`);
    if (dice.chance(0.12)) query.push(...this.includes(type));
    if (dice.chance(0.8)) query.push(`_count=${dice.one([1, 2, 5, 7, 20, 100])}`);
    let shape = dice.chance(0.1) ? this.shape() : '';
    if (shape === '_summary=text' && query.some(q => /^_(rev)?include/.test(q))) shape = ''; // the specification forbids it
    if (/_count/.test(shape)) query.splice(0, query.length, ...query.filter(q => !q.startsWith('_count=')));
    if (shape) query.push(shape);
    else if (dice.chance(0.3)) query.push('_total=accurate');
    // The order of tokens depends on numbers the server gives to code systems, so it is not cut short.
    if (dice.chance(0.03) && !this.features.has('_sort token')) query.push(`_maxresults=${this.feature('_maxresults', dice.between(1, 12))}`);
    return query;
  }
  /** What is contained in others, or both: containers, or what they contain; in any order, and what those refer to. */
  contained(type) {
    const { dice } = this;
    this.feature('_contained');
    const query = Array.from({ length: dice.between(0, 2) }, () => (dice.chance(0.2) ? this.chain(type, 3) : dice.chance(0.25) ? this.has(type, 2) : null) ?? this.leaf(type));
    query.push(`_contained=${dice.one(['true', 'true', 'both', 'false'])}`, `_count=${dice.one([1, 2, 7, 100])}`);
    if (dice.chance(0.6)) query.push(`_containedType=${dice.one(['container', 'contained', 'contained'])}`);
    if (dice.chance(0.3)) query.push('_total=accurate');
    if (dice.chance(0.3)) query.push(`_sort=${dice.chance(0.3) ? this.feature('_sort _lastUpdated', dice.one(['_lastUpdated', '-_lastUpdated'])) : this.sort(type)}`);
    if (dice.chance(0.25)) query.push(...this.includes(type));
    if (dice.chance(0.05) && !this.features.has('_sort token')) query.push(`_maxresults=${this.feature('_maxresults', dice.between(1, 12))}`);
    if (dice.chance(0.06)) query.push(dice.one(['_summary=true', '_summary=data', '_elements=id', '_summary=count']));
    return { path: `${type}?${query.join('&')}`, features: [...this.features], type };
  }
  feature(name, value) {
    this.features.add(name);
    return value;
  }
  params(type, ...kinds) { return [...paramsOf(type).values()].filter(p => !kinds.length || kinds.includes(p.type)); }

  system() {
    const query = [this.feature('system', this.leaf(this.dice.one(this.types), this.dice.one(['_id', '_tag', '_profile', '_security', '_source', '_lastUpdated'])))];
    if (this.dice.chance(0.5)) query.push(`_type=${[...new Set([this.dice.one(this.types), this.dice.one(this.types)])].join(',')}`);
    query.push(`_count=${this.dice.one([3, 20, 1000])}`);
    if (this.dice.chance(0.2)) query.push(`_sort=${this.feature('_sort _lastUpdated', this.dice.one(['_lastUpdated', '-_lastUpdated']))}`);
    return { path: `?${query.join('&')}`, features: [...this.features], type: null };
  }

  compartment() {
    const name = this.dice.one(compartments), type = this.dice.one(this.types.filter(t => compartment(name).get(t)));
    if (!type) return this.system();
    this.feature('compartment');
    const kept = this.engine.all(name), id = kept.length && this.dice.chance(0.9) ? this.dice.one(kept).id : this.dice.one(this.ids);
    if (this.dice.chance(0.15)) {
      const question = this.contained(type);
      return { ...question, path: `${name}/${id}/${question.path}`, within: { type: name, id } };
    }
    const query = this.query(type, this.dice.below(2)).join('&');
    if (this.dice.chance(0.15)) return { path: `${name}/${id}/*?_count=${this.dice.one([5, 100])}`, features: [...this.features], type: null, within: { type: name, id } };
    return { path: `${name}/${id}/${type}${query ? `?${query}` : ''}`, features: [...this.features], type, within: { type: name, id } };
  }

  part(type, depth) {
    const { dice } = this;
    const kind = dice.weighted({ leaf: 10, chain: depth ? 2 : 0, has: depth ? 2 : 0, list: 0.2, filter: 0.7 });
    if (kind === 'chain') return this.chain(type, depth) ?? this.leaf(type);
    if (kind === 'has') return this.has(type, depth) ?? this.leaf(type);
    if (kind === 'list') return this.feature('_list', `_list=${dice.one(this.engine.all('List'))?.id ?? 'none'}`);
    if (kind === 'filter') return this.feature('_filter', `_filter=${encode(this.filter(type, 2))}`);
    return this.leaf(type);
  }

  chain(type, depth) {
    const references = this.params(type, 'reference').filter(p => p.targets.some(t => this.types.includes(t)));
    if (!references.length) return null;
    const p = this.dice.one(references), targets = p.targets.filter(t => this.types.includes(t)), target = this.dice.one(targets);
    this.feature(depth < 2 ? 'chain.chain' : 'chain');
    const rest = this.part(target, depth - 1);
    if (/^_filter=/.test(rest)) return null;
    // Left out, the type is any of all types, of which the naive engine knows some only.
    if (this.dice.chance(0.7) || rest.split('=')[0].includes(':') || rest.startsWith('_has') || p.targets.includes('Resource') || p.targets.length > 8) return `${p.code}:${target}.${rest}`;
    return `${p.code}.${rest}`;
  }

  has(type, depth) {
    const pairs = this.types.flatMap(t => this.params(t, 'reference').filter(p => p.targets.includes(type)).map(p => [t, p]));
    if (!pairs.length) return null;
    const [source, p] = this.dice.one(pairs);
    this.feature(depth < 2 ? '_has nested' : '_has');
    const rest = this.part(source, depth - 1);
    return /^_(list|filter)=/.test(rest) ? null : `_has:${source}:${p.code}:${rest}`;
  }

  // ---- one parameter ----

  leaf(type, code) {
    const { dice } = this;
    const p = code ? paramsOf(type).get(code) : dice.one(this.params(type));
    this.feature(p.type);
    if (dice.chance(0.25)) {
      const made = this.modified(type, p);
      if (made) return made;
    }
    const values = Array.from({ length: Number(dice.weighted({ 1: 8, 2: 2, 4: 0.5 })) }, () => this.value(type, p));
    return `${p.code}=${encode(values.join(','))}`;
  }

  modified(type, p) {
    const { dice } = this;
    const names = { string: ['exact', 'contains'], token: ['not', 'text', 'in', 'not-in', 'of-type', 'above', 'below'],
      reference: ['type', 'identifier', 'above', 'below'], uri: ['above', 'below'] }[p.type] ?? [];
    const name = dice.one(['missing', ...p.code === '_id' ? ['not'] : names]);
    if (!name) return null;
    const make = {
      missing: () => dice.one(['true', 'false']),
      exact: () => escape(this.drawn(type, p)?.text ?? dice.one(words)),
      contains: () => escape(this.cut(this.drawn(type, p)?.text ?? dice.one(words))),
      not: () => this.value(type, p),
      text: () => escape(this.bend(dice.one(words))),
      in: () => dice.one([...setUrls, 'ValueSet/one']), 'not-in': () => dice.one(setUrls),
      'of-type': () => {
        const f = this.drawn(type, p), k = f?.kind?.[0];
        return p.code === 'identifier' ? [k?.system ?? 'urn:s', k?.code ?? dice.one(codes), f?.code ?? dice.one(codes)].map(escape).join('|') : null;
      },
      type: () => { const t = dice.one(p.targets); return t === 'Resource' ? null : [t, this.dice.one(this.ids)]; },
      identifier: () => dice.one([`urn:s|${escape(dice.one(codes))}`, escape(dice.one(codes))]),
      above: () => (p.type === 'reference' ? this.whole(p) : p.type === 'token' ? this.concept() : dice.one(uris)),
      below: () => (p.type === 'reference' ? this.whole(p) : p.type === 'token' ? this.concept() : dice.one(uris)),
    }[name]();
    if (make === null || make === undefined) return null;
    if (name === 'type') return this.feature(':[type]', `${p.code}:${make[0]}=${make[1]}`);
    if (p.type === 'composite') this.feature(':missing composite');
    this.feature(name === 'above' || name === 'below' ? `:${name} ${p.type}` : `:${name}`);
    return `${p.code}:${name}=${encode(make)}`;
  }

  /** A code of a hierarchy, stored or published. */
  concept() {
    const { dice } = this;
    return dice.chance(0.5) ? `http://example.org/codes|${dice.one(['leaf', 'a', 'root'])}` : dice.one(published).join('|');
  }

  /** A type that is contained somewhere. */
  within() {
    const found = this.engine.types.flatMap(t => this.engine.all(t)).flatMap(k => k.within.map(c => c.type)).filter(t => this.types.includes(t));
    return found.length ? this.dice.one(found) : null;
  }

  /** Something that has parts. */
  whole(p) {
    const wholes = ['Location', 'Organization', 'Encounter'].filter(t => p.targets.includes(t) && this.types.includes(t));
    return wholes.length ? `${this.dice.one(wholes)}/${this.dice.one(this.ids)}` : null;
  }

  /** A fact of some resource under the parameter. */
  drawn(type, p) {
    const all = [...this.engine.all(type), ...this.dice.chance(0.3) ? this.engine.types.flatMap(t => this.engine.all(t)).flatMap(k => k.within).filter(c => c.type === type) : []];
    for (let i = 0; all.length && i < 4; i++) {
      const facts = this.dice.one(all).of(p);
      if (facts.length) return this.dice.one(facts);
    }
    return null;
  }

  value(type, p, fact = this.drawn(type, p)) {
    const { dice } = this;
    switch (p.type) {
      case 'string': return escape(this.bend(this.cut(fact?.text ?? dice.one(words), true)));
      case 'number': return dice.one(prefixes) + this.number(fact);
      case 'quantity': return dice.one(prefixes) + this.number(fact) + this.unit(fact);
      // What is near to now depends on now, which is another for the naive engine.
      case 'date': return dice.one(p.code === '_lastUpdated' ? prefixes.slice(0, -1) : prefixes) + this.moment(fact);
      case 'token': return this.token(fact, p);
      case 'uri': return escape(fact?.whole ?? dice.one(uris));
      case 'reference': return this.reference(fact, p);
      case 'special': return this.feature('near', `${dice.one(['59.93', '60', '-90', '0'])}|${dice.one(['30.31', '180', '-179', '0'])}${dice.one(['', '|1', '|25|km', '|700', '|30000|m', '|500000|[ft_i]'])}`);
      case 'composite': return p.components.map((c, k) => this.value(type, c, fact?.[k]?.length ? dice.one(fact[k]) : null)).join('$');
      default: return 'x';
    }
  }

  cut(text, start = false) {
    const from = start ? 0 : this.dice.below(text.length), to = from + 1 + this.dice.below(text.length - from);
    const part = this.dice.chance(0.3) && start ? text : text.slice(from, to);
    return /[\p{L}\p{N}]/u.test(part.normalize('NFKD')) ? part : text;
  }
  bend(text) {
    return this.dice.one([t => t, t => t.toUpperCase(), t => t.toLowerCase(), t => t.replace(/[еЕ]/g, 'ё'), t => t.normalize('NFD'), t => t.replace(/[- ]/, ' - ')])(text);
  }
  number(fact) {
    const { dice } = this;
    const n = fact?.low ?? fact?.high;
    if (!n || dice.chance(0.2)) return dice.one(['0', '1', '5', '5.4', '5.40', '1e2', '100', '-3', '7', '0.1']);
    const text = n.text ?? '2.5';
    return dice.one([text, text, text.replace(/(\.\d*)\d$/, '$1').replace(/\.$/, ''), text.includes('.') && !/e/i.test(text) ? `${text}0` : text, String(Math.round(Number(text))).replace(/^.*e.*$/, '1')]);
  }
  unit(fact) {
    const { dice } = this;
    if (dice.chance(0.5)) return '';
    const { system, code, unit } = fact ?? {};
    return dice.one([code && system ? `|${escape(system)}|${escape(code)}` : '', code || unit ? `||${escape(code ?? unit)}` : '', `|http://unitsofmeasure.org|${escape(dice.one(['mg', 'mg', 'kg', '[lb_av]', 'kPa', 'K', '[degF]', 'wk', '[unknown]']))}`, '||mg']);
  }
  moment(fact) {
    const { dice } = this;
    const at = fact?.low ?? fact?.high;
    if (at === undefined || dice.chance(0.15)) return dice.one(['2020', '2000-01', '1980-05-17', '2020-06-15T10:00', '2020-06-15T10:00:00+03:00', '2100', '0001']);
    const iso = new Date(Number(at / 1000n)).toISOString(), micros = String(((at % 1000n) + 1000n) % 1000n).padStart(3, '0');
    return dice.one([iso.slice(0, 4), iso.slice(0, 7), iso.slice(0, 10), `${iso.slice(0, 16)}Z`, `${iso.slice(0, 19)}Z`, iso, `${iso.slice(0, 23)}${micros}Z`, `${iso.slice(0, 19)}+03:00`, iso.slice(0, 19)]);
  }
  token(fact, p) {
    const { dice } = this;
    const code = fact?.code ?? dice.one(codes), system = fact?.system;
    if (p.code === '_id') return `${dice.one(['', '', '|', 'urn:s|'])}${escape(code)}`;
    return dice.one([
      () => escape(code), () => (system ? `${escape(system)}|${escape(code)}` : `|${escape(code)}`), () => `|${escape(code)}`,
      () => `${escape(system ?? dice.one(systems.filter(Boolean)))}|`, () => `${escape(dice.one(systems.filter(Boolean)))}|${escape(code)}`,
    ])();
  }
  reference(fact, p) {
    const { dice } = this;
    if (fact?.url !== undefined) return dice.one([escape(fact.whole ?? fact.url), escape(fact.url), escape(dice.one(profiles))]);
    const type = fact?.type ?? dice.one(p.targets.includes('Resource') ? this.types : p.targets), id = fact?.id ?? (dice.one(this.ids) || 'r1');
    return dice.one([`${type}/${id}`, `${type}/${id}`, id, `${this.engine.base}/${type}/${id}`, `${type}/${id}/_history/7`]);
  }

  // ---- _sort, _include, _filter ----

  sort(type) {
    const keys = Array.from({ length: this.dice.between(1, 3) }, () => {
      const p = this.dice.one(this.params(type, 'string', 'date', 'number', 'quantity', 'uri', 'token'));
      this.feature(`_sort ${p.code === '_id' || p.code === '_lastUpdated' ? p.code : p.type}`);
      return `${this.dice.one(['', '-'])}${p.code}`;
    });
    return [...new Set(keys)].join(',');
  }

  includes(type) {
    const { dice } = this;
    const list = [];
    for (let i = dice.between(1, 3); i > 0; i--) {
      const iterate = dice.chance(0.3) ? this.feature('_include:iterate', ':iterate') : '';
      if (dice.chance(0.5)) {
        const from = iterate && list.length && dice.chance(0.5) ? dice.one(this.types) : type;
        const references = this.params(from, 'reference');
        if (!references.length) continue;
        const p = dice.one(references), target = dice.chance(0.3) && p.targets.length && !p.targets.includes('Resource') ? `:${dice.one(p.targets)}` : '';
        list.push(`_include${iterate}=${from}:${dice.chance(0.1) ? this.feature('_include *', '*') : p.code + target}`);
        this.feature('_include');
      } else {
        const pairs = this.types.flatMap(t => this.params(t, 'reference').filter(p => p.targets.includes(type)).map(p => [t, p]));
        if (!pairs.length) continue;
        const [source, p] = dice.one(pairs);
        list.push(`_revinclude${iterate}=${source}:${p.code}`);
        this.feature('_revinclude');
      }
    }
    return list;
  }

  filter(type, depth) {
    const { dice } = this;
    const kind = depth ? dice.below(7) : 0;
    if (kind === 6) {
      const references = this.params(type, 'reference').filter(p => p.targets.some(t => this.types.includes(t)) && !p.targets.includes('Resource'));
      if (references.length) {
        const p = dice.one(references), target = dice.one(p.targets.filter(t => this.types.includes(t)));
        const rest = this.filter(target, 0);
        if (p.targets.length === 1 && dice.chance(0.4)) return `${p.code}[${this.filter(target, 0)}].${rest}`;
        if (p.targets.length === 1) return `${p.code}.${rest}`;
      }
    }
    if (kind === 1) return `${this.filter(type, depth - 1)} and ${this.filter(type, depth - 1)}`;
    if (kind === 2) return `${this.filter(type, depth - 1)} or ${this.filter(type, depth - 1)}`;
    if (kind === 3) return `not (${this.filter(type, depth - 1)})`;
    if (kind === 4) return `(${this.filter(type, depth - 1)})`;
    const p = dice.one(this.params(type, 'string', 'token', 'date', 'number', 'quantity', 'uri', 'reference', 'composite').filter(x => x.code !== '_lastUpdated'));
    const quote = text => `"${text.replace(/["\\]/g, '\\$&')}"`;
    if (dice.chance(0.15)) return `${p.code} pr ${dice.one(['true', 'false'])}`;
    if (p.type === 'composite') return this.feature('_filter composite', `${p.code} eq ${quote(this.value(type, p))}`);
    if (p.type === 'string') return `${p.code} ${dice.one(['co', 'sw', 'ew', 'eq', 'ne', 'gt', 'ge', 'lt', 'le'])} ${quote(this.cut(dice.one(words), true))}`;
    if (p.type === 'uri') return `${p.code} ${dice.one(['eq', 'ne', 'co', 'sw', 'ew'])} ${quote(this.drawn(type, p)?.whole ?? dice.one(uris))}`;
    if (p.type === 'reference') return `${p.code} ${dice.one(['eq', 'ne', 're'])} ${dice.one(p.targets.includes('Resource') || !p.targets.length ? ['Patient'] : p.targets)}/${dice.one(this.ids)}`;
    if (p.type === 'token' && p.code !== '_id' && dice.chance(0.1)) return `${p.code} ${dice.one(['in', 'ni'])} ${quote(this.feature(':in', dice.one(setUrls)))}`;
    if (p.type === 'token') return `${p.code} ${dice.one(['eq', 'ne'])} ${dice.one(['a', 'b', 'root', 'urn:s|a', 'male', 'final', 'true'])}`;
    if (p.type === 'date') return `${p.code} ${dice.one([...prefixes.slice(2), 'po'])} ${this.moment(this.drawn(type, p)).replace(/\+.*/, 'Z')}`;
    return `${p.code} ${dice.one(prefixes.slice(2))} ${this.number(this.drawn(type, p))}`;
  }
}
