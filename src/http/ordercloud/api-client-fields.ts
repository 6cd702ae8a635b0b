/** Clients between the two vocabularies: minutes and seconds, names and ids of users, four lists of roles and two. */
import { z } from 'zod';
import type { Json } from '../../administration/entries.ts';
import { isProven, type Client } from '../../domain/client.ts';
import { LONGEST_ACCESS_TOKEN_SECONDS } from '../../domain/signing-key.ts';
import { flag, id, name, names, sent, strict } from './bodies.ts';
import { split } from './role-names.ts';

const minutes = z.int().min(0).max(5_000_000).nullish();

const shape = {
  ID: id.nullish(),
  ClientSecret: z.string().max(1024).nullish(),
  AppName: name,
  Active: flag.nullish(),
  AccessTokenDuration: minutes,
  RefreshTokenDuration: minutes,
  AnonymousTokenDuration: minutes,
  DefaultContextUserName: z.string().max(200).nullish(),
  AllowAnyBuyer: flag.nullish(),
  AllowAnySupplier: flag.nullish(),
  AllowSeller: flag.nullish(),
  IsAnonBuyer: flag.nullish(),
  MinimumRequiredRoles: names.nullish(),
  MinimumRequiredCustomRoles: names.nullish(),
  MaximumGrantedRoles: names.nullish(),
  MaximumGrantedCustomRoles: names.nullish(),
};
/** Members of checkouts and carts, and counts. */
const NOT_KEPT = [
  'xp',
  'AssignedBuyerCount',
  'AssignedSupplierCount',
  ...['OrderCheckout', 'OrderReturn', 'AddToCart'].flatMap((event) => [`${event}IntegrationEventID`, `${event}IntegrationEventName`]),
];

export const apiClientBody = strict(shape, NOT_KEPT);
export const apiClientPatch = strict({ ...shape, AppName: name.optional() }, NOT_KEPT);
export type ApiClientBody = z.output<typeof apiClientPatch>;

/** What `Save` sets where a member is not sent. A secret stays: nobody is let in more easily by leaving something out. */
const UNSENT: ApiClientBody = {
  Active: false,
  AccessTokenDuration: null,
  RefreshTokenDuration: 0,
  AnonymousTokenDuration: null,
  DefaultContextUserName: null,
  AllowAnyBuyer: false,
  AllowAnySupplier: false,
  AllowSeller: false,
  IsAnonBuyer: false,
  MinimumRequiredRoles: [],
  MinimumRequiredCustomRoles: [],
  MaximumGrantedRoles: [],
  MaximumGrantedCustomRoles: [],
};

/** The body of a `Save`, complete. */
export const completed = (body: ApiClientBody): ApiClientBody => ({ ...UNSENT, ...sent(body) });

/** A client that there is not yet. */
export const NEW_CLIENT: Pick<
  Client,
  'grantTypes' | 'tokenEndpointAuthMethod' | 'allowedOrganizations' | 'minimumRoles' | 'maximumRoles' | 'contextUser'
