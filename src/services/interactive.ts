/** @module What signing in with a browser is made of. */
import type { Clock, Random, Store } from '../domain/ports.ts';
import { BackchannelLogout, type BackchannelLogoutOptions } from './backchannel-logout.ts';
import { BrowserSessions, type BrowserSessionsOptions } from './browser-sessions.ts';
import { Consents } from './consents.ts';
import { ConsoleClient } from './console-client.ts';
import { DeviceCodes, type DeviceCodesOptions } from './device-codes.ts';
import { Userinfo } from './userinfo.ts';

export interface InteractiveOptions
  extends Omit<BrowserSessionsOptions, 'artifacts' | 'backchannel'>, BackchannelLogoutOptions, Pick<DeviceCodesOptions, 'userCodes'> {
  readonly issuer: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

export function interactiveServices(options: InteractiveOptions) {
  const { artifacts, replays } = options.store;
  const backchannel = new BackchannelLogout(options);
  return {
    backchannel,
    browserSessions: new BrowserSessions({ ...options, artifacts, backchannel }),
    consents: new Consents({ ...options, artifacts }),
    devices: new DeviceCodes({ ...options, artifacts, replays }),
    userinfo: new Userinfo(options),
    consoleClient: new ConsoleClient(options),
  };
}
