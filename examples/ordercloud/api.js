/**
 * OrderCloud's operations, guarded by the roles that its documents name. What the operations do is left out: each
 * answers with what was asked and by whom. Made with Fastify; README.md shows how to call it.
 */
import { readFileSync } from 'node:fs';
import fastify from 'fastify';
import { accessIn, allOf, anyOf, createVerifier, organizationTypes, protectFastify } from 'rolemint/resource-server';

const issuer = process.env.ISSUER ?? 'http://localhost:3000';
const verifier = createVerifier({ issuer, audience: 'https://ordercloud.example' });

/** One operation a line: method, path, and the roles of which any one suffices. */
const operations = readFileSync(new URL('operations.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(/ +/))
  .map(([method, path, ...roles]) => ({ method, path, roles }));

/** Fields that nobody sets without a role of their own, in addition to the Admin role. */
const OVERRIDES = new Map([
  ['ShippingCost', 'OverrideShipping'],
  ['TaxCost', 'OverrideTax'],
  ['UnitPrice', 'OverrideUnitPrice'],
]);

/**
 * Orders are seen from two sides. Who shops places them: Shopper counts for outgoing orders, for the incoming ones of the
 * other side it does not. Nor does it for a field that the other side decides upon.
 */
function needOfOrder(roles) {
  const ofStaff = roles.filter((role) => role !== 'Shopper');
  return ({ params, body }) => {
    const overrides = [...OVERRIDES].filter(([field]) => Object.hasOwn(body ?? {}, field)).map(([, role]) => role);
    const shops = params.direction === 'outgoing' && overrides.length === 0;
    return allOf(anyOf(...(shops ? roles : ofStaff)), ...overrides);
  };
}

const app = fastify();

/** The need of an order depends on the body, so it is looked at after that was read; every other one before. */
function guard(method, path, need) {
  const hook = typeof need === 'function' ? 'preHandler' : 'onRequest';
  app.route({
    method,
    url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
    [hook]: protectFastify(verifier, need),
    handler: async (request) => {
      const { username, subject, actor, organization } = accessIn(request);
      return { operation: `${method} ${path}`, user: username ?? subject, organization: organization?.id, actor };
    },
  });
}

for (const { method, path, roles } of operations) {
  const need = roles.length === 0 ? undefined : anyOf(...roles);
  guard(method, `/v1${path}`, path.startsWith('/orders/') ? needOfOrder(roles) : need);
}

// What is the seller's is administered by the seller's people, whatever roles others have. FullAccess is no exception.
for (const [path, name] of [
  ['/v1/apiclients', 'ApiClient'],
  ['/v1/webhooks', 'Webhook'],
]) {
  const reads = allOf(anyOf('FullAccess', `${name}Admin`, `${name}Reader`), organizationTypes('seller'));
  const writes = allOf(anyOf('FullAccess', `${name}Admin`), organizationTypes('seller'));
  guard('GET', path, reads);
  guard('POST', path, writes);
  guard('GET', `${path}/{id}`, reads);
  for (const method of ['PUT', 'PATCH', 'DELETE']) guard(method, `${path}/{id}`, writes);
}

// The seller's own middleware asks for a role that OrderCloud knows nothing of; FullAccess does not stand for it.
guard('POST', '/app/recurring-orders', 'RecurringOrderAdmin');

const address = await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 4001) });
console.log(`OrderCloud at ${address}, for tokens of ${issuer}`);
