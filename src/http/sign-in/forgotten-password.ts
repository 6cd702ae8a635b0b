/**
 * The page where a new password is asked for. Every answer is the same, byte by byte, and leaves before anything was
 * looked up; how often an address, and a name from an address, may ask is counted whether or not there is such a name.
 */
import type Koa from 'koa';
import type { AttemptBudget } from '../../domain/ports.ts';
import { canonicalUsername } from '../../domain/party.ts';
import { FORGOTTEN_PASSWORD_PATH } from '../../services/one-time-links.ts';
import type { PasswordResets } from '../../services/password-resets.ts';
import { page, servedPage } from './page.ts';

export interface ForgottenPasswordPageOptions {
  readonly resets: PasswordResets;
  readonly budget: AttemptBudget;
}

/** Serves {@link FORGOTTEN_PASSWORD_PATH}. */
export function forgottenPasswordPage({ resets, budget }: ForgottenPasswordPageOptions): Koa.Middleware {
  return servedPage({
    path: FORGOTTEN_PASSWORD_PATH,
    async show(ctx) {
      ctx.body = FORM;
    },
    async send(ctx, field) {
      const name = field('name').trim();
      await budget.take({ address: ctx.ip, name: `password reset ${canonicalUsername(name) ?? ''}`, shared: false });
      resets.request(name);
      ctx.body = DONE;
    },
  });
}

const FORM = page(
  'Forgot your password?',
  `<p>You get a mail with a link to set a new one.</p>
<form method="post" action="?" autocomplete="on">
<label for="name">User name or mail address</label>
<input id="name" name="name" type="text" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="254" required>
<button type="submit">Send the mail</button>
</form>`,
);

const DONE = page(
  'Look into your mail',
  '<p>If there is a user of this name or address who can be written to, a mail with a link is on its way. The link works for an hour.</p>' +
    '<p>No mail after some minutes? Look into the folder for unwanted mail, or ask an administrator.</p>',
);
