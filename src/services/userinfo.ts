/** @module What an application may know of the person for whom it acts; OpenID Connect Core 1.0 §5.3. */
import type { Claims, Store } from '../domain/ports.ts';
import { ALL } from './one-time-links.ts';
import type { LiveAccess } from './introspection.ts';

export interface UserinfoOptions {
  readonly store: Pick<Store, 'directory'>;
}

export class Userinfo {
  readonly #options: UserinfoOptions;

  constructor(options: UserinfoOptions) {
    this.#options = options;
  }

  /** @param scope of the access token @returns undefined when it does not say who the person is */
  async of(scope: ReadonlySet<string>, { subject }: LiveAccess): Promise<Claims | undefined> {
    if (!scope.has('openid') || subject.kind !== 'user') return undefined;
    const user = (await this.#options.store.directory.find('users', [subject.id], ALL)).get(subject.id);
    if (user === undefined) return undefined;
    const organization = subject.organization;
    return {
      sub: user.id,
      ...(scope.has('profile')
        ? {
            preferred_username: user.username,
            ...(organization === undefined ? {} : { org_id: organization.id, org_type: organization.type, org_path: organization.path }),
          }
        : {}),
      // Nobody checked that the address is read by the person.
      ...(scope.has('email') && user.email !== undefined ? { email: user.email, email_verified: false } : {}),
    };
  }
}
