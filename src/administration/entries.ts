/**
 * @module An object that a request writes, as the one entry of a workspace: the same fields, checks and words as in a
 * file. A problem stands at its JSON pointer (RFC 6901) in the request.
 */
import type { NounName } from '../domain/directory.ts';
import { DomainError } from '../domain/errors.ts';
import type { SourceDocument } from '../workspace/document.ts';
import type { Path } from '../workspace/problem.ts';
import { WorkspaceError } from '../workspace/problem.ts';
import { uniteDocuments } from '../workspace/union.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** JSON as it was received. */
export type Json = Readonly<Record<string, unknown>>;

/** The workspace of one object. @param roles that are made along with it */
export function entryWorkspace(section: NounName, value: Json, roles: readonly Json[] = []): Workspace {
  const defined = roles.length === 0 ? {} : { roles };
  return uniteDocuments([requestDocument({ rolemint: 1, ...defined, [section]: [value] }, 2)], POLICY);
}

/** A workspace that says nothing, for a change that only removes. */
export const NOTHING: Workspace = uniteDocuments([requestDocument({ rolemint: 1 }, 2)], { insecurePlaintext: false, lookup: () => undefined });

/** A whole workspace that was sent in a request. */
export function sentWorkspace(value: unknown): Workspace {
  return uniteDocuments([requestDocument(value, 0)], POLICY);
}

/** Requests come over TLS and are not kept, so secrets may stand in them; the server's environment is nobody's to read. */
const POLICY = { insecurePlaintext: true, lookup: () => undefined };

/** @param outer steps of a path that lead to what was sent */
function requestDocument(value: unknown, outer: number): SourceDocument {
  return {
    file: '',
    value,
    problems: [],
    readable: true,
    locate: (path) => ({ file: pointerTo(path.slice(outer)), line: 0, column: 0 }),
  };
}

const pointerTo = (path: Path): string => path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** The refusal of a workspace in the words of the management API. */
export function asRequestError(error: unknown): unknown {
  if (!(error instanceof WorkspaceError)) return error;
  const problems = error.problems.map(({ file, message }) => ({ pointer: file, message }));
  const [first] = problems;
  const title =
    problems.length === 1
      ? `${first!.pointer === '' ? 'The request' : first!.pointer} ${first!.message}`
      : `The request has ${problems.length} problems.`;
  return new DomainError('invalid_input', title, { pointer: first?.pointer, details: { problems }, cause: error });
}
