// A server and the naive engine beside it, kept in step; questions are put to both and compared.
import { Dice } from './dice.mjs';
import { Engine, Refusal, byKeys } from './engine.mjs';
import { json } from './exact.mjs';
import { Http } from './http.mjs';
import { Questioner } from './questions.mjs';
import { Maker, terminology, types as made } from './resources.mjs';

/** Where it is: of a contained resource its container, and its id behind a #. */
const keyOf = entry => {
  const [type, id] = entry.fullUrl.split('/').slice(-2), end = id.split('#').at(-1);
  if (entry.resource.id !== end || (!id.includes('#') && entry.resource.resourceType !== type)) throw new Error(`${entry.fullUrl} is ${entry.resource.resourceType}/${entry.resource.id}`);
  return `${type}/${id}`;
};
const link = (bundle, relation) => bundle.link?.find(l => l.relation === relation)?.url;

export class World {
  /** supported: features (see questions.mjs) that the server must answer; others may be refused;
   *  avoid: features that are not asked for. */
  constructor(base, { seed = 1, perType = 40, types = made, supported = new Set(), avoid = new Set() } = {}) {
    Object.assign(this, { base, seed, perType, supported, avoid, http: new Http(base) });
    this.dice = new Dice(seed);
    this.engine = new Engine(base, types === made ? [...types, 'CodeSystem'] : types);
    this.maker = new Maker(this.dice, base, perType);
    this.questions = new Questioner(this.dice, this.engine, types, this.maker.ids);
    this.counts = { asked: 0, pages: 0, matches: 0, refused: 0, malformed: 0, costly: 0, writes: 0 };
    this.refusals = new Map();
    this.differences = [];
  }

  // ---- writing ----

