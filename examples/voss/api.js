/**
 * VOSS's operations on models, guarded by type permissions and the place in the hierarchy. What the operations do is left
 * out: each answers with what was asked and by whom. Made with Koa; README.md shows how to call it.
 */
import Koa from 'koa';
import rawBody from 'raw-body';
import { accessIn, allOf, createVerifier, entity, protectKoa } from 'rolemint/resource-server';
import { callOf, MODELS } from './models.js';
import { pathOf, THINGS } from './things.js';

const issuer = process.env.ISSUER ?? 'http://localhost:3000';
const verifier = createVerifier({ issuer, audience: 'https://voss.example' });

/** Whether what is at a node is in reach: at the caller's own node or below it, and from below where the model says so. */
function reach(node, { type, operation }) {
  const write = operation !== 'read' && operation !== 'export';
  return entity.at(pathOf(node), { write, visibleBelow: MODELS.get(type).visibleBelow ?? false });
}

/** A thing is at its node. What is created goes to the node that the query names, or to the caller's own. */
function nodeOf({ id, operation }, { query }, { organization }) {
  if (id !== undefined) return THINGS.get(id);
  return String((operation === 'create' ? query.node : undefined) ?? organization?.id);
}

/** The clone rule: who makes an access profile must have every permission that it gives. A wildcard nobody has. */
async function permissionsGivenBy(ctx, { type, operation }) {
  if (type !== 'data/AccessProfile' || !['create', 'update'].includes(operation)) return [];
  try {
    const body = await rawBody(ctx.req, { encoding: 'utf8', limit: '100kb' });
    /** @type {{ permissions?: Record<string, string[]> }} */
    const { permissions = {} } = JSON.parse(body || '{}');
    const lists = Object.entries(permissions);
    const isWell = lists.every(([of, list]) => isWord(of) && Array.isArray(list) && list.every(isWord));
    if (isWell) return lists.flatMap(([of, list]) => list.map((one) => `${of}:${one}`));
  } catch {
    // Answered below.
  }
  ctx.throw(400, 'Permissions are operations by type: {"permissions": {"data/User": ["read"]}}');
}

const isWord = (value) => typeof value === 'string' && /^[\w/*]+$/.test(value);

const app = new Koa();

app.use((ctx, next) => {
  ctx.state.call = callOf(ctx.method, ctx.path);
  return ctx.state.call === undefined ? undefined : next();
});

app.use(
  protectKoa(verifier, async (ctx, access) => {
    const { call } = ctx.state;
    if (call.type === undefined) return allOf(call.role);
    return allOf(call.role, reach(nodeOf(call, ctx, access), call), ...(await permissionsGivenBy(ctx, call)));
  }),
);

app.use((ctx) => {
  const { type, id, operation } = ctx.state.call;
  const access = accessIn(ctx);
  const user = { user: access.subject, node: access.organization?.id };
  const lists = type !== undefined && id === undefined && operation === 'read';
  const list = [...THINGS].filter(([, node]) => lists && reach(node, ctx.state.call).allows(access)).map(([name]) => name);
  ctx.body = { type, id, operation, ...user, ...(lists ? { list } : {}) };
});

const server = app.listen(Number(process.env.PORT ?? 4003), '127.0.0.1', () => {
  console.log(`VOSS at http://127.0.0.1:${server.address().port}, for tokens of ${issuer}`);
});
