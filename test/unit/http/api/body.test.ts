import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { LARGEST_BODY } from '../../../../src/http/api/body.ts';
import { route } from '../../../../src/http/api/route.ts';
import { parseStrictJson } from '../../../../src/http/api/strict-json.ts';
import { send, startApi, type Answer, type Harness } from './harness.ts';

let api: Harness;
let received: unknown;

const body = z.strictObject({
  name: z.string().min(1).max(20),
  roles: z.array(z.string()).max(3).optional(),
  policy: z.strictObject({ minimum_length: z.int().optional() }).optional(),
  password: z.string().min(3).optional(),
});
const answers = { 200: z.unknown() };
const handle = async (request: { readonly body: unknown }) => {
  received = request.body;
  return { status: 200, body: {} };
};
const routes = [
  route({ method: 'POST', path: '/users', resource: 'users', summary: 'Make', roles: ['UserAdmin'], body, answers, handle }),
  route({ method: 'PATCH', path: '/users/{id}', resource: 'users', summary: 'Change', roles: ['UserAdmin'], body: body.partial(), answers, handle }),
];

beforeAll(async () => {
  api = await startApi(routes, { admin: { roles: ['UserAdmin'] } });
});
afterAll(() => api.close());

const authorization = 'Bearer admin';
function post(content: string | Buffer, headers: Record<string, string> = {}, method = 'POST'): Promise<Answer> {
  received = undefined;
  return send(api.url, method === 'POST' ? '/api/v1/users' : '/api/v1/users/x', {
    method,
    body: content,
    headers: { authorization, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(content)), ...headers },
  });
}

async function refused(answered: Promise<Answer>, expected: Record<string, unknown>, status = 400): Promise<void> {
  const got = await answered;
  expect(got.body).toMatchObject({ status, ...expected });
  expect(got.status).toBe(status);
  expect(received).toBeUndefined();
  expect(got.text).not.toMatch(/ at .+:\d+/);
}

describe('a body', () => {
  it('reaches the handler as it was sent', async () => {
    expect((await post('{"name":"Zoë \\ud83d\\ude00","roles":["A"],"policy":{"minimum_length":12}}')).status).toBe(200);
    expect(received).toEqual({ name: 'Zoë 😀', roles: ['A'], policy: { minimum_length: 12 } });
  });

  it.each(['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])('may be called %s', async (type) => {
    expect((await post('{"name":"x"}', { 'content-type': type })).status).toBe(200);
  });

  it.each([
    'text/plain',
    'application/json; charset=utf-16le',
    'application/merge-patch+json',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    '',
  ])('T-74: of the type %j is 415', async (type) => {
    await refused(post('{"name":"x"}', { 'content-type': type }), { code: 'unsupported_media_type' }, 415);
  });

  it('T-74: that is compressed is 415, however little it is', async () => {
    await refused(post(gzipSync('{"name":"x"}'), { 'content-encoding': 'gzip' }), { code: 'unsupported_media_type' }, 415);
    expect((await post('{"name":"x"}', { 'content-encoding': 'identity' })).status).toBe(200);
  });

  it('of a PATCH may be called a merge patch, too', async () => {
    expect((await post('{"name":"x"}', { 'content-type': 'application/merge-patch+json' }, 'PATCH')).status).toBe(200);
    const { headers } = await post('{}', { 'content-type': 'text/plain' }, 'PATCH');
    expect(headers['accept-patch']).toBe('application/merge-patch+json, application/json');
  });

  it('T-74: above 256 KiB is 413 and ends the connection, with and without a length', async () => {
    const large = JSON.stringify({ name: 'x'.repeat(LARGEST_BODY) });
    const answered = await post(large);
    await refused(Promise.resolve(answered), { code: 'too_large', title: 'The body may have 256 KiB.' }, 413);
    expect(answered.headers['connection']).toBe('close');
    const chunked = send(api.url, '/api/v1/users', {
      method: 'POST',
      body: large,
      headers: { authorization, 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    });
    await refused(
      chunked.catch(() => ({ status: 413, body: { status: 413, code: 'too_large' }, headers: {}, text: '' })),
      { code: 'too_large' },
      413,
    );
  });

  it('that is missing is 400', async () => {
    await refused(post(''), { code: 'invalid_input', title: 'A JSON body is needed.' });
  });

  it('that breaks off is no fault of ours', async () => {
    const { port, hostname } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve) => {
      socket.write(
        `POST /api/v1/users HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{`,
        () => resolve(),
      );
    });
    socket.destroy();
    expect((await post('{"name":"x"}')).status).toBe(200);
    expect(api.faults).toEqual([]);
  });
});

