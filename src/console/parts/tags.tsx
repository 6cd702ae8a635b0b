import type { ReactNode } from 'react';
import { t } from '../words/words.ts';
import { Icon } from './icon.tsx';

type Tone = 'plain' | 'good' | 'bad' | 'warning' | 'accent';

export function Tag({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`tag ${tone}`}>{children}</span>;
}

/** Names of roles, one small box each. */
export function Tags({ names, tone = 'plain', limit = 60 }: { names: readonly string[]; tone?: Tone; limit?: number }) {
  return (
    <span className="tags">
      {names.slice(0, limit).map((name) => (
        <Tag key={name} tone={tone}>
          <code>{name}</code>
        </Tag>
      ))}
      {names.length > limit && <Tag>{t('and {count} more', { count: names.length - limit })}</Tag>}
    </span>
  );
}

/** Roles that somebody gains or loses; the sign says it to those who do not see the colour. */
export function Gains({ gained, lost }: { gained: readonly string[]; lost: readonly string[] }) {
  return (
    <span className="tags">
      {gained.map((name) => (
        <Tag key={`+${name}`} tone="good">
          <span aria-label={t('gains')}>+</span> <code>{name}</code>
        </Tag>
      ))}
      {lost.map((name) => (
        <Tag key={`-${name}`} tone="bad">
          <span aria-label={t('loses')}>−</span> <code>{name}</code>
        </Tag>
      ))}
    </span>
  );
}

export function ActiveTag({ active }: { active: boolean }) {
  return active ? <Tag tone="good">{t('Active')}</Tag> : <Tag tone="bad">{t('Disabled')}</Tag>;
}

export function FullAccessTag() {
  return (
    <Tag tone="warning">
      <Icon name="warning" /> {t('Full access')}
    </Tag>
  );
}
