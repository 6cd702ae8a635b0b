import { TestBrowser, type Visited } from '../support/browser.ts';
import { authorizeUrl, pkce } from '../support/sign-in.ts';
import { AUDIENCE, type Requester } from './requests.ts';
import { ISSUER, PASSWORD } from './world.ts';

/** Somebody with a browser who stays signed in, and gives up where a page is missing. */
export class Person {
  readonly username: string;
  readonly #browser: TestBrowser;

  /** @param requester sends what the browser asks for, each request to a node of its own */
  constructor(requester: Requester, username: string) {
    this.username = username;
    this.#browser = new TestBrowser(ISSUER, '', (path, init) => requester.visit(path, init));
  }

  /** Signs in to `app`. @returns the code with its verifier */
  async code(asked: readonly string[]): Promise<{ readonly code: string; readonly verifier: string } | undefined> {
    const { verifier, challenge } = pkce();
    const { pathname, search } = new URL(authorizeUrl(challenge, { client_id: 'app', scope: asked.join(' '), resource: AUDIENCE }));
    const back = await this.#signedInAt(pathname + search);
    const code = back?.url.searchParams.get('code') ?? undefined;
    return code === undefined ? undefined : { code, verifier };
  }

  /** Lets a device act for them. @returns whether it is known to be done */
  async connect(userCode: string, role: string): Promise<boolean> {
    const page = await this.#signedInAt('/sign-in/device');
    if (page?.status !== 200) return false;
    const allowed = { name: 'decision', value: 'allow' };
    const done = await answered(this.#browser.submit(page, { user_code: userCode, role }, allowed));
    return done?.status === 200;
  }

  async #signedInAt(address: string): Promise<Visited | undefined> {
    const page = await answered(this.#browser.open(address));
    if (page?.url.pathname !== '/sign-in/login' || page.status !== 200) return page;
    return answered(this.#browser.submit(page, { username: this.username, password: PASSWORD }));
  }
}

/** The browser has noted what went wrong. */
const answered = (page: Promise<Visited>): Promise<Visited | undefined> => page.catch(() => undefined);
