// A quick client: a few kept connections, answers as parsed JSON.
import { Agent, request } from 'node:http';

export class Http {
  constructor(base, sockets = 6) {
    this.base = base;
    this.agent = new Agent({ keepAlive: true, maxSockets: sockets });
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
  close() { this.agent.destroy(); }
}
