import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api } from '../api/client.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Checkbox } from '../parts/fields.tsx';
import { Loading, ProblemNotice } from '../parts/notices.tsx';
import { MANAGEMENT_ROLES } from '../session/roles.ts';
import { useSession } from '../session/session.tsx';
import { t } from '../words/words.ts';

/** A token carries what was asked for: here somebody asks for less, to see or to do only what it takes. */
export function SessionRoles({ onClose }: { onClose: () => void }) {
  const { me, signIn } = useSession();
  const { data, error } = useQuery({
    queryKey: ['me', 'effective-roles', me.client_id],
    queryFn: () => answered(api.GET('/api/v1/me/effective-roles', { params: { query: { client_id: me.client_id } } })),
  });
  const held = data?.roles.filter(({ role, barred }) => !barred && MANAGEMENT_ROLES.includes(role)).map(({ role }) => role) ?? [];
  const [chosen, setChosen] = useState<readonly string[]>(me.roles);
  const toggle = (role: string, on: boolean) => setChosen(on ? [...chosen, role] : chosen.filter((other) => other !== role));
  const buttons = (
    <>
      <Button onPress={() => void signIn.narrow(undefined)}>{t('Use all that I hold')}</Button>
      <Button kind="primary" onPress={() => void signIn.narrow(chosen)}>
        {t('Use these')}
      </Button>
    </>
  );
  return (
    <Dialog title={t('Roles of this session')} onClose={onClose} buttons={buttons}>
      <div className="stack">
        <p>{t('The token of this browser tab carries the ticked roles, nothing else. With fewer roles, fewer mistakes are possible.')}</p>
        {error !== null && <ProblemNotice error={error} />}
        {data === undefined && error === null && <Loading />}
        <div className="checks">
          {held.map((role) => (
            <Checkbox key={role} isSelected={chosen.includes(role)} onChange={(on) => toggle(role, on)}>
              <code>{role}</code>
            </Checkbox>
          ))}
        </div>
        {data !== undefined && held.length === 0 && <p>{t('You hold no role of the management API.')}</p>}
      </div>
    </Dialog>
  );
}
