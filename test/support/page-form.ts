import { post, type Answer, type Form } from './token-client.ts';

/** What a browser has once it opened a page: the cookie and the token without which no form is taken. */
export async function openedForm(origin: string): Promise<{ readonly cookie: string; readonly csrf: string }> {
  const page = await fetch(`${origin}/sign-in/forgot`);
  const cookie = page.headers.getSetCookie().map((one) => one.split(';')[0]!);
  const csrf = /name="csrf" value="([^"]*)"/.exec(await page.text())?.[1];
  if (csrf === undefined) throw new Error(`no form at ${origin}`);
  return { cookie: cookie.join('; '), csrf };
}

const opened = new Map<string, ReturnType<typeof openedForm>>();

/** Opens a page as a browser does that opened one before. */
export async function openPage(address: string): Promise<Answer> {
  const { cookie } = await openedOnce(address);
  const response = await fetch(address, { headers: { cookie } });
  return { status: response.status, headers: response.headers, text: await response.text(), body: {} };
}

/** Sends a form of a page as a browser does that opened one before. */
export async function sendForm(address: string, form: Form): Promise<Answer> {
  const { cookie, csrf } = await openedOnce(address);
  return post(address, { csrf, ...form }, { cookie });
}

function openedOnce(address: string): ReturnType<typeof openedForm> {
  const { origin } = new URL(address);
  const known = opened.get(origin) ?? openedForm(origin);
  opened.set(origin, known);
  return known;
}
