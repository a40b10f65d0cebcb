// Numbers by chance that come again with the same seed (xorshift128).
export class Dice {
  constructor(seed) {
    let x = BigInt(seed) & 0xffffffffffffffffn;
    const next = () => { // splitmix64 spreads the seed
      x = (x + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
      let z = x;
      z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
      z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
      return Number((z ^ (z >> 31n)) & 0xffffffffn) | 0;
    };
    this.s = [next(), next(), next(), next() | 1];
  }
  bits() {
    const s = this.s;
    const t = s[3] ^ (s[3] << 11);
    [s[3], s[2], s[1]] = [s[2], s[1], s[0]];
    s[0] = s[0] ^ (s[0] >>> 19) ^ t ^ (t >>> 8);
    return s[0] >>> 0;
  }
  below(n) { return Math.floor(this.bits() / 4294967296 * n); }
  between(low, high) { return low + this.below(high - low + 1); }
  chance(p) { return this.bits() / 4294967296 < p; }
  one(list) { return list[this.below(list.length)]; }
  some(most, make) { return Array.from({ length: this.below(most + 1) }, make); }
  /** A key of { key: weight }. */
  weighted(weights) {
    let at = this.bits() / 4294967296 * Object.values(weights).reduce((a, b) => a + b, 0);
    for (const [key, weight] of Object.entries(weights)) if ((at -= weight) < 0) return key;
    return Object.keys(weights)[0];
  }
}
