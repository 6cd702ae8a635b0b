/** @module What the calls of the scenarios are at the APIs of the examples. */
import { expect } from '@jest/globals';
import { callExample, type ExampleApi, type System } from '../../support/example-api.ts';
import type { CallNeed, Step } from './scenario.ts';

/** Method and path, and fields of a body after them. */
type Request = readonly [operation: string, body?: Readonly<Record<string, unknown>>];

const ORDER = 'PATCH /v1/orders/incoming/o1';

const CALLS: Readonly<Record<System, Readonly<Record<string, Request>>>> = {
  // Most calls of OrderCloud are written as they are sent.
  ordercloud: {
    [`${ORDER} {Comments}`]: [ORDER, { Comments: 'Thanks' }],
    [`${ORDER} {ShippingCost}`]: [ORDER, { ShippingCost: 5 }],
  },
  tradecloud: {
    'GET /order/1 of BUYCO': ['GET /order/1'],
    'GET /order/9 of OTHER': ['GET /order/9'],
    'order of BUYCO': ['GET /order/1'],
    'order of BOTHCO': ['GET /order/2'],
    'order of OTHER': ['GET /order/9'],
    'POST /order/1/by-buyer/... of BUYCO': ['POST /order/1/by-buyer/accept'],
    'POST /order/1/by-supplier/... of BUYCO': ['POST /order/1/by-supplier/accept'],
    'POST by-buyer': ['POST /order/1/by-buyer/accept'],
    'POST by-supplier': ['POST /order/1/by-supplier/accept'],
    'PUT account code': ['PUT /company/BUYCO/connections/c1/account-code'],
    'POST user invite': ['POST /company/BUYCO/invitations'],
    'GET /user/sam/profile (full)': ['GET /user/sam/profile'],
    'GET /user/sam/profile (limited fields)': ['GET /user/sam'],
  },
  voss: {
    'GET phones': ['GET /api/device/cucm/Phone'],
    'PUT phone': ['PUT /api/device/cucm/Phone/at-VS-Corp'],
    'DELETE phone of own site Boston': ['DELETE /api/device/cucm/Phone/at-Boston'],
    'GET user at VS-Corp': ['GET /api/data/User/at-VS-Corp'],
    'GET user at VS-Corp/Boston': ['GET /api/data/User/at-Boston'],
    'GET user at GenCorp': ['GET /api/data/User/at-GenCorp'],
    'PUT user at provider': ['PUT /api/data/User/at-PRV'],
    'GET users': ['GET /api/data/User'],
    'POST access profile at sys': ['POST /api/data/AccessProfile?node=sys', { permissions: { 'device/cucm/Phone': ['purge'] } }],
    'POST access profile': ['POST /api/data/AccessProfile', { permissions: {} }],
  },
};

/** Sends a call with a token; the answer must be what the scenario says, and a refusal must name what would suffice. */
export async function call(api: ExampleApi, system: System, step: Step, token: string): Promise<void> {
  const [operation, body] = CALLS[system][step.call!] ?? [step.call!];
  const { status, body: answer } = await callExample(api, operation, { token, body });
  expect({ call: step.call, status, error: answer['error'] }).toEqual({
    call: step.call,
    status: step.status,
    error: step.status === 403 ? 'insufficient_scope' : undefined,
  });
  if (step.status === 403) expect(answer['sufficient_roles']).toEqual(expect.arrayContaining(rolesOf(step.need)));
}

const rolesOf = ({ anyOf = [], allOf = [] }: CallNeed = {}): string[] => [...anyOf, ...allOf];
