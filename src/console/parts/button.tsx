import type { ReactNode } from 'react';
import { Button as Pressable, Link, type ButtonProps } from 'react-aria-components';
import { Icon, type IconName } from './icon.tsx';

type Kind = 'primary' | 'plain' | 'danger' | 'quiet';

interface Props extends Omit<ButtonProps, 'children' | 'className'> {
  readonly kind?: Kind;
  readonly icon?: IconName;
  readonly children?: ReactNode;
}

export function Button({ kind = 'plain', icon, children, ...props }: Props) {
  return (
    <Pressable {...props} className={`button ${kind}${children === undefined ? ' bare' : ''}`}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </Pressable>
  );
}

/** A link that looks like a button: it leads to a page, and can be opened in another tab. */
export function LinkButton({ kind = 'plain', icon, href, children }: { kind?: Kind; icon?: IconName; href: string; children: ReactNode }) {
  return (
    <Link href={href} className={`button ${kind}`}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </Link>
  );
}

/** Puts a text into the clipboard, and says so. */
export function CopyButton({ text, label, onCopied }: { text: string; label: string; onCopied?: () => void }) {
  return (
    <Button
      kind="quiet"
      icon="copy"
      onPress={() => {
        void navigator.clipboard.writeText(text).then(onCopied);
      }}
    >
      {label}
    </Button>
  );
}
