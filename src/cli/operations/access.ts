/** Operations that explain: why somebody has a role, and what their token would carry. */
import type { PreviewDocument, WhyDocument } from '../../services/access-documents.ts';
import type { Question } from '../../services/explain.ts';
import { OPERATOR } from '../../services/explain-documents.ts';
import type { Operation, OperationContext } from '../operation.ts';

export interface QuestionParameters {
  /** Id or user name; unset: the client itself, as with client_credentials. */
  readonly user?: string | undefined;
  readonly client?: string | undefined;
  readonly audience?: string | undefined;
  /** Unset: now. */
  readonly at?: string | undefined;
}

export const why: Operation<QuestionParameters & { readonly role: string }, WhyDocument> = {
  name: 'why',
  perform: async (context, { role, ...parameters }) =>
    context.app.services.explainDocuments.why(await questionOf(context, parameters), role, OPERATOR),
};

export const preview: Operation<QuestionParameters & { readonly client: string; readonly scope?: string | undefined }, PreviewDocument> = {
  name: 'preview',
  perform: async (context, { scope, ...parameters }) => {
    const question = { ...(await questionOf(context, parameters)), client: parameters.client };
    return context.app.services.explainDocuments.preview(question, scope, OPERATOR);
  },
};

async function questionOf({ app }: OperationContext, { user, at, client, audience }: QuestionParameters): Promise<Question> {
  return {
    client,
    audience,
    user: user === undefined ? undefined : await app.services.users.idOf(user),
    at: at === undefined ? undefined : new Date(at),
  };
}

export const ACCESS_OPERATIONS = [why, preview];
