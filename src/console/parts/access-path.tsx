/** @module One way by which a role comes to somebody, in words. */
import { Link } from 'react-aria-components';
import type { Schemas } from '../api/client.ts';
import { t } from '../words/words.ts';
import { Tag } from './tags.tsx';
import { Time } from './time.tsx';

export type AccessPath = Schemas['AccessPath'];

export function stateName(state: AccessPath['state']): string {
  const names: Readonly<Record<AccessPath['state'], string>> = {
    in_force: t('in force'),
    not_yet_valid: t('not yet'),
    other_client: t('only through another client'),
    expired: t('ended'),
  };
  return names[state];
}

export function AccessPathText({ path }: { path: AccessPath }) {
  const { state, assignment, security_profile: profile, client, from, until, assigned_by: by, assigned_at: at, reason } = path;
  return (
    <div className="path">
      <p>
        <Link href={`/profiles/${encodeURIComponent(profile.id)}`}>{profile.name}</Link> {viaOf(path)}{' '}
        {state !== 'in_force' && <Tag tone="warning">{stateName(state)}</Tag>}
        {client !== null && <Tag>{t('only through {client}', { client })}</Tag>}
      </p>
      <p className="quiet">
        {by === null ? t('Assigned') : t('Assigned by {by}', { by })} <Time at={at} />
        {from !== null && (
          <>
            {' · '}
            {t('from')} <Time at={from} />
          </>
        )}
        {until !== null && (
          <>
            {' · '}
            {t('until')} <Time at={until} distance />
          </>
        )}
        {reason !== null && ` · “${reason}”`}
        {' · '}
        <Link href={`/assignments/${encodeURIComponent(assignment)}`}>{t('Assignment')}</Link>
      </p>
    </div>
  );
}

/** By whom it comes: directly, by a group, or by an organization and those between. */
export function viaOf({ party, organizations, include_descendants: below }: AccessPath): string {
  switch (party.kind) {
    case 'user':
      return t('assigned directly');
    case 'client':
      return t('assigned to the client');
    case 'user_group':
      return t('by the group {name}', { name: party.name });
    case 'organization':
      if (organizations.length > 1)
        return t('by the organization {name} and all below: {path}', { name: party.name, path: organizations.join(' › ') });
      return below ? t('by the organization {name} and all below', { name: party.name }) : t('by the organization {name}', { name: party.name });
  }
}
