/** What must be answered; a refusal of anything else is counted and listed. */
export const supported = new Set(['number', 'date', 'string', 'token', 'reference', 'composite', 'quantity', 'uri', 'special', 'near',
  'system', 'compartment', 'malformed', ':missing', ':exact', ':contains', ':text', ':not', ':in', ':not-in', ':of-type', ':identifier',
  ':[type]', ':above uri', ':below uri', ':above token', ':below token', ':above reference', ':below reference', 'chain', 'chain.chain',
  '_has', '_has nested', '_list', '_include', '_include *', '_include:iterate', '_revinclude', '_maxresults', '_filter', '_filter composite',
  ':missing composite', '_contained',
  ...['_id', '_lastUpdated', 'string', 'token', 'uri', 'date', 'number', 'quantity'].map(k => `_sort ${k}`)]);

/** What is not asked for: ZD_AVOID, joined by semicolons. */
export const avoid = new Set((process.env.ZD_AVOID ?? '').split(';').filter(Boolean));