> = {
  grantTypes: ['password', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
  tokenEndpointAuthMethod: 'none',
  // Nobody, until somebody is allowed.
  allowedOrganizations: { types: [], ids: [] },
  minimumRoles: [],
  maximumRoles: undefined,
  contextUser: undefined,
};

export interface ContextUser {
  /** Undefined: not sent; null: none. */
  readonly id: string | null | undefined;
}

/** Fields of ours for what was sent. @param stored the client as it is, or {@link NEW_CLIENT} */
export function fieldsOf(body: ApiClientBody, stored: typeof NEW_CLIENT & Partial<Client>, { id: contextUser }: ContextUser): Json {
  const { AppName, Active, AccessTokenDuration, RefreshTokenDuration, AnonymousTokenDuration, IsAnonBuyer, ClientSecret } = body;
  const isAnonymousBuyer = IsAnonBuyer ?? stored.isAnonymousBuyer ?? false;
  const method = isGiven(ClientSecret) && !isProven(stored) ? 'client_secret_post' : stored.tokenEndpointAuthMethod;
  const acts = (contextUser === undefined ? stored.contextUser : contextUser) ?? null;
  const asked = contextUser !== undefined || isGiven(ClientSecret) || (IsAnonBuyer ?? undefined) !== undefined;
  return sent({
    client_name: AppName,
    active: Active ?? undefined,
    access_token_lifetime_seconds: accessSecondsOf(AccessTokenDuration, stored.accessTokenLifetimeSeconds),
    refresh_token_lifetime_seconds: secondsOf(RefreshTokenDuration, stored.refreshTokenLifetimeSeconds),
    anonymous_token_lifetime_seconds: accessSecondsOf(AnonymousTokenDuration, stored.anonymousTokenLifetimeSeconds),
    context_user: contextUser,
    is_anonymous_buyer: isAnonymousBuyer,
    token_endpoint_auth_method: method,
    grant_types: grantsOf(stored, { acts: acts !== null, lost: contextUser === null, proven: method !== 'none' || isAnonymousBuyer, asked }),
    allowed_organizations: allowedOf(body, stored),
    ...rolesOf(body, stored),
  });
}

export const isGiven = (secret: string | null | undefined): secret is string => typeof secret === 'string' && secret !== '';

/** What was shown in whole minutes and comes back stays what it was. */
function secondsOf(minutesSent: number | null | undefined, stored: number | undefined): number | null | undefined {
  if (typeof minutesSent !== 'number') return minutesSent;
  return minutesSent === minutesOf(stored) ? stored : minutesSent * 60;
}

/** 0 says nothing of a token that is to be used at all. */
function accessSecondsOf(minutesSent: number | null | undefined, stored: number | undefined): number | null | undefined {
  const seconds = minutesSent === 0 ? null : secondsOf(minutesSent, stored);
  return typeof seconds === 'number' ? Math.min(seconds, LONGEST_ACCESS_TOKEN_SECONDS) : seconds;
}

interface Acting {
  /** As a context user. */
  readonly acts: boolean;
  /** The context user was taken away. */
  readonly lost: boolean;
  readonly proven: boolean;
  /** Something that it follows from was sent. */
  readonly asked: boolean;
}

/** A client acts for itself as its context user alone: with the user goes the grant. What nobody asked about stays. */
function grantsOf({ grantTypes }: Pick<Client, 'grantTypes'>, { acts, lost, proven, asked }: Acting): readonly string[] | undefined {
  if (!asked) return undefined;
  const others = grantTypes.filter((grant) => grant !== 'client_credentials');
  if (acts && proven) return [...others, 'client_credentials'];
  return lost || !proven ? others : undefined;
}

const TYPES = [
  ['AllowAnyBuyer', 'buyer'],
  ['AllowAnySupplier', 'supplier'],
  ['AllowSeller', 'seller'],
] as const;

function allowedOf(body: ApiClientBody, { allowedOrganizations }: Pick<Client, 'allowedOrganizations'>): Json | undefined {
  if (TYPES.every(([member]) => (body[member] ?? undefined) === undefined)) return undefined;
  const { types: allowed, ids } = allowedOrganizations;
  const isOpen = allowed === undefined && ids === undefined;
  const types = new Set<string>(isOpen ? TYPES.map(([, type]) => type) : allowed);
  for (const [member, type] of TYPES) {
    if (body[member] === true) types.add(type);
    if (body[member] === false) types.delete(type);
  }
  return { types: [...types], ids: ids ?? [] };
}

function rolesOf(body: ApiClientBody, stored: Pick<Client, 'minimumRoles' | 'maximumRoles'>): Json {
  const minimum = joined(body.MinimumRequiredRoles, body.MinimumRequiredCustomRoles, stored.minimumRoles);
  const maximum = joined(body.MaximumGrantedRoles, body.MaximumGrantedCustomRoles, stored.maximumRoles ?? []);
  // To OrderCloud an empty list is no limit. A client that lets nothing through stays one.
  const limit = maximum?.length === 0 && stored.maximumRoles?.length !== 0 ? null : maximum;
  return { minimum_roles: minimum, maximum_roles: limit };
}

/** Undefined when neither list was sent; the one that was not keeps what it has. */
function joined(known: readonly string[] | null | undefined, custom: readonly string[] | null | undefined, stored: readonly string[]) {
  if (known === undefined && custom === undefined) return undefined;
  const before = split(stored);
  return [...(known === undefined ? before.known : (known ?? [])), ...(custom === undefined ? before.custom : (custom ?? []))];
}

/** Names of roles that the body names. */
export const rolesIn = (body: ApiClientBody): readonly string[] => [
  ...(body.MinimumRequiredRoles ?? []),
  ...(body.MinimumRequiredCustomRoles ?? []),
  ...(body.MaximumGrantedRoles ?? []),
  ...(body.MaximumGrantedCustomRoles ?? []),
];

export interface ClientContext {
  readonly username: string | undefined;
  readonly buyers: number;
  readonly suppliers: number;
}

export function shownApiClient(client: Client, { username, buyers, suppliers }: ClientContext) {
  const { types, ids } = client.allowedOrganizations;
  const allows = (type: string): boolean => (types === undefined ? ids === undefined : types.includes(type));
  const minimum = split(client.minimumRoles);
  const maximum = split(client.maximumRoles ?? []);
  return {
    ID: client.clientId,
    ClientSecret: null,
    AppName: client.clientName,
    Active: client.active,
    AccessTokenDuration: minutesOf(client.accessTokenLifetimeSeconds),
    RefreshTokenDuration: minutesOf(client.refreshTokenLifetimeSeconds),
    AnonymousTokenDuration: minutesOf(client.anonymousTokenLifetimeSeconds),
    DefaultContextUserName: username ?? null,
    AllowAnyBuyer: allows('buyer'),
    AllowAnySupplier: allows('supplier'),
    AllowSeller: allows('seller'),
    IsAnonBuyer: client.isAnonymousBuyer === true,
    AssignedBuyerCount: buyers,
    AssignedSupplierCount: suppliers,
    MinimumRequiredRoles: minimum.known,
    MinimumRequiredCustomRoles: minimum.custom,
    MaximumGrantedRoles: maximum.known,
    MaximumGrantedCustomRoles: maximum.custom,
    OrderCheckoutIntegrationEventID: null,
    OrderCheckoutIntegrationEventName: null,
    OrderReturnIntegrationEventID: null,
    OrderReturnIntegrationEventName: null,
    AddToCartIntegrationEventID: null,
    AddToCartIntegrationEventName: null,
    xp: null,
  };
}

/** Not less than a minute, so that what is short does not look as if it were nothing. */
const minutesOf = (seconds: number | undefined): number | null => (seconds === undefined ? null : Math.ceil(seconds / 60));
