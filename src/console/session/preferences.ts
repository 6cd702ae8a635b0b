/** What somebody chose for this browser. Nothing here is secret: tokens are never kept. */
type Preference = 'theme';

export function preference(name: Preference): string | undefined {
  return localStorage.getItem(`rolemint.${name}`) ?? undefined;
}

export function prefer(name: Preference, value: string | undefined): void {
  if (value === undefined) localStorage.removeItem(`rolemint.${name}`);
  else localStorage.setItem(`rolemint.${name}`, value);
}

/** Light or dark as chosen; otherwise as the system has it. */
export function applyTheme(): void {
  document.documentElement.dataset['theme'] = preference('theme') ?? 'system';
}
