/** @module What stands in the place of content: nothing yet, nothing there, not possible. */
import type { ReactNode } from 'react';
import { Problem } from '../api/problem.ts';
import { t } from '../words/words.ts';
import { Button } from './button.tsx';
import { Icon, type IconName } from './icon.tsx';
import { Tags } from './tags.tsx';

export function Loading({ label = t('Loading …') }: { label?: string }) {
  return (
    <div className="loading" role="status">
      <span className="spinner" aria-hidden="true" />
      {label}
    </div>
  );
}

interface EmptyProps {
  readonly icon?: IconName;
  readonly title: string;
  readonly children?: ReactNode;
}

export function Empty({ icon = 'list', title, children }: EmptyProps) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <p className="title">{title}</p>
      {children}
    </div>
  );
}

export function Note({ kind = 'info', children }: { kind?: 'info' | 'warning' | 'danger' | 'good'; children: ReactNode }) {
  return (
    <div className={`note ${kind}`}>
      {kind !== 'info' && <Icon name={kind === 'good' ? 'check' : 'warning'} />}
      <div>{children}</div>
    </div>
  );
}

/** A refusal in words: what is wrong, what would help, and the id by which operators find it in the log. */
export function ProblemNotice({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = error instanceof Problem ? error : undefined;
  const { sufficient_roles: sufficient = [], roles = [], used_by: usedBy = [], problems = [], request_id: id } = problem?.body ?? {};
  return (
    <div className="note danger" role="alert">
      <Icon name="warning" />
      <div>
        <p>
          <strong>{titleOf(error)}</strong>
        </p>
        {problems.length > 1 && (
          <ul>
            {problems.map(({ pointer, parameter, message }) => (
              <li key={`${pointer ?? parameter}${message}`}>
                <code>{pointer ?? parameter}</code> {message}
              </li>
            ))}
          </ul>
        )}
        {sufficient.length > 0 && (
          <p>
            {t('One of these roles would do:')} <Tags names={sufficient} />
          </p>
        )}
        {roles.length > 0 && (
          <p>
            {t('What is too much:')} <Tags names={roles} />
          </p>
        )}
        {usedBy.length > 0 && (
          <ul>
            {usedBy.map((user) => (
              <li key={JSON.stringify(user)}>
                <code>{Object.values(user).map(String).join(' ')}</code>
              </li>
            ))}
          </ul>
        )}
        {id !== undefined && problem!.status >= 500 && <p className="quiet">{t('Request {id}', { id })}</p>}
        {onRetry !== undefined && <Button onPress={onRetry}>{t('Try again')}</Button>}
      </div>
    </div>
  );
}

function titleOf(error: unknown): string {
  if (error instanceof Problem && error.code === 'not_found') return t('There is no such thing, or it belongs to somebody else.');
  return error instanceof Error ? t(error.message) : String(error);
}
