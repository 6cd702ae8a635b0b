/** @module All pages for people, and the files that they load. */
import type Koa from 'koa';
import { forgottenPasswordPage, type ForgottenPasswordPageOptions } from './forgotten-password.ts';
import { invitationPage, type InvitationPageOptions } from './invitation.ts';
import { loginPage, type LoginPageOptions } from './login.ts';
import { oneTimeLinkPage, type OneTimeLinkPageOptions } from './one-time-link.ts';

export type SignInPagesOptions = ForgottenPasswordPageOptions & InvitationPageOptions & LoginPageOptions & OneTimeLinkPageOptions;

/** In order; each passes on what is not its own. */
export function signInPages(options: SignInPagesOptions): readonly Koa.Middleware[] {
  return [options.look.files, loginPage(options), oneTimeLinkPage(options), forgottenPasswordPage(options), invitationPage(options)];
}
