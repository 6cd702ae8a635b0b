import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Position } from '../../domain/directory.ts';
import { DomainError } from '../../domain/errors.ts';

/** Everything that a position has a meaning in: noun, sort, filters, search, who asks. JSON. */
export type CursorContext = readonly unknown[];

const CURSOR = /^([\w-]{1,1400})\.([\w-]{43})$/;

/**
 * Says where a page ended so that only we can read it back, and only for the list that it came from: a cursor of another
 * list, other filters or another tenancy is refused like any other forgery.
 */
export class Cursors {
  readonly #key: Buffer;

  /** @param secret the deployment's, the same on all nodes: a page may come from one and the next from another */
  constructor(secret: string) {
    this.#key = createHmac('sha256', secret).update('cursors of lists').digest();
  }

  seal(context: CursorContext, { value, key }: Position): string {
    const payload = Buffer.from(JSON.stringify([value, key])).toString('base64url');
    return `${payload}.${this.#mac(context, payload)}`;
  }

  /** @throws `invalid_input` for everything that {@link seal} did not make for this list */
  open(context: CursorContext, cursor: string): Position {
    const [, payload, mac] = CURSOR.exec(cursor) ?? [];
    if (payload === undefined || mac === undefined || !timingSafeEqual(Buffer.from(this.#mac(context, payload)), Buffer.from(mac))) {
      const message = 'is not a cursor of this list. Send the one that came with the page before, and the same parameters.';
      throw new DomainError('invalid_input', `cursor: ${message}`, { details: { problems: [{ parameter: 'cursor', message }] } });
    }
    const [value, key] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [string, string];
    return { value, key };
  }

  #mac(context: CursorContext, payload: string): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([context, payload]))
      .digest('base64url');
  }
}
