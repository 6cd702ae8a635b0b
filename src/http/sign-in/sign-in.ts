/** @module All pages for people, and the files that they load. */
import type Koa from 'koa';
import { consentPage, type ConsentPageOptions } from './consent.ts';
import { devicePage, type DevicePageOptions } from './device.ts';
import { forgottenPasswordPage, type ForgottenPasswordPageOptions } from './forgotten-password.ts';
import { invitationPage, type InvitationPageOptions } from './invitation.ts';
import { loginPage, type LoginPageOptions } from './login.ts';
import { logoutPage, type LogoutPageOptions } from './logout.ts';
import { oneTimeLinkPage, type OneTimeLinkPageOptions } from './one-time-link.ts';

import { sessionsPage, type SessionsPageOptions } from './sessions.ts';

export type SignInPagesOptions = ConsentPageOptions &
  DevicePageOptions &
  ForgottenPasswordPageOptions &
  InvitationPageOptions &
  LoginPageOptions &
  LogoutPageOptions &
  OneTimeLinkPageOptions &
  SessionsPageOptions;

/** In order; each passes on what is not its own. */
export function signInPages(options: SignInPagesOptions): readonly Koa.Middleware[] {
  return [
    options.look.files,
    loginPage(options),
    consentPage(options),
    devicePage(options),
    logoutPage(options),
    sessionsPage(options),
    oneTimeLinkPage(options),
    forgottenPasswordPage(options),
    invitationPage(options),
  ];
}
