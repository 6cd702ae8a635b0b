/** Where the server is, from the browser's point of view: the build knows nothing of it. */
export interface Config {
  /** As it stands in tokens, and in its discovery document. */
  readonly issuer: string;
  readonly client_id: string;
}

/** Address of the console, with a slash at its end: the build is in `assets/` below it. */
export const CONSOLE_URL = new URL(/\/assets\/[^/]*$/.test(import.meta.url) ? '..' : '.', import.meta.url);
/** Address that all paths of the API are relative to, without a slash at its end. */
export const SERVER_URL = new URL('..', CONSOLE_URL).href.replace(/\/$/, '');
/** What every path of the console begins with: `/console`, behind a prefix `/prefix/console`. */
export const BASE_PATH = CONSOLE_URL.pathname.replace(/\/$/, '');

export async function loadConfig(): Promise<Config> {
  const response = await fetch(new URL('config.json', CONSOLE_URL));
  if (!response.ok) throw new Error(`The configuration cannot be loaded (${response.status}).`);
  return (await response.json()) as Config;
}
