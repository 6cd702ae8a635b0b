import { useState } from 'react';
import type { Draft } from '../../parts/editor.tsx';
import { NumberField, Select } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { Picker } from '../../parts/picker.tsx';
import { t } from '../../words/words.ts';
import type { Rule, RuleParty } from './list.tsx';

export function RuleFields({ draft: { value, set }, isReadOnly }: { draft: Draft<Rule>; isReadOnly: boolean }) {
  return (
    <>
      <Section title={t('Who')}>
        <PartyFields name="impersonator" value={value.impersonator} onChange={(party) => set('impersonator', party)} isReadOnly={isReadOnly} />
      </Section>
      <Section title={t('Acts as')}>
        <PartyFields name="target" value={value.target} onChange={(party) => set('target', party)} isReadOnly={isReadOnly} />
      </Section>
      <Section title={t('With what')}>
        <div className="columns three">
          <Picker
            label={t('Security profile')}
            name="security_profile"
            source="security_profile"
            value={value.security_profile === '' ? undefined : value.security_profile}
            onChange={(id) => set('security_profile', id ?? '')}
            isRequired
            isDisabled={isReadOnly}
          />
          <Picker
            label={t('Through the client')}
            name="client"
            source="client"
            value={value.client === '' ? undefined : value.client}
            onChange={(id) => set('client', id ?? '')}
            isRequired
            isDisabled={isReadOnly}
          />
          <NumberField
            label={t('Seconds at most')}
            name="max_lifetime_seconds"
            value={value.max_lifetime_seconds}
            onChange={(seconds) => set('max_lifetime_seconds', seconds)}
            placeholder={t('as everywhere')}
            isDisabled={isReadOnly}
          />
        </div>
      </Section>
    </>
  );
}

type Kind = 'user' | 'user_group' | 'organization';

interface PartyProps {
  readonly name: string;
  readonly value: RuleParty;
  readonly onChange: (party: RuleParty) => void;
  readonly isReadOnly: boolean;
}

function PartyFields({ name, value, onChange, isReadOnly }: PartyProps) {
  const [kind, setKind] = useState<Kind>(value.user === undefined ? (value.organization === undefined ? 'user_group' : 'organization') : 'user');
  const kinds: Readonly<Record<Kind, string>> = { user: t('User'), user_group: t('User group'), organization: t('Organization') };
  return (
    <div className="columns">
      <Select
        label={t('One of')}
        value={kind}
        onChange={(next) => {
          setKind(next);
          onChange({});
        }}
        options={kinds}
        isDisabled={isReadOnly}
      />
      <Picker
        key={kind}
        label={kinds[kind]}
        name={name}
        source={kind}
        value={value[kind]}
        onChange={(id) => onChange(id === undefined ? {} : { [kind]: id })}
        isRequired
        isDisabled={isReadOnly}
      />
    </div>
  );
}
