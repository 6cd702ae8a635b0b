/** The permission matrix of Tradecloud: for each operation the role that it needs, and whose data it is about. */
import { allOf, anyOf, entity } from 'rolemint/resource-server';
import { companyOf, orders } from './data.js';

// Whose data: what Tradecloud calls the scope of a permission. The path of the request tells.
const ofPlatform = () => entity.platform;
const ofCompany = ({ company }) => entity.company(company);
const ofUser = ({ user }) => entity.user(user);
const ofCoWorker = ({ user }) => entity.company(companyOf(user) ?? NOBODY);
const ofBuyer = ({ order }) => entity.company(orders.get(order)?.buyer ?? NOBODY);
const ofSupplier = ({ order }) => entity.company(orders.get(order)?.supplier ?? NOBODY);
const ofEither = (params) => anyOf(ofBuyer(params), ofSupplier(params));

/** What is not there belongs to no company: it is refused like what is another company's. */
const NOBODY = '';

/**
 * An operation, and what a call of it needs: a role, for data that it is about. Several such pairs: any of them.
 * @param {string} operation method and path
 * @param {...[string, (params: Record<string, string>) => import('rolemint/resource-server').Check]} permissions
 */
function row(operation, ...permissions) {
  const [method, path] = operation.split(' ');
  return { operation, method, path, need: (params) => anyOf(...permissions.map(([role, about]) => allOf(role, about(params)))) };
}

/** What is not here does not exist: "n/a" in the documents. */
export const MATRIX = [
  // Dashboard
  row('GET /company/:company/dashboard/activity', ['activity:read', ofCompany]),
  row('GET /company/:company/dashboard/metrics', ['metrics:read', ofCompany]),

  // Orders: each side writes its own
  row('GET /order/:order', ['order:read', ofEither]),
  row('GET /order/:order/activity', ['order-activity:read', ofEither]),
  row('POST /order/:order/by-buyer/:command', ['order-by-buyer:write', ofBuyer]),
  row('POST /order/:order/by-supplier/:command', ['order-by-supplier:write', ofSupplier]),
  row('GET /order/:order/conversation', ['conversation:read', ofEither]),
  row('POST /order/:order/conversation', ['conversation:write', ofEither]),

  // Tasks
  row('GET /company/:company/tasks', ['task:read', ofCompany]),
  row('PUT /company/:company/tasks/:task', ['task:write', ofCompany]),

  // Connections between companies
  row('GET /company/:company/connections', ['connection:read', ofCompany]),
  row('PUT /company/:company/connections/:connection/account-code', ['connection:write', ofCompany]),
  row('POST /company/:company/connections/:connection/validate', ['connection-validate:write', ofCompany]),
  row('POST /connection', ['connection:create', ofPlatform]),
  row('GET /directory', ['directory:read', ofPlatform]),

  // Invitations
  row('POST /company/:company/invitations', ['user-invite:write', ofCompany]),
  row('POST /company/:company/invitations/:invitation/validate', ['user-validate:write', ofCompany]),

  // Team
  row('GET /company/:company/team', ['team:read', ofCompany]),
  row('GET /company/:company/activity', ['company-activity:read', ofCompany]),
  row('POST /user', ['user:create', ofPlatform]),

  // Settings
  row('GET /company/:company/settings', ['settings:read', ofCompany]),
  row('PUT /company/:company/settings', ['settings:write', ofCompany]),

  // Profiles of people: a few fields of everybody, all of oneself and of co-workers
  row('GET /user/:user', ['profile-any:read', ofPlatform]),
  row('GET /user/:user/profile', ['profile-own:read', ofUser], ['profile-company:read', ofCoWorker]),
  row('PUT /user/:user/profile', ['profile-own:write', ofUser]),

  // The platform
  row('POST /company', ['company:create', ofPlatform]),
  row('GET /impersonate/:company/orders', ['company-impersonate:read', ofPlatform]),
  row('POST /impersonate/:company/orders', ['company-impersonate:write', ofPlatform]),
  row('POST /authentication/2fa/disable/support', ['2fa-disable:write', ofPlatform]),

  // Programs
  row('POST /company/:company/connector/orders', ['connector:use', ofCompany]),
  row('POST /connector/sap/fetch', ['connector-sap-fetch:use', ofPlatform]),
];
