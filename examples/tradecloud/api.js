/**
 * Tradecloud's operations, guarded by its permission matrix. What the operations do is left out: each answers with what was
 * asked and by whom. Made with Express; README.md shows how to call it.
 */
import express from 'express';
import { accessIn, createVerifier, followRevocations, protectExpress } from 'rolemint/resource-server';
import { MATRIX } from './matrix.js';

const issuer = process.env.ISSUER ?? 'http://localhost:3000';
const verifier = createVerifier({
  issuer,
  audience: 'https://tradecloud.example',
  // A role that is taken away is gone here within seconds, not only when the token ends.
  revocations: followRevocations({ issuer, intervalSeconds: 2 }),
});

const app = express();
app.disable('x-powered-by');

for (const { operation, method, path, need } of MATRIX) {
  const guard = protectExpress(verifier, ({ params }) => need(params));
  app[method.toLowerCase()](path, guard, (request, response) => {
    const { subject, organization } = accessIn(request);
    response.json({ operation, user: subject, companies: organization?.ids ?? [] });
  });
}

const server = app.listen(Number(process.env.PORT ?? 4002), '127.0.0.1', () => {
  console.log(`Tradecloud at http://127.0.0.1:${server.address().port}, for tokens of ${issuer}`);
});
