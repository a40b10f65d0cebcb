// A quick client: a few kept connections, answers as parsed JSON. Questions that are asked at the same
// time can travel together, as a batch.
import { Agent, request } from 'node:http';

export class Http {
  constructor(base, sockets = 6) {
    this.base = base;
    this.agent = new Agent({ keepAlive: true, maxSockets: sockets });
    this.waiting = [];
  }

  ask(method, path, body, headers = {}) {
    const url = path.startsWith('http') ? path : `${this.base}/${path}`;
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, agent: this.agent,
        headers: body === undefined ? headers : { 'Content-Type': 'application/fhir+json', 'Content-Length': Buffer.byteLength(body), ...headers } }, answer => {
        const pieces = [];
        answer.on('data', d => pieces.push(d));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(pieces).toString();
          let parsed;
          try { parsed = text ? JSON.parse(text) : undefined; } catch { parsed = undefined; }
          resolve({ status: answer.statusCode, headers: answer.headers, body: parsed, text });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  get(path) { return this.ask('GET', path); }

  /** The same as get, as an entry of a batch. */
  together(path) {
    if (!this.waiting.length) setImmediate(() => this.flush());
    return new Promise((resolve, reject) => {
      const url = path.startsWith(this.base) ? path.slice(this.base.length).replace(/^\//, '') : path;
      this.waiting.push({ url, resolve, reject });
    });
  }

  async flush() {
    const asked = this.waiting.splice(0);
    try {
      const bundle = { resourceType: 'Bundle', type: 'batch', entry: asked.map(({ url }) => ({ request: { method: 'GET', url } })) };
      const answer = await this.ask('POST', '', JSON.stringify(bundle));
      if (answer.status !== 200) throw new Error(`a batch of questions: ${answer.text}`);
      asked.forEach(({ resolve }, i) => {
        const { response, resource } = answer.body.entry[i];
        const body = resource ?? response.outcome;
        resolve({ status: Number(response.status.slice(0, 3)), body, get text() { return JSON.stringify(body); } });
      });
    } catch (e) {
      asked.forEach(({ reject }) => reject(e));
    }
  }

  close() { this.agent.destroy(); }
}
