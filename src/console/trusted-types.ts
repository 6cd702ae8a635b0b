interface TrustedTypes {
  createPolicy(name: string, rules: { readonly createHTML: (markup: string) => string | null }): unknown;
}

/**
 * Sets the policy that the browser asks before a string becomes markup. Nothing here makes markup of strings; the
 * component library empties an element in this way, and that is all that passes.
 */
export function refuseMarkup(): void {
  const { trustedTypes } = window as unknown as { readonly trustedTypes?: TrustedTypes };
  trustedTypes?.createPolicy('default', { createHTML: (markup) => (markup === '' ? '' : null) });
}
