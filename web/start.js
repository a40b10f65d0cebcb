// The start page: what is running, and a look at a patient. Talks to its own server only.

const texts = {
  ru: {
    running: 'Что работает', patients: 'Пациенты', query: 'Фамилия, имя или номер полиса / СНИЛС',
    find: 'Найти', more: 'Ещё', try: 'Попробуйте', ready: 'Сервер готов', notReady: 'Сервер не готов',
    found: n => n === undefined ? '' : `Найдено: ${n}`, none: 'Никого не найдено', born: 'род.',
    male: 'мужской', female: 'женский', other: 'иной', unknown: 'неизвестен',
    Patient: 'Пациенты', Encounter: 'Случаи обращения', Condition: 'Диагнозы', Observation: 'Измерения и анализы',
    MedicationRequest: 'Назначения лекарств', Immunization: 'Прививки', DiagnosticReport: 'Заключения',
    Organization: 'Организации', Practitioner: 'Медработники', Appointment: 'Записи на приём',
    identifiers: 'Идентификаторы', address: 'Адрес', phone: 'Телефон', gender: 'Пол', source: 'Показать запись (JSON)',
    problem: 'Ошибка', loading: 'Загрузка…',
  },
  en: {
    running: 'What is running', patients: 'Patients', query: 'Family or given name, or policy / SNILS number',
    find: 'Find', more: 'More', try: 'Try', ready: 'The server is ready', notReady: 'The server is not ready',
    found: n => n === undefined ? '' : `Found: ${n}`, none: 'Nobody was found', born: 'born',
    male: 'male', female: 'female', other: 'other', unknown: 'unknown',
    Patient: 'Patients', Encounter: 'Encounters', Condition: 'Conditions', Observation: 'Observations',
    MedicationRequest: 'Medication requests', Immunization: 'Immunisations', DiagnosticReport: 'Reports',
    Organization: 'Organisations', Practitioner: 'Staff', Appointment: 'Appointments',
    identifiers: 'Identifiers', address: 'Address', phone: 'Phone', gender: 'Sex', source: 'Show the resource (JSON)',
    problem: 'Error', loading: 'Loading…',
  },
};

const counted = ['Patient', 'Encounter', 'Condition', 'Observation', 'MedicationRequest', 'Immunization',
  'DiagnosticReport', 'Appointment', 'Organization', 'Practitioner'];
const shown = ['Condition', 'Encounter', 'Observation', 'MedicationRequest', 'DiagnosticReport', 'Immunization'];

/** Browsers may forbid storage; the choice then lasts as long as the page. */
function remembered() {
  try { return localStorage.getItem('language'); } catch { return null; }
}
function remember(chosen) {
  try { localStorage.setItem('language', chosen); } catch { /* see above */ }
}

const preferred = remembered() ?? (navigator.language.startsWith('ru') ? 'ru' : 'en');
let language = preferred in texts ? preferred : 'en';
let searches = 0, looks = 0; // only the newest answer is shown
let nextPage = null;
const at = id => document.getElementById(id);
const say = key => texts[language][key] ?? key;

/** An element with text and children; text never becomes markup. */
function make(tag, content, ...children) {
  const node = document.createElement(tag);
  if (content !== undefined) node.textContent = content;
  node.append(...children);
  return node;
}

async function ask(path) {
  const answer = await fetch(path, { headers: { Accept: 'application/fhir+json' } });
  const body = await answer.json();
  if (answer.ok) return body;
  throw new Error(body.issue?.map(i => i.diagnostics).join('; ') ?? answer.statusText);
}

function nameOf(patient) {
  const name = patient.name?.find(n => n.use === 'official') ?? patient.name?.[0] ?? {};
  return name.text ?? [name.family, ...(name.given ?? [])].filter(Boolean).join(' ');
}

/** What people call the number rather than its system. */
const numbers = [[/snils/i, { ru: 'СНИЛС', en: 'SNILS' }], [/oms|polic/i, { ru: 'Полис ОМС', en: 'Insurance policy' }],
  [/passport/i, { ru: 'Паспорт', en: 'Passport' }]];
const numberName = i => i.type?.text ?? i.type?.coding?.[0]?.display
  ?? numbers.find(([pattern]) => pattern.test(i.system))?.[1][language] ?? i.system ?? say('identifiers');

const titleOf = patient => `${nameOf(patient) || patient.id}, ${say('born')} ${patient.birthDate ?? '?'}`;

const textOf = concept => concept?.text ?? concept?.coding?.[0]?.display ?? concept?.coding?.[0]?.code ?? '';
const dayOf = time => time?.slice(0, 10) ?? '';

function valueOf(o) {
  if (o.valueQuantity) return `${o.valueQuantity.value} ${o.valueQuantity.unit ?? o.valueQuantity.code ?? ''}`;
  if (o.component) return o.component.map(c => `${c.valueQuantity?.value ?? ''}`).join(' / ')
    + ` ${o.component[0]?.valueQuantity?.unit ?? ''}`;
  return o.valueString ?? textOf(o.valueCodeableConcept);
}

/** One line of a table per resource: when, what, how much. */
const rowOf = {
  Condition: r => [dayOf(r.onsetDateTime ?? r.recordedDate), `${r.code?.coding?.[0]?.code ?? ''} ${textOf(r.code)}`, textOf(r.clinicalStatus)],
  Encounter: r => [dayOf(r.period?.start), textOf(r.type?.[0]) || r.class?.display || r.class?.code, r.status],
  Observation: r => [dayOf(r.effectiveDateTime), textOf(r.code), valueOf(r)],
  MedicationRequest: r => [dayOf(r.authoredOn), textOf(r.medicationCodeableConcept), r.status],
  DiagnosticReport: r => [dayOf(r.effectiveDateTime), textOf(r.code), r.conclusion ?? r.status],
  Immunization: r => [dayOf(r.occurrenceDateTime), textOf(r.vaccineCode), r.status],
};

