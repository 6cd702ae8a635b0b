import { useState } from 'react';
import { Form } from 'react-aria-components';
import { useLocation } from 'wouter';
import { answered, api, type Schemas } from '../../api/client.ts';
import { Button } from '../../parts/button.tsx';
import { errorsOf, Refusal, useChange, type Outcome } from '../../parts/change.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { TextField } from '../../parts/fields.tsx';
import { Picker } from '../../parts/picker.tsx';
import { useSession } from '../../session/session.tsx';
import { t } from '../../words/words.ts';

type Profile = Schemas['SecurityProfile'];

export function CloneDialog({ profile, onClose }: { profile: Profile; onClose: () => void }) {
  const { me } = useSession();
  const [, navigate] = useLocation();
  const ask = useChange();
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  const [name, setName] = useState(t('Copy of {name}', { name: profile.name }));
  const [id, setId] = useState('');
  const [organization, setOrganization] = useState(me.tenancy.organization);
  const clone = async () => {
    const ended = await ask({
      title: t('Clone the profile “{name}”', { name: profile.name }),
      button: t('Clone'),
      done: t('Cloned'),
      send: ({ dryRun }) =>
        answered(
          api.POST('/api/v1/security-profiles/{id}/clone', {
            params: { path: { id: profile.id }, query: { dry_run: dryRun } },
            body: { name, organization, ...(id === '' ? {} : { id }) },
          }),
        ),
    });
    setOutcome(ended);
    if (ended !== undefined && 'result' in ended) {
      onClose();
      navigate(`/profiles/${encodeURIComponent((ended.result as Profile).id)}`);
    }
  };
  return (
    <Dialog
      title={t('Clone “{name}”', { name: profile.name })}
      onClose={onClose}
      buttons={
        <>
          <Button onPress={onClose}>{t('Cancel')}</Button>
          <Button kind="primary" onPress={() => void clone()}>
            {t('Clone …')}
          </Button>
        </>
      }
    >
      <Form className="form" validationErrors={{ ...errorsOf(outcome) }} validationBehavior="aria">
        <p>{t('The clone remembers what it was made of: later it shows what changed here, and takes over what you choose.')}</p>
        <TextField label={t('Name')} name="name" value={name} onChange={setName} isRequired />
        <Picker label={t('Owner')} name="organization" source="organization" value={organization} onChange={setOrganization} />
        <TextField label={t('Id')} name="id" value={id} onChange={setId} mono help={t('Never changes. Left empty, one is made.')} />
        <Refusal outcome={outcome} />
      </Form>
    </Dialog>
  );
}
