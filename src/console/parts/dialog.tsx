import { useEffect, type ReactNode } from 'react';
import { Dialog as Box, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { t } from '../words/words.ts';
import { Button } from './button.tsx';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly wide?: boolean;
  readonly children: ReactNode;
  readonly buttons?: ReactNode;
}

export function Dialog({ title, onClose, wide = false, children, buttons }: DialogProps) {
  useEffect(() => goOnWhenClosed, []);
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className={wide ? 'modal wide' : 'modal'}>
        <Box className="dialog">
          <div className="heading">
            <Heading slot="title">{title}</Heading>
            <Button kind="quiet" icon="close" aria-label={t('Close')} onPress={onClose} />
          </div>
          <div className="content">{children}</div>
          {buttons !== undefined && <div className="buttons">{buttons}</div>}
        </Box>
      </Modal>
    </ModalOverlay>
  );
}

/** The focus goes back to where it came from, by itself. What is not there any more cannot take it: then the page does, as a new one would. */
function goOnWhenClosed(): void {
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      if (document.activeElement === document.body) document.querySelector<HTMLElement>('#content')?.focus({ preventScroll: true });
    }),
  );
}