describe('T-74, T-68: JSON that somebody could read differently', () => {
  it.each<[string, string | Buffer, RegExp]>([
    ['no JSON', '{"name":', /not JSON/],
    ['a trailing comma', '{"name":"x",}', /not JSON/],
    ['a comment', '{"name":"x"/**/}', /not JSON/],
    ['NaN', '{"name":NaN}', /not JSON/],
    ['a byte order mark', '\uFEFF{"name":"x"}', /byte order mark/],
    ['UTF-16', Buffer.from('{"name":"x"}', 'utf16le'), /not JSON/],
    ['UTF-16 with its mark', Buffer.from('\uFEFF{"name":"x"}', 'utf16le'), /not UTF-8/],
    ['bytes that are no UTF-8', Buffer.from('{"name":"\xff"}', 'latin1'), /not UTF-8/],
    ['an overlong form', Buffer.from([0x22, 0xc0, 0x80, 0x22]), /not UTF-8/],
    ['NUL', '{"name":"a\\u0000b"}', /^\/name has a character that no text can have/],
    ['half a surrogate pair', '{"name":"\\ud83d"}', /^\/name has a character/],
    ['the other half', '{"name":"\\ude00x"}', /^\/name has a character/],
    ['a name with half a pair', '{"\\ud83d":1}', /^The body has a name/],
    ['a name twice', '{"name":"x","name":"y"}', /^\/name is given twice/],
    ['a name twice, once escaped', '{"name":"x","n\\u0061me":"y"}', /^\/name is given twice/],
    ['a name twice, deep', '{"roles":[1,{"a":1,"b":{"a":1},"a":2}]}', /^\/roles\/1\/a is given twice/],
    ['__proto__', '{"__proto__":{"polluted":1}}', /^\/__proto__ is no name of ours/],
    ['__proto__ in escapes', '{"\\u005f_proto__":{"polluted":1}}', /^\/__proto__ is no name/],
    ['constructor', '{"name":"x","policy":{"constructor":{"prototype":{"polluted":1}}}}', /^\/policy\/constructor is no name/],
    ['a number beyond all bounds', '{"policy":{"minimum_length":1e309}}', /^\/policy\/minimum_length is a number beyond/],
    ['one below them', '{"policy":{"minimum_length":-1e999}}', /^\/policy\/minimum_length is a number beyond/],
    ['depth 17', `${'['.repeat(17)}${']'.repeat(17)}`, /is nested too deep: 16 levels/],
    ['depth 100,000', `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`, /too deep/],
  ])('is refused: %s', async (_name, content, title) => {
    await refused(post(content), { code: 'invalid_input', title: expect.stringMatching(title) });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('is everything that JSON.parse takes, less that: what is accepted means what it says (law)', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const reserved = /__proto__|"constructor"|"prototype"|\\u0000|\\ud[89a-f]/i.test(text);
        fc.pre(!reserved);
        expect(parseStrictJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('never crashes on any text (law)', () => {
    const pieces = fc.array(fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'a', '1', '-', 'e', ' ', 'null', '"a"', '\\u0041', '0'), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(pieces, (parts) => {
        try {
          parseStrictJson(parts.join(''));
        } catch (error) {
          expect((error as { code?: string }).code).toBe('invalid_input');
        }
      }),
    );
  });
});

describe('a body that does not fit', () => {
  it('is told everything at once, each with its place', async () => {
    await refused(post('{"nmae":"x","roles":["a","b","c","d"],"policy":{"minimum_length":"8"}}'), {
      code: 'invalid_input',
      title: '/name: is missing. There are 4 problems in all.',
      pointer: '/name',
      problems: [
        { pointer: '/name', message: 'is missing.' },
        { pointer: '/roles', message: 'must have 3 entries or less.' },
        { pointer: '/policy/minimum_length', message: 'must be a number; found "8".' },
        { pointer: '/nmae', message: 'unknown field. Did you mean "name"? Allowed: name, roles, policy, password.' },
      ],
    });
  });

  it('is told lengths in characters', async () => {
    await refused(post(JSON.stringify({ name: 'x'.repeat(21) })), { title: `/name: must have 20 characters or less. Found "${'x'.repeat(21)}".` });
  });

  it.each(['[]', '"x"', '1', 'null', 'true'])('is not an object: %s', async (content) => {
    await refused(post(content), { code: 'invalid_input', pointer: '' });
  });

  it('T-72: has an object where a text belongs', async () => {
    await refused(post('{"name":{"$ne":1}}'), { problems: [{ pointer: '/name', message: 'must be text; found an object.' }] });
  });

  it('has a secret that is not told back', async () => {
    const { text } = await post('{"name":"x","password":"hu"}');
    expect(text).not.toContain('"hu"');
  });

  it('has thousands of unknown members: fifty are told', async () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`member${index}`, 1]));
    const { body: problem, text } = await post(JSON.stringify(many));
    expect(problem['problems']).toHaveLength(50);
    expect(text.length).toBeLessThan(10_000);
  });
});
