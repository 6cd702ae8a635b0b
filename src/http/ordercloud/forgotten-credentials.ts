/**
 * Forgotten passwords. Every request is answered alike and before anything is looked up; what comes of it is a mail of
 * ours, with a link to our own page. An address that a request names is not written into mails: anybody can send one.
 */
import { z } from 'zod';
import { canonicalUsername } from '../../domain/party.ts';
import { MAXIMUM_PASSWORD_LENGTH } from '../../domain/password-policy.ts';
import type { AttemptBudget } from '../../domain/attempt-budget.ts';
import type { OneTimeLinks } from '../../services/one-time-links.ts';
import type { PasswordResets } from '../../services/password-resets.ts';
import { strict } from './bodies.ts';
import { notFound } from './errors.ts';
import { openRoute, type OrderCloudRoute } from './route.ts';

export interface ForgottenCredentialsParts {
  readonly resets: PasswordResets;
  readonly links: OneTimeLinks;
  readonly budget: AttemptBudget;
}

const word = z.string().max(254).nullish();

export function forgottenCredentialsRoutes({ resets, links, budget }: ForgottenCredentialsParts): readonly OrderCloudRoute[] {
  const ask = async (nameOrAddress: string, address: string): Promise<{ readonly status: 204 }> => {
    await budget.take({ address, name: `password reset ${canonicalUsername(nameOrAddress) ?? ''}`, shared: false });
    resets.request(nameOrAddress);
    return { status: 204 };
  };
  return [
    openRoute({
      call: 'ForgottenCredentials.SendVerificationCode',
      method: 'POST',
      path: '/password/reset',
      about: 'User',
      body: strict({ ClientID: word, Email: word, Username: word, URL: z.string().max(2000).nullish() }),
      handle: ({ body: { Username, Email }, address }) => ask((Username || Email || '').trim(), address),
    }),
    openRoute({
      call: 'ForgottenCredentials.ResetPasswordByVerificationCode',
      method: 'PUT',
      path: '/password/reset/{code}',
      about: 'PasswordReset',
      body: strict({ ClientID: word, Username: word, Password: z.string().min(1).max(MAXIMUM_PASSWORD_LENGTH) }),
      handle: async ({ params, body: { Username, Password }, address, requestId }) => {
        const holder = await links.holderOf(params.code);
        const isNamed = Username === undefined || Username === null || canonicalUsername(Username) === canonicalUsername(holder?.username ?? '');
        if (holder === undefined || !isNamed) {
          await budget.recordFailure(address);
          throw notFound('PasswordReset', params.code.slice(0, 200));
        }
        await links.redeem(params.code, Password, requestId);
        return { status: 204 };
      },
    }),
    openRoute({
      call: 'ForgottenCredentials.RetrieveUsername',
      method: 'POST',
      path: '/username/retrieve',
      about: 'User',
      query: z.object({ clientID: z.string().max(254).optional(), email: z.string().max(254).optional() }),
      handle: ({ query: { email = '' }, address }) => ask(email.trim(), address),
    }),
  ];
}
