/** A browser as small as it can be: cookies, redirects that it follows by hand, and forms that it reads out of pages. */
export interface Visited {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export class TestBrowser {
  readonly #issuer: string;
  readonly #server: string;
  readonly #fetch: (address: string, init: RequestInit) => Promise<Response>;
  readonly cookies = new Map<string, string>();
  /** Sent with every request. */
  readonly headers: Record<string, string> = {};
  /** Everything that was set, as it was set. */
  readonly setCookies: string[] = [];

  /**
   * @param server where what the issuer's addresses name really listens
   * @param fetching makes each of its requests
   */
  constructor(issuer: string, server: string, fetching: (address: string, init: RequestInit) => Promise<Response> = fetch) {
    this.#issuer = issuer;
    this.#server = server;
    this.#fetch = fetching;
  }

  /** Opens an address and follows redirects until they lead away from the issuer: that address is not opened. */
  async open(address: string | URL, init: RequestInit = {}): Promise<Visited> {
    const url = new URL(address, this.#issuer);
    if (url.origin !== new URL(this.#issuer).origin) return { url, status: 0, headers: new Headers(), text: '' };
    const response = await this.#fetch(this.#server + url.pathname + url.search, {
      redirect: 'manual',
      ...init,
      headers: { ...this.headers, cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '), ...(init.headers as object) },
    });
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie);
    const text = await response.text();
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location !== null) return this.open(new URL(location, url));
    return { url, status: response.status, headers: response.headers, text };
  }

  /** Fills in the form of a page and sends it; boxes that are ticked stay so unless a field of their name is given. */
  async submit(
    page: Visited,
    fields: Readonly<Record<string, string>>,
    button?: { readonly name: string; readonly value: string },
  ): Promise<Visited> {
    const form = /<form[^>]*method="post"[^>]*>(?:(?!<\/form>).)*<\/form>/s.exec(page.text)?.[0];
    if (form === undefined) throw new Error(`no form at ${page.url.href}: ${page.text.slice(0, 500)}`);
    const action = unescaped(/action="([^"]*)"/.exec(form)?.[1] ?? '');
    const given = [...Object.entries(fields), ...(button === undefined ? [] : [[button.name, button.value] as const])];
    const inputs = [...form.matchAll(/<input type="(?:hidden" name="([^"]*)" value="([^"]*)"|checkbox" name="([^"]*)" value="([^"]*)" checked)/g)];
    const standing = inputs
      .map(([, hidden, value, ticked, ofBox]) => [hidden ?? ticked!, unescaped(value ?? ofBox!)] as const)
      .filter(([name]) => !given.some(([other]) => other === name));
    return this.#post(new URL(action, page.url), [...standing, ...given]);
  }

  send(address: string | URL, fields: Readonly<Record<string, string>>): Promise<Visited> {
    return this.#post(address, Object.entries(fields));
  }

  #post(address: string | URL, fields: readonly (readonly [string, string])[]): Promise<Visited> {
    return this.open(address, { method: 'POST', body: new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])) });
  }

  #keep(cookie: string): void {
    this.setCookies.push(cookie);
    const [pair = '', ...attributes] = cookie.split('; ');
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    const gone = attributes.some((attribute) => /^expires=Thu, 01 Jan 1970/i.test(attribute) || /^max-age=0$/i.test(attribute));
    if (gone) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

function unescaped(text: string): string {
  return text.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}
