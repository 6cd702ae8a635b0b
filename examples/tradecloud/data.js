/** A little to try the API with: who belongs where, and who orders from whom. */

const companies = new Map([
  ['bob', 'BUYCO'],
  ['alice', 'BUYCO'],
  ['erp', 'BUYCO'],
  ['erp-multi', 'BUYCO'],
  ['sam', 'SUPCO'],
  ['dual', 'BOTHCO'],
  ['olaf', 'OTHER'],
]);

/** The company that a user works for; undefined: there is no such user. */
export const companyOf = (user) => companies.get(user);

/** Orders by their number: who buys, who supplies. */
export const orders = new Map([
  ['1', { buyer: 'BUYCO', supplier: 'SUPCO' }],
  ['2', { buyer: 'BOTHCO', supplier: 'SUPCO' }],
  ['3', { buyer: 'BUYCO', supplier: 'BOTHCO' }],
  ['9', { buyer: 'OTHER', supplier: 'SUPCO' }],
]);
