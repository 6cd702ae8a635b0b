import { createContext, use, useCallback, useState, type ReactNode } from 'react';
import { Icon } from './icon.tsx';

const Context = createContext<(message: string) => void>(() => {});
const SHOWN_MS = 5000;

/** Says what was done, for a moment; whoever does not see it hears it. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [messages, setMessages] = useState<readonly { readonly id: number; readonly text: string }[]>([]);
  const say = useCallback((text: string) => {
    const id = performance.now();
    setMessages((before) => [...before, { id, text }]);
    setTimeout(() => setMessages((before) => before.filter((message) => message.id !== id)), SHOWN_MS);
  }, []);
  return (
    <Context value={say}>
      {children}
      <div className="toasts" role="status">
        {messages.map(({ id, text }) => (
          <p key={id} className="toast">
            <Icon name="check" /> {text}
          </p>
        ))}
      </div>
    </Context>
  );
}

export const useToast = (): ((message: string) => void) => use(Context);