  /** Puts (resource) and deletes ({ type, id }) as one transaction. */
  async write(puts, deletes = []) {
    const entry = [...deletes.map(({ type, id }) => ({ request: { method: 'DELETE', url: `${type}/${id}` } })),
      ...puts.map(resource => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }))];
    const answer = await this.http.ask('POST', '', json({ resourceType: 'Bundle', type: 'transaction', entry }));
    if (answer.status !== 200) throw new Error(`seed ${this.seed}: a transaction was refused: ${answer.text}\n${this.blamed(entry, answer.text)}`);
    this.counts.writes += entry.length;
    deletes.forEach(({ type, id }) => this.engine.remove(type, id));
    puts.forEach((resource, i) => this.engine.put(copy(resource),
      answer.body.entry[deletes.length + i].response.lastModified));
  }

  blamed(entry, text) {
    const at = /Bundle\.entry\[(\d+)\]/.exec(text);
    return at ? json(entry[at[1]]) : '';
  }

  /** Resources of others, those that are valid. */
  async take(resources) {
    for (let at = 0, some; at < resources.length; at += some.length) {
      some = resources.slice(at, at + 50);
      const entry = some.map(resource => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }));
      const answer = await this.http.ask('POST', '', json({ resourceType: 'Bundle', type: 'batch', entry }));
      if (answer.status === 400) { // some of the examples are invalid, and so is the Bundle that holds them
        const bad = new Set([...answer.text.matchAll(/Bundle\.entry\[(\d+)\]/g)].map(m => at + Number(m[1])));
        if (!bad.size) throw new Error(`a batch was refused: ${answer.text.slice(0, 500)}`);
        resources = resources.filter((_, i) => !bad.has(i));
        some = [];
        continue;
      }
      if (answer.status !== 200) throw new Error(`a batch was refused: ${answer.text.slice(0, 500)}`);
      answer.body.entry.forEach(({ response }, i) => {
        if (response.status.startsWith('2')) this.engine.put(copy(some[i]), response.lastModified);
        else if (!response.status.startsWith('400')) throw new Error(`${some[i].resourceType}/${some[i].id}: ${JSON.stringify(response)}`);
      });
    }
    this.questions.ids = [...new Set(resources.map(r => r.id))];
  }

  /** Some of them once more, under other ids, and some away. */
  async shuffle(n) {
    const all = this.engine.types.flatMap(t => this.engine.all(t)).filter(k => !json(k.resource).includes('urn:uuid:')); // a transaction would resolve those
    const again = Array.from({ length: n }, () => this.dice.one(all).resource).map(r => ({ ...r, id: this.dice.chance(0.5) ? r.id : `again-${this.dice.below(n)}` }));
    const once = [...new Map(again.map(r => [`${r.resourceType}/${r.id}`, r])).values()];
    const away = this.dice.one(all);
    await this.write(once, once.some(r => r.resourceType === away.type && r.id === away.id) ? [] : [away]);
  }

  async load() {
    for (const type of made) {
      const ids = this.maker.ids.filter(() => this.dice.chance(0.85));
      if (ids.length) await this.write(ids.map(id => this.maker.make(type, id)));
    }
    await this.write(terminology());
  }

  /** A handful of updates, creations and deletions. */
  async change(most = 12) {
    const puts = new Map(), deletes = new Map();
    for (let i = this.dice.between(1, most); i > 0; i--) {
      const type = this.dice.one(made), id = this.maker.id(), key = `${type}/${id}`;
      if (this.dice.chance(0.3)) deletes.set(key, { type, id });
      else puts.set(key, this.maker.make(type, id));
    }
    for (const key of puts.keys()) deletes.delete(key);
    await this.write([...puts.values()], [...deletes.values()]);
  }

  // ---- asking ----

  expected(question) {
    const [, query = ''] = question.path.split(/\?(.*)/s);
    return this.engine.search(question.type, query, question.within);
  }

  /** Puts one question to both; a text that tells the difference, or null. `between` runs after the first page. */
  async compare(question, between) {
    let expected, refusal;
    if (!question.malformed) {
      try { expected = this.expected(question); } catch (e) {
        if (!(e instanceof Refusal)) throw e;
        refusal = e;
      }
    }
    const dice = question.dice ?? this.dice, alone = between || question.malformed || dice.chance(0.15);
    const get = path => (alone ? this.http.get(path) : this.http.together(path));
    const first = await get(question.path);
    this.counts.asked++;
    if ([400, 403, 404, 410].includes(first.status)) return this.refused(question, first, refusal);
    if (first.status !== 200) return this.costly(first) ? null : `status ${first.status}: ${first.text.slice(0, 400)}`;
    if (question.malformed) return 'answered though malformed';
    if (refusal) return refusal.code === 'unchecked' ? null : `answered, but: ${refusal.message}`;
    return this.comparePages(question, first.body, expected, { between, get, dice });
  }

  costly(answer) {
    const costly = /too-costly/.test(answer.text);
    if (costly) this.counts.costly++;
    return costly;
  }

  refused(question, answer, refusal) {
    const issue = answer.body?.issue?.[0];
    if (answer.body?.resourceType !== 'OperationOutcome' || !issue?.diagnostics) return `a refusal that is no OperationOutcome: ${answer.text.slice(0, 300)}`;
    if (question.malformed) {
      this.counts.malformed++;
      return issue.expression?.length || answer.status !== 400 ? null : `a refusal that does not say where: ${answer.text.slice(0, 300)}`;
    }
    if (refusal) return null;
    if (this.costly(answer)) return null;
    const open = question.features.filter(f => !this.supported.has(f));
    if (!open.length) return `refused (${issue.code}): ${issue.diagnostics.slice(0, 300)}`;
    this.counts.refused++;
    for (const f of open) this.refusals.set(f, issue.diagnostics.slice(0, 100));
    return null;
  }

  async comparePages(question, bundle, expected, { between, get, dice }) {
    // What the pages include is told before anything changes: a chain of pages is of its first page's state.
    const only = /_summary=count|_count=0/.test(question.path);
    if (only) {
      if (bundle.entry || link(bundle, 'next')) return 'entries or pages in a count';
      return bundle.total === expected.matches.length ? null : `count ${bundle.total}, expected ${expected.matches.length}`;
    }
    const size = bundle.entry?.filter(e => e.search.mode === 'match').length ?? 0;
    const count = Number(/[?&]_count=(\d+)/.exec(question.path)?.[1] ?? 50);
    const chunks = [];
    for (let i = 0; i < expected.matches.length; i += count) chunks.push(expected.matches.slice(i, i + count));
    const included = dice.chance(0.1) || between || chunks.length < 4 ? chunks : chunks.slice(0, 3);
    const tolerant = expected.keys.some(k => k.tolerant);
    let includes = tolerant ? null : included.map(chunk => expected.includes(chunk));
    if (size > count) return `a page of ${size}, _count is ${count}`;
    const total = bundle.total === undefined || bundle.total === expected.matches.length || /_total=estimate/.test(question.path)
      ? null : `total ${bundle.total}, expected ${expected.matches.length}`;
    if (/_total=none/.test(question.path) && bundle.total !== undefined) return 'a total though none is asked for';
    if (/_total=/.test(question.path) && !/_total=none/.test(question.path) && bundle.total === undefined) return 'no total';
    if (between) await between();
    const got = [];
    for (let page = 0, at = bundle; ; page++) {
      this.counts.pages++;
      const entries = at.entry ?? [];
      const matches = entries.filter(e => e.search.mode === 'match').map(keyOf);
      const others = entries.filter(e => e.search.mode === 'include').map(keyOf);
      got.push(...matches);
      if (entries.some(e => !['match', 'include'].includes(e.search.mode))) return `an entry of another mode: ${JSON.stringify(entries.find(e => e.search.mode === 'outcome')).slice(0, 300)}`;
      if (new Set(others).size !== others.length) return `page ${page} includes twice: ${list(others)}`;
      const wrong = this.wrongPage(page, matches, others, chunks, includes, tolerant);
      if (wrong) return total ? `${total}; ${wrong}` : wrong;
      const next = link(at, 'next');
      if (!next || (!tolerant && chunks.length > 12 && page > 8 && dice.chance(0.5))) break;
      const answer = await get(next);
      if (answer.status !== 200) return this.costly(answer) ? null : `page ${page + 1}: status ${answer.status}: ${answer.text.slice(0, 300)}`;
      if (page === 0 && dice.chance(0.1)) {
        const back = link(answer.body, 'previous') && await get(link(answer.body, 'previous'));
        const again = (back?.body?.entry ?? []).filter(e => e.search.mode === 'match').map(keyOf);
        if (list(again) !== list(matches)) return `the page before page 1 is ${list(again)}, was ${list(matches)}`;
      }
      at = answer.body;
      if (page > expected.matches.length + 2) return 'pages without end';
    }
    this.counts.matches += got.length;
    return (tolerant ? this.tolerated(got, expected) : null) ?? total;
  }

  wrongPage(page, matches, others, chunks, includes, tolerant) {
    if (tolerant) return null;
    const expected = (chunks[page] ?? []).map(k => k.key);
    if (list(matches) !== list(expected)) {
      const missing = expected.filter(k => !matches.includes(k)), extra = matches.filter(k => !expected.includes(k));
      const what = missing.length || extra.length ? `missing ${list(missing)}; extra ${list(extra)}` : 'another order';
      return `page ${page}: ${what}\n  got      ${list(matches)}\n  expected ${list(expected)}`;
    }
    const wanted = includes?.[page];
    if (!wanted) return null;
    const missing = [...wanted].filter(k => !others.includes(k)), extra = others.filter(k => !wanted.has(k));
    return missing.length || extra.length ? `page ${page}: includes missing ${list(missing)}; extra ${list(extra)}` : null;
  }

  /** Orders that depend on numbers the server gives (types, code systems): the same set, keys in order. */
  tolerated(got, expected) {
    const known = new Map(expected.matches.map(k => [k.key, k]));
    const missing = [...known.keys()].filter(k => !got.includes(k)), extra = got.filter(k => !known.has(k));
    if (missing.length || extra.length || got.length !== known.size) return `missing ${list(missing)}; extra ${list(extra)}`;
    const keys = expected.keys.slice(0, expected.keys.findIndex(k => k.tolerant) + 1);
    for (let i = 1; i < got.length; i++) {
      if (byKeys(keys, known.get(got[i - 1]), known.get(got[i])) > 0) return `${got[i]} stands behind ${got[i - 1]}\n  got ${list(got)}`;
    }
    return null;
  }

  // ---- rounds ----

  /** `n` questions, several at a time. */
  async round(n) {
    const questions = Array.from({ length: n }, () => ({ ...this.questions.ask(this.avoid), dice: new Dice(this.dice.bits()) }));
    const one = async () => {
      for (let question; (question = questions.pop()) && this.differences.length < 10;) {
        const found = await this.compare(question);
        if (found) this.differences.push({ question, found });
      }
    };
    await Promise.all(Array.from({ length: 64 }, one));
    return this.differences.length === 0;
  }

  /** Chains of pages, with writes between the first page and the others. */
  async pagesBetweenWrites(n, between = () => this.change(6)) {
    for (let i = 0; i < n && !this.differences.length; i++) {
      const question = this.questions.ask(this.avoid);
      if (question.malformed) continue;
      question.path = question.path.replace(/_count=\d+/, '_count=5');
      if (/_maxresults/.test(question.path)) continue;
      const found = await this.compare(question, between);
      if (found) this.differences.push({ question, found, between: true });
    }
  }

  // ---- making a difference small ----

  /** Leaves out what the difference does not need: parameters, values, then elements of resources. */
  async shrink({ question, found }) {
    const differs = async q => { try { return await this.compare(q); } catch { return null; } };
    let best = question, why = await differs(question);
    if (!why) return { question, found, note: 'did not come again' };
    const [head, query = ''] = best.path.split(/\?(.*)/s);
    let parts = query.split('&').filter(Boolean);
    for (let i = 0; i < parts.length;) {
      const fewer = parts.filter((_, k) => k !== i), path = fewer.length ? `${head}?${fewer.join('&')}` : head;
      const q = { ...best, path }, w = head && await differs(q);
      if (w) [best, why, parts] = [q, w, fewer];
      else i++;
    }
    const keys = [...new Set([...why.matchAll(/(?:missing|extra) ([^;\n]*)/g)].flatMap(m => m[1].split(' ')))].filter(k => k.includes('/')).slice(0, 2);
    const shown = [];
    for (const key of keys) {
      const kept = this.engine.get(...key.split('/'));
      if (kept) shown.push(json(await this.smaller(kept, best, differs)));
    }
    return { question: best, found: why, resources: shown };
  }

  async smaller(kept, question, differs) {
    let resource = kept.resource;
    for (const name of Object.keys(resource)) {
      if (['resourceType', 'id', 'status', 'intent', 'code', 'subject'].includes(name)) continue;
      const less = Object.fromEntries(Object.entries(resource).filter(([k]) => k !== name));
      try { await this.write([less]); } catch { continue; }
      const w = await differs(question);
      if (w && w.includes(`${kept.type}/${kept.id}`)) resource = less;
      else await this.write([resource]);
    }
    return resource;
  }

  async report() {
    const lines = [];
    for (const d of this.differences.slice(0, 4)) {
      const small = await this.shrink(d);
      lines.push(`seed ${this.seed}: GET ${small.question.path}\n  (${decodeURIComponent(small.question.path.replaceAll('+', ' '))})${small.note ? ` [${small.note}${d.between ? ', writes between pages' : ''}]` : ''}\n  ${small.found}`
        + (small.resources ?? []).map(r => `\n  ${r}`).join(''));
    }
    return lines.join('\n\n');
  }

  /** Goes on with the server started anew at the same place. */
  again() {
    this.http.close();
    this.http = new Http(this.base);
  }

  close() { this.http.close(); }
}

const list = keys => keys.slice(0, 40).join(' ');
const copy = value => (Array.isArray(value) ? value.map(copy)
  : value && Object.getPrototypeOf(value) === Object.prototype ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copy(v)])) : value);
