import type { Draft } from '../../parts/editor.tsx';
import { Switch, TextField } from '../../parts/fields.tsx';
import { Section } from '../../parts/layout.tsx';
import { Picker } from '../../parts/picker.tsx';
import { instantOf, localOf } from '../../parts/time.tsx';
import { t } from '../../words/words.ts';
import type { Assignment } from './table.tsx';

/** What limits an assignment: through which client, how deep, from when until when, and why. */
export function LimitFields<T extends Pick<Assignment, 'client' | 'include_descendants' | 'valid_from' | 'valid_until' | 'reason' | 'organization'>>({
  draft: { value, set },
  isReadOnly,
}: {
  draft: Draft<T>;
  isReadOnly: boolean;
}) {
  return (
    <>
      <Section title={t('How far')}>
        {value.organization !== undefined && (
          <Switch isSelected={value.include_descendants} onChange={(on) => set('include_descendants', on)} isDisabled={isReadOnly}>
            {t('Reaches the organizations below as well')}
          </Switch>
        )}
        <div className="columns">
          <Picker
            label={t('Only through the client')}
            name="client"
            source="client"
            value={value.client}
            onChange={(client) => set('client', client)}
            help={t('Empty: in tokens for every client.')}
            isDisabled={isReadOnly}
          />
        </div>
      </Section>
      <Section title={t('How long, and why')}>
        <div className="columns">
          <TextField
            label={t('From')}
            name="valid_from"
            type="datetime-local"
            value={localOf(value.valid_from)}
            onChange={(local) => set('valid_from', instantOf(local))}
            help={t('Empty: at once.')}
            isDisabled={isReadOnly}
          />
          <TextField
            label={t('Until')}
            name="valid_until"
            type="datetime-local"
            value={localOf(value.valid_until)}
            onChange={(local) => set('valid_until', instantOf(local))}
            help={t('Empty: without an end.')}
            isDisabled={isReadOnly}
          />
        </div>
        <TextField
          label={t('Reason')}
          name="reason"
          value={value.reason ?? ''}
          onChange={(reason) => set('reason', reason === '' ? undefined : reason)}
          isDisabled={isReadOnly}
        />
      </Section>
    </>
  );
}
