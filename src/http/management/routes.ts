import type { Route } from '../api/route.ts';
import { clientRoutes, type ClientRouteOptions } from './clients.ts';
import { meRoutes } from './me.ts';
import { memberRoutes, type MemberRouteOptions } from './members.ts';
import { NOUNS, nounRoutes, type NounOptions } from './nouns.ts';
import { profileRoutes, type ProfileRouteOptions } from './profiles.ts';

/** What the routes work with. */
export type ManagementParts = NounOptions & ClientRouteOptions & MemberRouteOptions & ProfileRouteOptions;

/** Every route of the management API. */
export function managementRoutes(parts: ManagementParts): readonly Route[] {
  return [
    ...NOUNS.flatMap((line) => nounRoutes(line, parts)),
    ...clientRoutes(parts),
    ...memberRoutes(parts),
    ...profileRoutes(parts),
    ...meRoutes(),
  ];
}
