/** The time of this machine in milliseconds since 1970; where the SDK runs there is no other. */
export const SYSTEM_TIME = (): number => Date.now();