function problem(where, error) {
  where.replaceChildren(make('p', `${say('problem')}: ${error.message}`));
  where.firstChild.className = 'problem';
}

async function showCounts() {
  const list = at('counts');
  try {
    const capabilities = await ask('/fhir/metadata');
    at('version').textContent = `${capabilities.software.version} · FHIR ${capabilities.fhirVersion}`;
    const totals = await Promise.all(counted.map(t => ask(`/fhir/${t}?_summary=count`)));
    list.replaceChildren(...counted.map((t, i) =>
      make('div', undefined, make('dt', say(t)), make('dd', totals[i].total.toLocaleString(language)))));
    const ready = await fetch('/health/ready');
    at('status').textContent = say(ready.ok ? 'ready' : 'notReady');
  } catch (error) {
    problem(at('status'), error);
  }
}

/** A number is an identifier; words are names, all of which have to match. */
function searchPath(text) {
  const parameters = new URLSearchParams({ _count: '20' });
  const digits = text.replace(/[\s-]/g, '');
  if (/^\d{5,}$/.test(digits)) parameters.append('identifier', digits);
  else for (const word of text.split(/\s+/).filter(Boolean)) parameters.append('name', word.replace(/[\\,$|]/g, '\\$&'));
  return `/fhir/Patient?${parameters}`;
}

async function showPatients(path, append) {
  const list = at('patients'), mine = ++searches;
  try {
    const page = await ask(path);
    if (mine !== searches) return;
    const items = (page.entry ?? []).filter(e => e.search.mode === 'match').map(({ resource }) => {
      const link = make('a', titleOf(resource));
      link.href = `#Patient/${resource.id}`;
      return make('li', undefined, link);
    });
    if (append) list.append(...items); else list.replaceChildren(...items);
    at('found').textContent = items.length || append ? say('found')(page.total) : say('none');
    nextPage = page.link.find(l => l.relation === 'next')?.url ?? null;
    at('more').hidden = !nextPage;
  } catch (error) {
    if (mine === searches) problem(at('found'), error);
  }
}

function headOf(patient) {
  const lines = [[say('gender'), say(patient.gender ?? 'unknown')]];
  for (const i of patient.identifier ?? []) lines.push([numberName(i), i.value]);
  for (const a of patient.address ?? []) lines.push([say('address'), a.text ?? [a.postalCode, a.state, a.city, ...(a.line ?? [])].filter(Boolean).join(', ')]);
  for (const t of patient.telecom ?? []) lines.push([say('phone'), t.value]);
  return make('table', undefined, ...lines.map(([k, v]) => make('tr', undefined, make('th', k), make('td', v))));
}

/** The address says who is shown, so that a link can be kept and "back" goes back. */
function showChosen() {
  const [, id] = location.hash.match(/^#Patient\/([A-Za-z0-9.-]{1,64})$/) ?? [];
  at('patient').hidden = !id;
  if (id) showPatient(id);
}

async function showPatient(id) {
  const place = at('patient'), mine = ++looks;
  place.replaceChildren(make('p', say('loading')));
  try {
    const [patient, ...pages] = await Promise.all([ask(`/fhir/Patient/${id}`),
      ...shown.map(t => ask(`/fhir/${t}?patient=${id}&_count=100&_total=accurate`))]);
    if (mine !== looks) return;
    const link = make('a', say('source'));
    link.href = `/fhir/Patient/${id}?_pretty=true`;
    const title = make('h2', titleOf(patient));
    title.tabIndex = -1;
    place.replaceChildren(title, headOf(patient), link);
    pages.forEach((page, i) => {
      const rows = (page.entry ?? []).map(e => rowOf[shown[i]](e.resource)).sort((a, b) => b[0].localeCompare(a[0]));
      if (!rows.length) return;
      const told = rows.length < page.total ? `${rows.length} / ${page.total}` : page.total;
      place.append(make('h3', `${say(shown[i])} (${told})`),
        make('table', undefined, ...rows.map(r => make('tr', undefined, ...r.map(c => make('td', c))))));
    });
    title.focus({ preventScroll: true });
    place.scrollIntoView();
  } catch (error) {
    if (mine === looks) problem(place, error);
  }
}

function speak(chosen) {
  language = chosen;
  remember(chosen);
  document.documentElement.lang = chosen;
  for (const node of document.querySelectorAll('[data-text]')) node.textContent = say(node.dataset.text);
  for (const node of document.querySelectorAll('[data-language]')) node.setAttribute('aria-pressed', node.dataset.language === chosen);
  at('commands').textContent = [
    `curl -s '${location.origin}/fhir/Patient?_count=2&_pretty=true'`,
    `curl -s '${location.origin}/fhir/Patient?birthdate=ge1980&gender=female&_summary=count'`,
    `curl -s '${location.origin}/fhir/Condition?code=I10&clinical-status=active&_summary=count'`,
    `curl -s '${location.origin}/fhir/Observation?component-code=http://loinc.org|8480-6&date=ge2025&_total=accurate&_count=1&_pretty=true'`,
  ].join('\n');
  showCounts();
  showPatients(searchPath(at('query').value.trim()), false);
  showChosen();
}

for (const node of document.querySelectorAll('[data-language]')) node.addEventListener('click', () => speak(node.dataset.language));
at('search').addEventListener('submit', event => {
  event.preventDefault();
  showPatients(searchPath(at('query').value.trim()), false);
});
at('more').addEventListener('click', () => nextPage && showPatients(nextPage, true));
addEventListener('hashchange', showChosen);
speak(language);
