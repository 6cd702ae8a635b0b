/** What can be asked for: types of models, and the operations on them. */

/** Those that are visible below can be read, not changed, from below the node that has them. */
export const MODELS = new Map([
  ['data/User', {}],
  ['data/Role', { visibleBelow: true }],
  ['data/AccessProfile', { visibleBelow: true }],
  ['data/Alert', {}],
  ['data/MenuLayout', { visibleBelow: true }],
  ['data/GlobalSIPVMDPProfile', {}],
  ['data/GlobalSIPVMLog', {}],
  ['view/UnityTenantAdd', {}],
  ['view/GlobalSIPVMIntegration', {}],
  ['view/AddExtensionMobility', {}],
  ['relation/Subscriber', {}],
  ['device/cucm/Phone', {}],
  ['tool/Transaction', {}],
]);

/** `/api/device/cucm/Phone/at-Boston/tag`: type, thing, and an operation that HTTP has no method for. */
const CALL = new RegExp(`^/api/(?<type>${[...MODELS.keys()].join('|')})(?:/(?<id>[^/]+)(?:/(?<named>[a-z_]+))?)?$`);

const ON_A_TYPE = new Map([
  ['GET', 'read'],
  ['POST', 'create'],
]);
const ON_A_THING = new Map([
  ['GET', 'read'],
  ['PUT', 'update'],
  ['PATCH', 'update'],
  ['DELETE', 'delete'],
]);
const NAMED = new Map([
  ['GET export', 'export'],
  ['POST bulk_update', 'bulk_update'],
  ['POST field_display_policy', 'field_display_policy'],
  ['POST configuration_template', 'configuration_template'],
  ['POST tag', 'tag'],
  ['POST purge', 'purge'],
]);

/** Miscellaneous permissions are about no model, and so about no place. */
const APART = new Map([
  ['GET /api', { operation: 'list of types', role: 'misc:api_root' }],
  ['GET /help', { operation: 'help', role: 'misc:help' }],
]);

/** What a request asks for, and the role for it; undefined: there is no such thing. */
export function callOf(method, path) {
  const { type, id, named } = CALL.exec(path)?.groups ?? {};
  if (type === undefined) return APART.get(`${method} ${path}`);
  const operation = named !== undefined ? NAMED.get(`${method} ${named}`) : (id === undefined ? ON_A_TYPE : ON_A_THING).get(method);
  return operation === undefined ? undefined : { type, id, operation, role: `${type}:${operation}` };
}
